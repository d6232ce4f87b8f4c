// Opens what the exchange of one volume works on.
import { PlatformError } from '../platform-error.ts'
import type { ExchangeDirectories } from './exchange-step.ts'
import { type OpenDirectory, openSubdirectory } from './open-directory.ts'
import type { RestoreContext } from './restore-context.ts'
import type { JournalVolume } from './restore-journal.ts'
import { openStaging, replacedName, stagedName } from './staging.ts'
import { openVolumeSite } from './volume-site.ts'
import { workName } from './work-name.ts'

export interface VolumeExchange extends Disposable, ExchangeDirectories {
  readonly volume: JournalVolume
  /** Undefined for volume `.` */
  readonly name: Buffer | undefined
  readonly staging: OpenDirectory
}

export interface VolumeExchangeRequest {
  readonly context: Pick<RestoreContext, 'hostRoot'>
  readonly id: string
  readonly volume: JournalVolume
}

/** Undefined while the volume's namespace does not exist. Fails when the staging is gone. */
export function openVolumeExchange(request: VolumeExchangeRequest): VolumeExchange | undefined {
  const { context, volume } = request
  using opened = new DisposableStack()
  const site = opened.use(openVolumeSite(context.hostRoot, volume))
  const { namespaceDirectory, directory, name } = site
  if (namespaceDirectory === undefined) return undefined
  const staging = opened.use(requireStaging(request))
  const isWhole = volume.manner === 'whole'
  const target = isWhole ? namespaceDirectory : directory
  if (target === undefined) throw failure(request, 'the volume has vanished')
  const staged = isWhole ? staging : opened.use(openSubdirectory(staging, stagedName(volume)))
  const replaced = isWhole ? undefined : opened.use(openSubdirectory(staging, replacedName(volume)))
  const kept = opened.move()
  const found = { volume, name, staging, target, staged, replaced }
  return { ...found, [Symbol.dispose]: () => kept.dispose() }
}

export function requireStaging({ context, id, volume }: VolumeExchangeRequest): OpenDirectory {
  const staging = openStaging(context.hostRoot, id, volume)
  if (staging === undefined) throw failure({ context, id, volume }, 'its staging is gone')
  return staging
}

function failure({ id, volume }: VolumeExchangeRequest, reason: string): PlatformError {
  const path = `/${volume.namespace}/${volume.key} (${workName('restore', id)})`
  return new PlatformError({ code: 'exchange-failed', path, reason })
}
