// The configuration of a container. Of what a container can be configured to do, only the backups
// can be changed here; the rest is there because clients send the whole configuration back.
import type { Container, ContainerBackupPolicy } from '@holdfast/db'
import { Type } from 'typebox'
import { RequestError } from './request-failure.ts'
import { DurationSchema, nullable } from './schemas.ts'

const CLOSED = { additionalProperties: false } as const

export const ConfigSchema = Type.Object(
  {
    network: Type.Object(
      {
        public: Type.Enum(['disable']),
        hostname: Type.String(),
        egress_via_gateway: Type.Boolean(),
        routes: Type.Null(),
      },
      CLOSED,
    ),
    deploy: Type.Object({ instances: Type.Integer({ minimum: 0 }) }, CLOSED),
    integrations: Type.Object(
      {
        backups: Type.Optional(
          Type.Object(
            {
              destination: Type.Optional(Type.String()),
              integration_id: Type.Optional(Type.String()),
              backup: Type.Object(
                {
                  command: Type.String(),
                  timeout: Type.Optional(DurationSchema),
                  cron_string: Type.Optional(Type.String()),
                },
                CLOSED,
              ),
              restore: nullable(
                Type.Object(
                  { command: Type.String(), timeout: Type.Optional(DurationSchema) },
                  CLOSED,
                ),
              ),
              retention: nullable(DurationSchema),
            },
            CLOSED,
          ),
        ),
      },
      CLOSED,
    ),
  },
  CLOSED,
)

/** `policy`: how its backups are configured, when they are. */
export function toConfig(
  { identifier, instances }: Container,
  policy: ContainerBackupPolicy | undefined,
) {
  return {
    network: { public: 'disable', hostname: identifier, egress_via_gateway: false, routes: null },
    deploy: { instances: Object.values(instances).reduce((sum, count) => sum + count, 0) },
    integrations: policy === undefined ? {} : { backups: toBackups(policy) },
  }
}

function toBackups({
  destination,
  integrationID,
  backup,
  restore,
  ...policy
}: ContainerBackupPolicy) {
  const { command, timeout, cronString } = backup
  return {
    ...(destination === undefined ? {} : { destination }),
    ...(integrationID === undefined ? {} : { integration_id: integrationID }),
    backup: {
      command,
      ...(timeout === undefined ? {} : { timeout }),
      ...(cronString === undefined ? {} : { cron_string: cronString }),
    },
    restore: restore ?? null,
    retention: policy.retention ?? null,
  }
}

const SentText = Type.Optional(nullable(Type.String()))

const SentBackupsSchema = Type.Object(
  {
    destination: SentText,
    integration_id: SentText,
    backup: Type.Object(
      { command: Type.String(), timeout: SentText, cron_string: SentText },
      CLOSED,
    ),
    restore: Type.Optional(
      nullable(Type.Object({ command: Type.String(), timeout: SentText }, CLOSED)),
    ),
    retention: SentText,
  },
  CLOSED,
)

/** Whatever it holds besides must be as it is. */
export const SentConfigSchema = Type.Object(
  {
    integrations: Type.Optional(
      nullable(Type.Object({ backups: Type.Optional(nullable(SentBackupsSchema)) })),
    ),
  },
  { description: 'The configuration as it was read: network and deploy have to be there.' },
)

type Json = null | boolean | number | string | readonly Json[] | JsonObject
interface JsonObject {
  readonly [member: string]: Json | undefined
}

/** The documents require them. */
const REQUIRED = ['network', 'deploy'] as const
const CHANGEABLE = '/contents/integrations/backups'

/** Fails with the first member, outside of the backups, that is not as `present` has it. */
export function refuseOtherChanges(present: Container, sent: object): void {
  const contents = sent as JsonObject
  for (const member of REQUIRED) {
    if (contents[member] !== undefined && contents[member] !== null) continue
    const pointer = `/contents/${member}`
    throw new RequestError({ code: 'body-incomplete', pointer, reason: 'is missing' })
  }
  const difference = differenceOf(toConfig(present, undefined) as Json, contents, '/contents')
  if (difference === undefined) return
  const { pointer, value } = difference
  const reason = `cannot be changed here; it is ${JSON.stringify(value ?? null)}`
  throw new RequestError({ code: 'change-unsupported', pointer, reason })
}

interface Difference {
  readonly pointer: string
  readonly value: Json | undefined
}

function differenceOf(
  present: Json | undefined,
  sent: Json | undefined,
  pointer: string,
): Difference | undefined {
  if (pointer === CHANGEABLE || (isNothing(present) && isNothing(sent))) return undefined
  if (isObject(present) && isObject(sent)) {
    for (const member of new Set([...Object.keys(present), ...Object.keys(sent)])) {
      const below = `${pointer}/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`
      const difference = differenceOf(present[member], sent[member], below)
      if (difference !== undefined) return difference
    }
    return undefined
  }
  if (isObject(present) && isNothing(sent)) return differenceOf(present, {}, pointer)
  return present === sent ? undefined : { pointer, value: present }
}

/**
 * Clients send members that are not set as null, as false, or as lists and objects of nothing; older
 * ones leave out members that they do not know.
 */
function isNothing(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === false) return true
  return typeof value === 'object' && Object.values(value).every(isNothing)
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
