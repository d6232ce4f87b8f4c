// Names that the system gives to copies that nobody named.

/**
 * `<kind>-<UTC time>-<8 hexadecimal digits of the id>`: sorts by time, is a DNS-1123 label, and is
 * unique because ids are.
 */
export function systemNameOf(kind: 'backup' | 'snapshot', id: string, now: Date): string {
  const time = now.toISOString().replaceAll(/[-:]/g, '').slice(0, 15).toLowerCase()
  return `${kind}-${time}-${id.slice(0, 8)}`
}
