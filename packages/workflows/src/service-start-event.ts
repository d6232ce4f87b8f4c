// Tells every account that the service started, and what it takes up again.
import { countUnendedTasks, recordEvent } from '@holdfast/db'
import { type Runtime, uuidFrom } from './runtime.ts'

/** Before workflows are taken up. `hasCrashed`: an earlier start was not stopped properly. */
export async function tellServiceStart(
  runtime: Runtime,
  { hasCrashed }: { readonly hasCrashed: boolean },
): Promise<void> {
  const { database, boot } = runtime
  for (const { accountID, count } of await countUnendedTasks(database)) {
    const id = uuidFrom('service start', boot, accountID)
    await recordEvent(database, {
      id,
      accountID,
      name: 'holdfast.service.started',
      summary: hasCrashed ? 'Service started after an unexpected end' : 'Service started',
      description: descriptionOf({ hasCrashed, count }),
      source: 'holdfast',
      severity: hasCrashed ? 'warning' : 'informational',
      class: 'system',
      eventTime: runtime.now(),
      correlationID: id,
      resourceID: accountID,
      resourceName: 'account',
      resourceURI: `/accounts/${accountID}`,
    })
  }
}

function descriptionOf({ hasCrashed, count }: { hasCrashed: boolean; count: number }): string {
  const start = hasCrashed
    ? 'The service started again; the time before it ended without being stopped.'
    : 'The service started.'
  if (count === 0) return start
  const subject = count === 1 ? 'One operation that was' : `${count} operations that were`
  return `${start} ${subject} under way when it ended ${count === 1 ? 'goes' : 'go'} on.`
}
