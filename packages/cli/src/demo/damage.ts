// Loses data in the ways people do: removed, overwritten, cut short, changed rights, junk added.
import {
  chmodSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** Answers a line for each thing done. */
export function damageApp(namespace: string): readonly string[] {
  const source = join(namespace, 'source')
  const odd = join(namespace, 'odd')
  const database = join(namespace, 'database', 'data')
  rmSync(join(source, 'packages'), { recursive: true })
  for (const name of readdirSync(join(source, 'node_modules'))) {
    const manifest = join(source, 'node_modules', name, 'package.json')
    if (existsSync(manifest)) writeFileSync(manifest, 'encrypted, pay now\n')
  }
  rmSync(join(database, 'base'), { recursive: true })
  truncateSync(join(database, 'global', 'pg_control'), 100)
  truncateSync(join(odd, 'disk.img'), 4096)
  rmSync(join(odd, 'links', 'original'))
  writeFileSync(join(odd, 'links', 'original'), 'another inode\n')
  chmodSync(join(odd, 'metadata'), 0o777)
  renameSync(join(odd, 'names'), join(odd, 'names moved away'))
  writeFileSync(join(odd, 'README_TO_DECRYPT.txt'), 'your files are gone\n')
  rmSync(join(namespace, 'settings.ini'))
  return [
    'removed packages/, the tables of the database and settings.ini',
    'overwrote every package.json, broke a hard link',
    'cut short pg_control and the 1 GB disk image',
    'moved, re-permitted and added entries',
  ]
}
