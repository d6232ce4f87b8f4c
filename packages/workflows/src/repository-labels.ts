// How our snapshots in repositories are named and tagged. The tags are a contract: results are
// found again by them, and what is forgotten is chosen by them.

import type { CopyRef } from '@holdfast/db'
import {
  BACKUP_DESCRIPTION_PATH,
  BACKUP_DESCRIPTION_TAG,
  type RepositorySnapshotLabel,
  SNAPSHOT_DESCRIPTION_TAG,
  STREAM_PATH,
  STREAM_TAG,
} from '@holdfast/domain'

interface LabelledApp {
  readonly id: string
  readonly cluster: { readonly name: string }
}

export function volumeLabel(input: {
  readonly app: LabelledApp
  readonly copy: CopyRef
  readonly volume: { readonly namespace: string; readonly key: string }
  readonly attempt: number
  readonly time: string
}): RepositorySnapshotLabel {
  const { app, copy, volume } = input
  return {
    time: input.time,
    hostname: app.cluster.name,
    logicalPath: logicalPathOf(volume),
    tags: [
      'holdfast',
      `app=${app.id}`,
      copyTag(copy),
      // Keys are unique within their namespace only.
      tag('namespace', volume.namespace),
      tag('volume', volume.key),
      `attempt=${input.attempt}`,
    ],
  }
}

/** What a command wrote. */
export function streamLabel(input: {
  readonly app: LabelledApp
  readonly copy: CopyRef
  readonly attempt: number
  readonly time: string
}): RepositorySnapshotLabel {
  const { app, copy, attempt, time } = input
  return {
    time,
    hostname: app.cluster.name,
    logicalPath: STREAM_PATH,
    tags: ['holdfast', `app=${app.id}`, copyTag(copy), STREAM_TAG, `attempt=${attempt}`],
  }
}

export function descriptionLabel(input: {
  readonly app: LabelledApp
  readonly copy: CopyRef
  readonly time: string
}): RepositorySnapshotLabel {
  return {
    time: input.time,
    hostname: input.app.cluster.name,
    logicalPath: BACKUP_DESCRIPTION_PATH,
    tags: ['holdfast', descriptionTag(input.copy), `app=${input.app.id}`, copyTag(input.copy)],
  }
}

/** Lists of tags for `forget`: the description goes first, since it vouches for the rest. */
export function allTagLists(copy: CopyRef): string[][] {
  return [[copyTag(copy), descriptionTag(copy)], [copyTag(copy)]]
}

export function copyTag({ kind, id }: CopyRef): string {
  return `${kind}=${id}`
}

export function logicalPathOf(volume: {
  readonly namespace: string
  readonly key: string
}): string {
  return volume.key === '.' ? `/${volume.namespace}` : `/${volume.namespace}/${volume.key}`
}

function descriptionTag({ kind }: CopyRef): string {
  return kind === 'backup' ? BACKUP_DESCRIPTION_TAG : SNAPSHOT_DESCRIPTION_TAG
}

/** Stock restic separates tags with commas. */
function tag(name: string, value: string): string {
  return `${name}=${value.replaceAll(',', '%2C')}`
}
