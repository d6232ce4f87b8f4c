import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { refuseLocalBucket } from './local-bucket-rules.ts'

test('a directory that is ours or protected is refused, however it is reached', async (t) => {
  const base = await mkdtemp(join(tmpdir(), 'holdfast-rules-'))
  t.after(() => rm(base, { recursive: true }))
  const [home, hostRoot] = [join(base, 'home'), join(base, 'data')]
  await mkdir(join(home, 'bucket'), { recursive: true })
  await mkdir(join(hostRoot, 'shop'), { recursive: true })
  await symlink(home, join(base, 'link'))
  await symlink('/etc', join(base, 'settings'))
  const refuse = (path: string) => refuseLocalBucket({ home, hostRoot, hostClusters: [] }, path)

  for (const path of ['disk', 'disk/deep/er', 'home2', 'database'].map((name) =>
    join(base, name),
  )) {
    assert.equal(await refuse(path), undefined, path)
  }
  assert.equal(await refuse(join(home, 'bucket')), undefined)
  assert.equal(await refuse('/run/media/somebody/disk'), undefined)
  assert.equal(await refuse(join(base, 'link/bucket')), undefined)
  for (const path of [
    '/',
    '/etc',
    '/etc/cron.d',
    '/proc/self/root/etc',
    '/sys/kernel',
    '/dev/shm/not-there-yet',
    '/usr/local/backups',
    '/run/media',
    join(base, 'settings/not-there-yet'),
    home,
    join(home, 'snapshots'),
    join(home, 'not-there-yet'),
    join(home, 'bucket/accounts'),
    join(base, 'link'),
    join(base, 'link/not-there-yet'),
    hostRoot,
    join(hostRoot, 'shop/volume'),
  ]) {
    assert.equal(typeof (await refuse(path)), 'string', path)
  }
})
