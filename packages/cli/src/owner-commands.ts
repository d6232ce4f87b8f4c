// `holdfast recovery-kit` and `holdfast owner reset`, which work beside a running service and
// without one, and `holdfast master-key rotate`, which wants it stopped.
import { createLog, makeRecoveryKit, resetOwner, rotateMasterKey } from '@holdfast/server'
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

export async function changeMasterKey(flags: Flags): Promise<void> {
  const rotation = await rotateMasterKey(configOf(flags), { log: createLog('warn') })
  const { fingerprint, sealedAnew, isContinued } = rotation
  if (isContinued)
    process.stdout.write('The change of the master key that was begun is finished.\n')
  process.stdout.write(
    `The master key is new (fingerprint ${fingerprint}); ${sealedAnew} secrets were sealed with it.\n` +
      'Make a new recovery kit. Copies of the database from before still need the old one.\n',
  )
}
