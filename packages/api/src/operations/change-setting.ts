// Changes a setting of the account. What can be put into effect is in effect with the commit; what
// cannot leaves everything as it was, and the setting says why.
import {
  ACCOUNT_SETTINGS,
  type AccountSetting,
  CREDENTIALS,
  findResource,
  inTransaction,
  lockSetting,
  type Queries,
  updateSetting,
} from '@holdfast/db'
import { type Label, parseId, SETTING_DEFINITIONS, type SettingConfig } from '@holdfast/domain'
import Schema from 'typebox/schema'
import type { Caller } from './caller.ts'
import type { OperationContext } from './operation-context.ts'
import { type InvalidMember, OperationError } from './operation-failure.ts'

export interface SettingRequest {
  readonly id: string
  readonly version: string
  /** Must be the present one when given: names are fixed. */
  readonly name?: string
  /** Of any shape; the setting's own schema decides. */
  readonly desiredConfig?: Readonly<Record<string, unknown>>
  readonly labels?: readonly Label[]
  readonly checkPreconditions: (present: AccountSetting) => void
}

export async function changeSetting(
  { database, now }: OperationContext,
  { accountID, userID }: Caller,
  request: SettingRequest,
): Promise<void> {
  const { id, version, desiredConfig, labels } = request
  await inTransaction(database, async (transaction) => {
    await lockSetting(transaction, id)
    const scope = { accountID, parents: {} }
    const present = await findResource(transaction, ACCOUNT_SETTINGS, { scope, id })
    if (present === undefined) throw new OperationError({ code: 'not-found', kind: 'resource', id })
    request.checkPreconditions(present)
    refuseOtherName(present, request.name)
    const change = desiredConfig && (await readConfig(transaction, present, desiredConfig))
    await updateSetting(transaction, {
      id,
      version,
      ...change,
      ...(labels === undefined ? {} : { labels }),
      modifiedBy: userID,
      now: now(),
    })
  })
}

function refuseOtherName(present: AccountSetting, name: string | undefined): void {
  if (name === undefined || name === present.name) return
  throw new OperationError({
    code: 'fixed-value-changed',
    resource: `setting ${present.name}`,
    members: [{ name: 'name', reason: `is ${present.name} and cannot be changed` }],
  })
}

async function readConfig(
  transaction: Queries,
  { name, accountID }: AccountSetting,
  given: Readonly<Record<string, unknown>>,
): Promise<{ desiredConfig: SettingConfig; obstacle?: string }> {
  const { schema, obstacle } = SETTING_DEFINITIONS[name]
  const members = violations(schema, given)
  if (members.length > 0) throw new OperationError({ code: 'invalid-request', members })
  // The schemas allow texts and numbers only.
  const desiredConfig = given as SettingConfig
  const reason =
    obstacle?.(desiredConfig) ?? (await missingCredential(transaction, accountID, desiredConfig))
  return { desiredConfig, ...(reason === undefined ? {} : { obstacle: reason }) }
}

function violations(schema: object, given: unknown): InvalidMember[] {
  const [, errors] = Schema.Compile(schema).Errors(given)
  return errors.flatMap((error): InvalidMember[] => {
    const path = ['desiredConfig', ...error.instancePath.split('/').slice(1)].join('.')
    switch (error.keyword) {
      // Told once more for each member, by `additionalProperties`.
      case 'boolean':
        return []
      case 'additionalProperties':
        return error.params.additionalProperties.map((member) => ({
          name: `${path}.${member}`,
          reason: 'is not known here',
        }))
      case 'required':
        return error.params.requiredProperties.map((member) => ({
          name: `${path}.${member}`,
          reason: 'is required',
        }))
      case 'enum':
        return [
          {
            name: path,
            reason: `must be one of ${JSON.stringify(error.params.allowedValues).slice(1, -1)}`,
          },
        ]
      default:
        return [{ name: path, reason: error.message }]
    }
  })
}

async function missingCredential(
  transaction: Queries,
  accountID: string,
  { credential }: SettingConfig,
): Promise<string | undefined> {
  if (typeof credential !== 'string' || credential === '') return undefined
  const id = parseId<string>(credential)
  const scope = { accountID, parents: {} }
  const found = id && (await findResource(transaction, CREDENTIALS, { scope, id }))
  return found === undefined ? `The account has no credential ${credential}.` : undefined
}
