// `holdfast repository`: what stock restic needs, asked from the running service.

import { readOwnerFile, ServerError } from '@holdfast/server'
import { keepPrivate } from './private-output.ts'
import { type Listed, serviceClient } from './service-client.ts'
import { configOf, type Flags } from './service-config.ts'

interface ListedBucket {
  readonly id: string
  readonly name: string
}

export async function showRepository(bucket: string | undefined, flags: Flags): Promise<void> {
  const { home } = configOf(flags)
  const owner = await readOwnerFile(home)
  if (owner === undefined) throw new ServerError({ code: 'service-not-running', home })
  const client = serviceClient(owner)
  const { items } = await client.get<Listed<ListedBucket>>('/topology/v1/buckets')
  const found = items.find(({ id, name }) => bucket === undefined || [id, name].includes(bucket))
  if (found === undefined) {
    const known = items.map(({ name }) => name).join(', ') || 'none'
    throw new Error(`There is no bucket ${bucket ?? 'yet'}. Known: ${known}.`)
  }
  const { url, password } = await client.repositoryOf(found.id)
  keepPrivate(process.stdout.fd)
  process.stdout.write(`url:      ${url}\npassword: ${password}\n`)
  if (!url.startsWith('s3:')) return
  // The keys are shown by nothing: whoever has the bucket has them elsewhere.
  process.stdout.write('keys:     set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for restic\n')
}
