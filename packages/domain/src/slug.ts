/** Letters are those of ASCII. `My Container` → `my-container`; empty when nothing of the name can be in one. */
export function slugOf(name: string): string {
  return name
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .toLowerCase()
}
