import { closeSync, constants, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { after, test } from 'node:test'
import { createSubvolume, deleteSubvolume } from '@holdfast/filesystem'
import { makeHostApp } from '../testing/host-app.ts'
import { mountFilesystem, type TestFilesystem } from '../testing/loop-filesystem.ts'
import { describePlatformConformance } from '../testing/platform-conformance.ts'

describePlatformConformance('a host', async () => makeHostApp())

conformOn('xfs', {})
conformOn('btrfs', {})
conformOn('btrfs', { makeVolume: makeSubvolumeAt, loseVolume: deleteSubvolumeAt })

function conformOn(
  type: TestFilesystem,
  volumes: Pick<Parameters<typeof makeHostApp>[0] & object, 'makeVolume' | 'loseVolume'>,
): void {
  const name = `a host on ${type}${volumes.makeVolume === undefined ? '' : ' with subvolumes'}`
  const mounted = mountFilesystem(type, { sizeMebibytes: 320 })
  if (typeof mounted === 'string') {
    test(`${name} keeps the platform contract`, { skip: `NOT TESTED: ${mounted}` })
    return
  }
  after(() => mounted[Symbol.dispose]())
  describePlatformConformance(name, async () => makeHostApp({ parent: mounted.path, ...volumes }))
}

function makeSubvolumeAt(path: string): void {
  inParent(path, (directory, name) => createSubvolume({ directory, name }))
}

function deleteSubvolumeAt(path: string): void {
  inParent(path, (directory, name) => deleteSubvolume({ directory, name }))
}

function inParent(path: string, action: (directory: number, name: Buffer) => void): void {
  const directory = openSync(dirname(path), constants.O_DIRECTORY)
  try {
    action(directory, Buffer.from(basename(path)))
  } finally {
    closeSync(directory)
  }
}
