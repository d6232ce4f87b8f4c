// Stock restic reads what we write, we read what it writes, and locks hold in both directions.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { localDirectoryBackend } from './backend/local-directory.ts'
import { packSizeBytes } from './blob/pack-header.ts'
import { readPackHeader } from './blob/read-pack-header.ts'
import { systemClock } from './clock.ts'
import { encodeMasterKey } from './crypto/master-key.ts'
import { secureRandomBytes } from './crypto/random.ts'
import { failureOf } from './engine-failure.ts'
import { BLOB_TYPES } from './format/ids.ts'
import { listLocks } from './lock/list-locks.ts'
import { acquireLock } from './lock/repository-lock.ts'
import { openRepository } from './open-repository.ts'
import type { Repository } from './repository.ts'
import {
  assertStockCheck,
  runStockRestic,
  STOCK_RESTIC,
  STOCK_RESTIC_MISSING,
  tryStockRestic,
} from './testing/stock-restic.ts'
import {
  localBackendIn,
  makeThrowawayDirectory,
  makeThrowawayRepository,
  THROWAWAY_PASSWORD,
  THROWAWAY_POLYNOMIAL,
} from './testing/throwaway-repository.ts'

const skip = STOCK_RESTIC_MISSING

test('stock restic opens and checks what we write', { skip }, async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await using place = await makeThrowawayRepository({ backend, workers: 2 })
  const { repository } = place
  const stock = { repository: backend.url, password: THROWAWAY_PASSWORD }
  const config = JSON.parse(String(await runStockRestic(['cat', 'config'], stock)))
  assert.deepEqual(config, {
    version: 2,
    id: repository.config.id,
    chunker_polynomial: THROWAWAY_POLYNOMIAL,
  })
  const masterkey = JSON.parse(String(await runStockRestic(['cat', 'masterkey'], stock)))
  const { encrypt, macK } = encodeMasterKey(place.key)
  assert.deepEqual([masterkey.encrypt, masterkey.mac.k], [encrypt, macK])
  assert.match(String(await runStockRestic(['key', 'list'], stock)), /test +test +2026-01-02/)

  await saveSomething(repository)
  await assertStockCheck(stock)
  await runStockRestic(['rebuild-index'], stock)
  await assertStockCheck(stock)
  await repository.loadIndex(undefined)
  await assertAllBlobsLoad(repository)

  const added = join(directory.path, 'password')
  await writeFile(added, 'another password\n')
  await runStockRestic(['key', 'add', '--new-password-file', added], stock)
  for (const password of [THROWAWAY_PASSWORD, 'another password']) {
    const opened = await open(backend.url, password)
    // Not macR: this release of stock restic writes it clamped.
    assert.deepEqual(opened.key.encrypt, place.key.encrypt)
    assert.deepEqual(opened.key.macK, place.key.macK)
    await opened.close()
  }
})

for (const version of ['1', '2']) {
  test(`we read and extend what stock restic writes in version ${version}`, { skip }, async () => {
    await using directory = await makeThrowawayDirectory()
    const stock = { repository: join(directory.path, 'repository'), password: 'stock' }
    const source = join(directory.path, 'source')
    await mkdir(source)
    await writeFile(join(source, 'random'), secureRandomBytes(3_000_000))
    await writeFile(join(source, 'text'), 'some text\n'.repeat(100_000))
    await runStockRestic(['init', '--repository-version', version], stock)
    await runStockRestic(['backup', source], stock)
    await runStockRestic(['backup', source, '--tag', 'again'], stock)

    const repository = await open(stock.repository, stock.password)
    try {
      assert.equal(repository.config.version, Number(version))
      const snapshots = await Array.fromAsync(repository.listSnapshots(undefined))
      assert.equal(snapshots.length, 2)
      for (const { snapshot } of snapshots) {
        assert.deepEqual(snapshot.paths, [source])
        await repository.loadBlob('tree', snapshot.tree, undefined)
      }
      await assertAllBlobsLoad(repository)
      await saveSomething(repository)
    } finally {
      await repository.close()
    }
    await assertStockCheck(stock)
  })
}

