// Checks the dependency directions and banned calls of `dependency-rules.ts` over all sources.
//
// dependency-cruiser reads TypeScript through the compiler's API, which TypeScript 7 does not have:
// it finds no module here. Imports are therefore read from the text, which the formatter keeps in
// one shape; `import type` counts like any import.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findViolations, type SourceFile } from './dependency-violations.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const paths = globSync(['packages/*/src/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'], {
  cwd: root,
})
const files: SourceFile[] = paths
  .map((path) => normalize(path))
  .toSorted()
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

const violations = findViolations(files)
for (const { file, rule, detail } of violations) {
  process.stderr.write(`${file}: ${rule}: ${detail}\n`)
}
if (files.length === 0) process.stderr.write('No source files were found.\n')
process.exitCode = violations.length === 0 && files.length > 0 ? 0 : 1
