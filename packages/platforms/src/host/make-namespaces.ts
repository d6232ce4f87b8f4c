// Makes the namespaces that a restore needs and that do not exist: lost ones, and those of a clone.
import { mkdirSync } from 'node:fs'
import { errnoName, readDirectoryNames } from '@holdfast/filesystem'
import { PlatformError } from '../platform-error.ts'
import { applyOwnership } from './directory-ownership.ts'
import { flushDirectory } from './durable-file.ts'
import { type OpenDirectory, openIfDirectory, statusIfExists } from './open-directory.ts'
import type { RestoreContext } from './restore-context.ts'
import { type RestoreJournal, writeJournal } from './restore-journal.ts'
import { openHostRoot } from './volume-site.ts'

/**
 * Written down before they are made, so that going back removes them. One that must be new is
 * refused with `namespace-exists` when somebody else has made it meanwhile. Repeating it is harmless.
 */
export async function makeNamespaces(
  context: RestoreContext,
  staged: RestoreJournal,
): Promise<RestoreJournal> {
  using root = openHostRoot(context.hostRoot)
  const journal = await writeDownMissing(context, root, staged)
  const isNew = (name: string) => journal.newNamespaces?.some((it) => it.name === name) === true
  for (const namespace of journal.createdNamespaces)
    makeNamespace(root, namespace, isNew(namespace))
  for (const { name, ownership } of journal.newNamespaces ?? []) {
    using directory = openIfDirectory(root, name)
    if (directory === undefined)
      throw new PlatformError({ code: 'namespace-exists', namespace: name })
    if (ownership !== undefined) applyOwnership(directory, ownership)
  }
  if (journal.createdNamespaces.length > 0) await flushDirectory(root.entryPath('.'))
  return journal
}

async function writeDownMissing(
  context: RestoreContext,
  root: OpenDirectory,
  staged: RestoreJournal,
): Promise<RestoreJournal> {
  const missing = new Set(staged.createdNamespaces)
  for (const { name: namespace } of staged.newNamespaces ?? []) {
    const isTaken = !missing.has(namespace) && statusIfExists(root, namespace) !== undefined
    if (isTaken) throw new PlatformError({ code: 'namespace-exists', namespace })
    missing.add(namespace)
  }
  for (const { namespace } of staged.volumes) {
    if (statusIfExists(root, namespace) === undefined) missing.add(namespace)
  }
  if (missing.size === staged.createdNamespaces.length) return staged
  return await writeJournal(context.stateDir, { ...staged, createdNamespaces: [...missing] })
}

const NAMESPACE_MODE = 0o755

/**
 * One that a former try made is empty still, since nothing was exchanged: any other that must be
 * new is somebody else's.
 */
function makeNamespace(root: OpenDirectory, namespace: string, isNew: boolean): void {
  try {
    mkdirSync(root.entryPath(namespace), NAMESPACE_MODE)
  } catch (error) {
    if (errnoName(error) !== 'EEXIST') throw error
    if (isNew && !isEmptyDirectory(root, namespace)) {
      throw new PlatformError({ code: 'namespace-exists', namespace })
    }
  }
}

function isEmptyDirectory(root: OpenDirectory, namespace: string): boolean {
  using directory = openIfDirectory(root, namespace)
  return directory !== undefined && readDirectoryNames(directory.handle).count === 0
}