test('our locks stop stock restic, and its probe does not end us', { skip }, async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await using place = await makeThrowawayRepository({ backend })
  const stock = { repository: backend.url, password: THROWAWAY_PASSWORD }
  const holder = { hostname: hostname(), username: 'u', pid: process.pid, uid: 0, gid: 0 }
  const lockOptions = {
    backend,
    key: place.key,
    clock: systemClock,
    randomBytes: secureRandomBytes,
    holder,
    signal: undefined,
  }
  const exclusive = await acquireLock({ ...lockOptions, exclusive: true })
  const refused = await tryStockRestic(['snapshots'], stock)
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /locked exclusively by PID/)
  // On the same host this sends SIGHUP to this very process.
  await runStockRestic(['unlock'], stock)
  await exclusive.assertHeld(undefined)
  await exclusive.release()
  await runStockRestic(['snapshots'], stock)

  const shared = await acquireLock({ ...lockOptions, exclusive: false })
  await runStockRestic(['snapshots'], stock)
  assert.equal((await tryStockRestic(['prune'], stock)).exitCode, 1)
  await runStockRestic(['unlock', '--remove-all'], stock)
  await assert.rejects(
    shared.assertHeld(undefined),
    (error) => failureOf(error, 'lock-lost') !== undefined,
  )
  await shared.release()
})

test('we obey the locks of stock restic', { skip }, async () => {
  await using directory = await makeThrowawayDirectory()
  const backend = localBackendIn(directory.path)
  await using place = await makeThrowawayRepository({ backend })
  const context = { backend, key: place.key, clock: systemClock }
  const holder = { hostname: 'holdfast-test', username: 'u', pid: 1, uid: 0, gid: 0 }
  const wanted = { ...context, randomBytes: secureRandomBytes, holder, signal: undefined }
  const backup = startStockBackup(backend.url)
  try {
    while ((await listLocks(context, undefined)).length === 0) {
      assert.equal(backup.exitCode, null, 'restic ended before it took its lock')
      await systemClock.sleep(50, { signal: undefined, keepsAlive: true })
    }
    const [record] = await listLocks(context, undefined)
    assert.deepEqual([record?.pid, record?.exclusive], [backup.pid, false])
    await assert.rejects(
      acquireLock({ ...wanted, exclusive: true }),
      (error) => failureOf(error, 'repository-locked')?.lockedBy.includes(`${backup.pid}`) === true,
    )
    const shared = await acquireLock({ ...wanted, exclusive: false })
    await shared.release()
  } finally {
    const ended = new Promise((resolve) => backup.once('close', resolve))
    backup.stdin?.end('the end')
    await ended
  }
  assert.equal(backup.exitCode, 0)
  await (await acquireLock({ ...wanted, exclusive: true })).release()
})

/** Reads its standard input, and so holds its lock, until that is ended. */
function startStockBackup(repository: string): ChildProcess {
  const args = ['--no-cache', '-r', repository, 'backup', '--stdin']
  return spawn(String(STOCK_RESTIC), args, {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', RESTIC_PASSWORD: THROWAWAY_PASSWORD },
  })
}

/** Blobs of every kind, a snapshot of an empty directory. */
async function saveSomething(repository: Repository): Promise<void> {
  const contents = [Buffer.alloc(0), Buffer.alloc(2_000_000, 'text '), secureRandomBytes(700_000)]
  for (let n = 0; n < 20; n += 1) contents.push(secureRandomBytes(1_000_000 + n))
  for (let n = 0; n < 500; n += 1) contents.push(Buffer.from(`small ${n}`))
  await Promise.all(contents.map((content) => repository.saveBlob('data', content, undefined)))
  const tree = await repository.saveBlob('tree', Buffer.from('{"nodes":[]}\n'), undefined)
  await repository.flush(undefined)
  await repository.saveSnapshot(
    {
      time: 1_700_000_000_000_000_000n,
      tree: tree.id,
      paths: ['/nothing'],
      hostname: 'h',
      username: 'u',
      uid: 0,
      gid: 0,
      excludes: [],
      tags: ['holdfast'],
    },
    undefined,
  )
}

/** Every blob that the index lists, and every pack header against the index. */
async function assertAllBlobsLoad(repository: Repository): Promise<void> {
  const { index, backend, key } = repository
  for (const type of BLOB_TYPES) {
    assert.ok(index.blobCount(type) > 0)
    for (let entry = 0; entry < index.blobCount(type); entry += 1) {
      const id = index.blobIdOf(type, entry)
      const plain = await repository.loadBlob(type, id, undefined)
      assert.equal(plain.length, repository.blobSize(type, id))
    }
  }
  for (const { id, blobs } of index.packs()) {
    const sizeBytes = packSizeBytes(blobs)
    const inHeader = await readPackHeader({ backend, key, packId: id, sizeBytes }, undefined)
    assert.deepEqual(inHeader, blobs)
  }
}

async function open(path: string, password: string): Promise<Repository> {
  const repository = await openRepository({
    backend: localDirectoryBackend({ path, randomBytes: secureRandomBytes }),
    credentials: { password },
    randomBytes: secureRandomBytes,
    workers: 1,
    signal: undefined,
  })
  await repository.loadIndex(undefined)
  return repository
}
