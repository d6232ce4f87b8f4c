// What there is below the host root: namespaces, their volumes, and what was left out and why.
import { NAMESPACE_KIND, showPathBytes, VOLUME_KIND } from '@holdfast/domain'
import {
  errnoName,
  type Mount,
  readDirectoryNames,
  readMounts,
  statusAt,
} from '@holdfast/filesystem'
import type {
  Inventory,
  InventoryNamespace,
  InventoryResource,
  InventoryVolume,
} from '../platform.ts'
import { ownershipOf } from './directory-ownership.ts'
import { identifyDirectory } from './directory-uid.ts'
import { estimateSize } from './estimate-size.ts'
import { findHoles } from './holes.ts'
import { type OpenDirectory, openIfDirectory } from './open-directory.ts'
import { strategiesOf } from './strategies.ts'
import { isNamespaceName, isOurs, keyOfVolume, LOOSE_ENTRIES_KEY } from './volume-names.ts'
import { openHostRoot } from './volume-site.ts'

export interface DiscoverRequest {
  readonly hostRoot: string
  /** Undefined means all, and then sizes are not estimated. */
  readonly namespaces: readonly string[] | undefined
}

export async function discoverHost(
  { hostRoot, namespaces }: DiscoverRequest,
  signal: AbortSignal,
): Promise<Inventory> {
  using root = openHostRoot(hostRoot)
  const found: FoundThings = { namespaces: [], volumes: [], resources: [], refused: [] }
  const context: DiscoveryContext = {
    found,
    mounts: await readMounts('self'),
    estimates: namespaces !== undefined,
    signal,
  }
  for (const name of namesIn(root)) {
    signal.throwIfAborted()
    const reason = reasonNoNamespace(root, name)
    if (reason !== undefined) found.refused.push(refusal(showPathBytes(name), reason))
    else if (isWanted(name, namespaces)) await discoverNamespace(context, root, name.toString())
  }
  const instances = found.namespaces.map(({ name }) => ({ namespace: name, name }))
  return { ...found, instances }
}

interface FoundThings {
  readonly namespaces: InventoryNamespace[]
  readonly volumes: InventoryVolume[]
  readonly resources: InventoryResource[]
  readonly refused: string[]
}

interface DiscoveryContext {
  readonly found: FoundThings
  readonly mounts: readonly Mount[]
  readonly estimates: boolean
  readonly signal: AbortSignal
}

const REFUSAL_LENGTH_MAX = 127

function* namesIn(directory: OpenDirectory): Generator<Buffer> {
  const names = readDirectoryNames(directory.handle)
  for (let position = 0; position < names.count; position += 1) {
    const name = names.nameAt(position)
    if (!isOurs(name)) yield name
  }
}

function isWanted(name: Buffer, namespaces: readonly string[] | undefined): boolean {
  return isNamespaceName(name.toString()) && namespaces?.includes(name.toString()) !== false
}

/** A plain file beside the namespaces (a README, say) is nothing to speak of: undefined. */
function reasonNoNamespace(root: OpenDirectory, name: Buffer): string | undefined {
  const type = typeOf(root, name)
  if (type === 'symlink') return 'is a symbolic link; namespaces must be real directories'
  if (type !== 'directory') return undefined
  if (isNamespaceName(name.toString())) return undefined
  return 'is no DNS-1123 label; rename the directory to protect it'
}

function typeOf(directory: OpenDirectory, name: Buffer): string | undefined {
  try {
    return statusAt(directory.handle, name).type
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined
    throw error
  }
}

/** A sentence of at most 127 characters; the name gives way, not the reason. */
function refusal(name: string, reason: string): string {
  const room = REFUSAL_LENGTH_MAX - reason.length - 1
  // A database stores no half of a surrogate pair.
  const shown = name.length <= room ? name : `${name.slice(0, room - 1).toWellFormed()}…`
  return `${shown} ${reason}`
}

async function discoverNamespace(
  context: DiscoveryContext,
  root: OpenDirectory,
  namespace: string,
): Promise<void> {
  using directory = openNamespace(context, root, namespace)
  if (directory === undefined) return
  const { uid, createdAt } = identifyDirectory(directory.entryPath('.'), 'namespace')
  context.found.namespaces.push({ name: namespace, uid })
  const manifest = ownershipOf(directory)
  const identity = { assetID: uid, ...NAMESPACE_KIND, name: namespace }
  context.found.resources.push({ ...identity, createdAt, manifest: { ...manifest } })
  let hasLooseEntries = false
  for (const name of namesIn(directory)) {
    const type = typeOf(directory, name)
    if (type === 'directory') await discoverVolume(context, directory, { namespace, name })
    else if (type !== undefined) hasLooseEntries = true
  }
  if (hasLooseEntries) await discoverLooseEntries(context, directory, namespace)
}

function openNamespace(
  { found }: DiscoveryContext,
  root: OpenDirectory,
  namespace: string,
): OpenDirectory | undefined {
  try {
    return openIfDirectory(root, namespace)
  } catch (error) {
    if (errnoName(error) !== 'EACCES') throw error
    found.refused.push(refusal(namespace, 'cannot be read by the service'))
    return undefined
  }
}

async function discoverVolume(
  context: DiscoveryContext,
  namespaceDirectory: OpenDirectory,
  { namespace, name }: { readonly namespace: string; readonly name: Buffer },
): Promise<void> {
  const key = keyOfVolume(name)
  const described = await describeVolume(context, namespaceDirectory, name)
  if (described === undefined) return
  context.found.volumes.push({ namespace, key, ...described })
  const { uid, createdAt } = identifyDirectory(namespaceDirectory.entryPath(name), 'volume')
  const identity = { assetID: uid, ...VOLUME_KIND, name: key, namespace }
  context.found.resources.push({ ...identity, createdAt })
}

type VolumeDescription = Omit<InventoryVolume, 'namespace' | 'key'>

async function describeVolume(
  context: DiscoveryContext,
  namespaceDirectory: OpenDirectory,
  name: Buffer,
): Promise<VolumeDescription | undefined> {
  try {
    using directory = openIfDirectory(namespaceDirectory, name)
    if (directory === undefined) return undefined
    return {
      ...(await estimateIfAsked(context, directory, false)),
      strategies: strategiesOf(directory, false),
      holes: findHoles(directory, context.mounts),
    }
  } catch (error) {
    if (errnoName(error) !== 'EACCES') throw error
    // It is a volume all the same: a backup that cannot read it has to fail, not to leave it out.
    return { estimatedBytes: 0, estimatedEntries: 0, strategies: ['copy'], holes: [] }
  }
}

async function discoverLooseEntries(
  context: DiscoveryContext,
  directory: OpenDirectory,
  namespace: string,
): Promise<void> {
  context.found.volumes.push({
    namespace,
    key: LOOSE_ENTRIES_KEY,
    ...(await estimateIfAsked(context, directory, true)),
    strategies: strategiesOf(directory, true),
    holes: [],
  })
}

async function estimateIfAsked(
  context: DiscoveryContext,
  directory: OpenDirectory,
  looseEntriesOnly: boolean,
): Promise<Pick<InventoryVolume, 'estimatedBytes' | 'estimatedEntries'>> {
  if (!context.estimates) return { estimatedBytes: 0, estimatedEntries: 0 }
  return await estimateSize(directory, looseEntriesOnly, context.signal)
}
