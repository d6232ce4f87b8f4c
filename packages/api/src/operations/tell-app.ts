// Tells what users did to an app, in the transaction in which they did it.
import { clearCondition, type Queries, recordEvent } from '@holdfast/db'
import type { Caller } from './caller.ts'

interface AppRef {
  readonly id: string
  readonly name: string
}

interface Telling {
  readonly app: AppRef
  readonly caller: Caller
  /** A new UUIDv4. */
  readonly eventID: string
  readonly now: Date
}

const TALES = {
  managed: {
    name: 'holdfast.app.managed',
    summary: 'Application managed',
    sentence: (app: string) => `The app "${app}" is managed now; protect it with a schedule.`,
  },
  removed: {
    name: 'holdfast.app.removed',
    summary: 'Application removed',
    sentence: (app: string) => `The app "${app}" is not managed any more.`,
  },
} as const

export async function tellApp(
  transaction: Queries,
  what: keyof typeof TALES,
  { app, caller, eventID, now }: Telling,
): Promise<void> {
  const { accountID, userID } = caller
  const { name, summary, sentence } = TALES[what]
  await recordEvent(transaction, {
    id: eventID,
    accountID,
    name,
    summary,
    description: sentence(app.name),
    source: 'holdfast',
    severity: 'informational',
    class: 'user',
    eventTime: now,
    correlationID: eventID,
    resourceID: app.id,
    resourceName: 'app',
    resourceURI: `/accounts/${accountID}/k8s/v2/apps/${app.id}`,
    appID: app.id,
    userID,
  })
}

/** A failed app was declared ready: that its restore failed is over. */
export async function tellAppIsBack(
  transaction: Queries,
  { app, accountID, now }: { app: AppRef; accountID: string; now: Date },
): Promise<void> {
  await clearCondition(transaction, {
    accountID,
    resourceID: app.id,
    name: 'holdfast.app.restore.failed',
    description: `The app "${app.name}" was declared ready.`,
    eventTime: now,
  })
}
