// `holdfast recovery-kit` and `holdfast owner reset`: they work beside a running service, and
// without one.
import { createLog, makeRecoveryKit, resetOwner } from '@holdfast/server'
import { keepPrivate } from './private-output.ts'
import { configOf, type Flags } from './service-config.ts'

export async function printRecoveryKit(flags: Flags): Promise<void> {
  const kit = await makeRecoveryKit(configOf(flags), { log: createLog('warn'), now: new Date() })
  keepPrivate(process.stdout.fd)
  process.stdout.write(kit)
}

export async function resetOwnerToken(flags: Flags): Promise<void> {
  const file = await resetOwner(configOf(flags), { log: createLog('warn'), now: new Date() })
  process.stdout.write(`The owner's new token is in ${file}. Earlier tokens no longer work.\n`)
}
