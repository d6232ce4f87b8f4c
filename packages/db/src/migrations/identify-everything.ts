// What migration 0003 writes for the apps, backups, buckets and accounts that there are.
import { DEFAULT_ROLES } from '@holdfast/domain'
import { type Kysely, sql } from 'kysely'
import { derivedHexID, HOST_INSTANCE_IDENTITY } from '../container-ids.ts'

/** So many rows at once; there may be hundreds of thousands of backups. */
const ROWS_AT_ONCE = 5000

export async function identifyEverything(database: Kysely<unknown>): Promise<void> {
  await writeInstances(database)
  await writeContainerBackups(database)
  await nameBuckets(database)
  await writeDefaultRoles(database)
}

interface Owned {
  readonly id: string
  readonly account_id: string
}

async function writeInstances(database: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<Owned>`select id, account_id from apps`.execute(database)
  for (const { id, account_id } of rows) {
    await sql`
      insert into instances (id, account_id, app_id, identity)
      values (${derivedHexID(id, HOST_INSTANCE_IDENTITY)}, ${account_id}, ${id},
        ${HOST_INSTANCE_IDENTITY})
    `.execute(database)
  }
}

async function writeContainerBackups(database: Kysely<unknown>): Promise<void> {
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const { rows } = await sql<Owned & { readonly app_id: string }>`
      select id, account_id, app_id from backups where id > ${after} order by id
        limit ${ROWS_AT_ONCE}
    `.execute(database)
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.id
    const written = rows.map(({ id, account_id, app_id }) => ({
      id: derivedHexID(id, HOST_INSTANCE_IDENTITY),
      account_id,
      app_id,
      backup_id: id,
      instance_id: derivedHexID(app_id, HOST_INSTANCE_IDENTITY),
    }))
    await sql`
      insert into container_backups (id, account_id, app_id, backup_id, instance_id)
      select id, account_id, app_id, backup_id, instance_id
      from jsonb_to_recordset(${JSON.stringify(written)}::jsonb) as written
        (id text, account_id uuid, app_id uuid, backup_id uuid, instance_id text)
    `.execute(database)
  }
}

async function nameBuckets(database: Kysely<unknown>): Promise<void> {
  await sql`
    update buckets set identifier = named.identifier from (
      select id, slug || case when number = 1 then '' else '-' || left(id::text, 8) end
        as identifier
      from (
        select id, slug, row_number() over (partition by account_id, slug order by created_at, id)
          as number
        from (
          select id, account_id, created_at, coalesce(nullif(
            trim(both '-' from regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g')), ''), 'bucket')
            as slug
          from buckets
        ) as slugs
      ) as numbered
    ) as named where named.id = buckets.id
  `.execute(database)
  await sql`alter table buckets alter column identifier set not null`.execute(database)
}

async function writeDefaultRoles(database: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ id: string }>`select id from accounts`.execute(database)
  for (const account of rows) {
    for (const role of DEFAULT_ROLES) {
      await sql`
        insert into hub_roles (id, account_id, identifier, name, rank, is_root, default_identifier,
          has_all_capabilities, capabilities)
        values (gen_random_uuid(), ${account.id}, ${role.identifier}, ${role.name}, ${role.rank},
          ${role.isRoot}, ${role.identifier}, ${role.capabilities.all},
          ${JSON.stringify(role.capabilities.specific)}::jsonb)
      `.execute(database)
    }
  }
}
