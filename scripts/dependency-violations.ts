// Finds what breaks the rules of `dependency-rules.ts`. Pure: files in, violations out.
import { posix } from 'node:path'
import {
  BANNED_CALLS,
  BANNED_CALLS_ALLOWED,
  NEVER_IMPORTS,
  ONLY_PLACE,
  PACKAGE_MAY_IMPORT,
  TESTS_MAY_IMPORT,
} from './dependency-rules.ts'

export interface SourceFile {
  /** From the repository's root. */
  readonly path: string
  readonly text: string
}

export interface Violation {
  readonly file: string
  readonly rule: string
  readonly detail: string
}

export function findViolations(files: readonly SourceFile[]): Violation[] {
  const code = files.map(({ path, text }) => ({ path, code: withoutComments(text) }))
  const imports = new Map(code.map((file) => [file.path, importsOf(file.code)]))
  return [
    ...code.flatMap((file) => bannedCalls(file.path, file.code)),
    ...[...imports].flatMap(([path, modules]) =>
      modules.flatMap((module) => [
        ...packageDirection(path, module),
        ...onlyPlace(path, module),
        ...neverImports(path, module),
      ]),
    ),
    ...cycles(imports),
  ]
}

function importsOf(code: string): string[] {
  const statements = code.matchAll(/^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm)
  const bare = code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm)
  const calls = code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)
  return [...statements, ...bare, ...calls].map((match) => match[1] ?? '')
}

/** Line comments that follow an address (`https://`) stay; block comments and own lines go. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1')
}

function bannedCalls(file: string, code: string): Violation[] {
  if (BANNED_CALLS_ALLOWED.test(file) || isForTests(file)) return []
  return BANNED_CALLS.filter(({ pattern }) => pattern.test(code)).map(({ name }) => ({
    file,
    rule: 'banned call',
    detail: `${name} belongs into clock.ts, random.ts or the composition root; take it as an argument`,
  }))
}

function packageDirection(file: string, module: string): Violation[] {
  const [, importer] = /^packages\/([^/]+)\//.exec(file) ?? []
  const target = /^@holdfast\/([^/]+)(\/.*)?$/.exec(module)
  if (module.startsWith('.')) {
    const left =
      importer !== undefined && !resolveRelative(file, module).startsWith(`packages/${importer}/`)
    return left ? [{ file, rule: 'package entry', detail: `${module} leaves the package` }] : []
  }
  if (target === null) return []
  const [, name = '', entry] = target
  const violations: Violation[] = []
  if (entry !== undefined && entry !== '/testing') {
    violations.push({ file, rule: 'package entry', detail: `${module} is no public entry` })
  }
  if (entry === '/testing' && !isForTests(file)) {
    violations.push({ file, rule: 'package entry', detail: `${module} is for tests only` })
  }
  const isAllowed =
    importer === undefined ||
    importer === name ||
    PACKAGE_MAY_IMPORT[importer]?.includes(name) === true ||
    (isForTests(file) && TESTS_MAY_IMPORT[importer]?.includes(name) === true)
  if (!isAllowed) {
    const detail = `${importer} may not import ${name} (it may: ${PACKAGE_MAY_IMPORT[importer]?.join(', ') || 'nothing'})`
    violations.push({ file, rule: 'dependency direction', detail })
  }
  return violations
}

function onlyPlace(file: string, module: string): Violation[] {
  if (!file.startsWith('packages/')) return []
  return ONLY_PLACE.filter(
    ({ modules, places, isFreeInTests }) =>
      modules.test(module) &&
      !places.some((place) => file.startsWith(place)) &&
      !(isFreeInTests && isForTests(file)),
  ).map(({ places }) => ({
    file,
    rule: 'only place',
    detail: `${module} may be imported only in ${places.join(', ')}`,
  }))
}

function neverImports(file: string, module: string): Violation[] {
  if (!module.startsWith('.')) return []
  const target = resolveRelative(file, module)
  return NEVER_IMPORTS.filter(
    ({ from, to }) => file.startsWith(from) && target.startsWith(to) && !file.endsWith('.test.ts'),
  ).map(({ from, to }) => ({
    file,
    rule: 'never imports',
    detail: `${module}: nothing below ${from} imports from ${to}`,
  }))
}

/** One violation per cycle of files, as the path around it. */
function cycles(imports: ReadonlyMap<string, readonly string[]>): Violation[] {
  const found: Violation[] = []
  const state = new Map<string, 'open' | 'done'>()
  const path: string[] = []

  function visit(file: string): void {
    state.set(file, 'open')
    path.push(file)
    for (const target of fileTargets(file, imports)) {
      const seen = state.get(target)
      if (seen === 'open') {
        const around = [...path.slice(path.indexOf(target)), target]
        found.push({ file, rule: 'cycle', detail: around.join(' → ') })
      } else if (seen === undefined) visit(target)
    }
    path.pop()
    state.set(file, 'done')
  }

  for (const file of imports.keys()) if (!state.has(file)) visit(file)
  return found
}

/** Cycles between packages cannot be: the table of directions has none. */
function fileTargets(file: string, imports: ReadonlyMap<string, readonly string[]>): string[] {
  return (imports.get(file) ?? [])
    .filter((module) => module.startsWith('.'))
    .map((module) => resolveRelative(file, module))
    .filter((target) => imports.has(target))
}

function resolveRelative(file: string, module: string): string {
  return posix.join(posix.dirname(file), module)
}

function isForTests(file: string): boolean {
  return file.endsWith('.test.ts') || file.includes('/testing/') || !file.startsWith('packages/')
}
