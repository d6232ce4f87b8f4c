// What of an app is copied, and how: its inventory, and for each volume the best strategy.
import type { CopyAsset, NewVolumeCopy } from '@holdfast/db'
import { CONSISTENCY_OF_STRATEGY, type SnapshotStrategy } from '@holdfast/domain'
import type { Inventory, InventoryVolume } from '@holdfast/platforms'
import { uuidFrom } from './runtime.ts'
import type { AppContext } from './workflow-context.ts'
import { WorkflowError } from './workflow-failure.ts'

export interface Discovered {
  readonly volumes: readonly NewVolumeCopy[]
  readonly assets: readonly CopyAsset[]
}

/** `copyID` names the rows: a repeated discovery finds the rows of the first. */
export async function discoverApp(
  { app, platform }: AppContext,
  copyID: string,
  signal: AbortSignal,
): Promise<Discovered> {
  const inventory = await platform.discover({ namespaces: app.namespaces }, signal)
  refuseMissingNamespace(inventory, app.namespaces)
  const volumes = inventory.volumes.map((volume) => toVolumeCopy(volume, copyID))
  if (volumes.length === 0) throw new WorkflowError({ code: 'app-without-volumes', app: app.name })
  return { volumes, assets: toAssets(inventory, copyID) }
}

/** What the app is made of, where no volume is copied. */
export async function discoverAssets(
  { app, platform }: AppContext,
  copyID: string,
  signal: AbortSignal,
): Promise<readonly CopyAsset[]> {
  // Without their names, since the sizes of their volumes are not needed.
  const inventory = await platform.discover({ namespaces: undefined }, signal)
  refuseMissingNamespace(inventory, app.namespaces)
  const resources = inventory.resources.filter(({ namespace = '' }) =>
    app.namespaces.includes(namespace),
  )
  return toAssets({ ...inventory, resources }, copyID)
}

/**
 * The same when hooks have run since, which make directories, say for a dump. Sizes are not
 * estimated: that reads every volume, and the app is held still meanwhile.
 */
export async function discoverNewVolumes(
  { app, platform }: AppContext,
  copyID: string,
  signal: AbortSignal,
): Promise<Discovered> {
  const inventory = await platform.discover({ namespaces: undefined }, signal)
  const isOfApp = ({ namespace = '' }: { readonly namespace?: string }) =>
    app.namespaces.includes(namespace)
  const volumes = inventory.volumes.filter(isOfApp).map((volume) => toVolumeCopy(volume, copyID))
  const resources = inventory.resources.filter(isOfApp)
  return { volumes, assets: toAssets({ ...inventory, resources }, copyID) }
}

function refuseMissingNamespace(inventory: Inventory, names: readonly string[]): void {
  const present = new Set(inventory.namespaces.map(({ name }) => name))
  const missing = names.find((name) => !present.has(name))
  if (missing === undefined) return
  throw new WorkflowError({ code: 'namespace-not-found', namespace: missing })
}

function toVolumeCopy(volume: InventoryVolume, copyID: string): NewVolumeCopy {
  const strategy: SnapshotStrategy = volume.strategies[0] ?? 'copy'
  return {
    id: uuidFrom(copyID, volume.namespace, volume.key),
    namespace: volume.namespace,
    key: volume.key,
    strategy,
    consistency: CONSISTENCY_OF_STRATEGY[strategy],
    holes: volume.holes,
    estimatedBytes: volume.estimatedBytes,
  }
}

function toAssets(inventory: Inventory, copyID: string): CopyAsset[] {
  return inventory.resources.map((resource) => ({
    ...resource,
    id: uuidFrom(copyID, 'asset', resource.assetID, resource.kind, resource.name),
  }))
}
