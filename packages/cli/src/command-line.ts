// The command line: what can be asked for, and the exit code that answers it.
import { Command } from 'commander'
import type { Flags } from './service-config.ts'

/** Ends the process with the command's exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  const { describeStartFailure, SETTINGS } = await import('@holdfast/server')
  const program = new Command('holdfast')
    .description(
      'Application backup server: consistent snapshots and deduplicated, encrypted backups',
    )
    .showHelpAfterError()
  addSettings(program.command('serve'), SETTINGS)
    .description('start the service; SIGTERM stops it')
    .action(async (flags: Flags) => {
      const { serve } = await import('./serve.ts')
      process.exit(await serve(flags))
    })
  program
    .command('demo')
    .description('protect a real application on throwaway data, lose it, and get it back')
    .option('--keep', 'leave the home and the data behind')
    .action(async ({ keep }: { readonly keep?: boolean }) => {
      const { demo } = await import('./demo/demo-command.ts')
      process.exit(await demo({ isKept: keep === true }))
    })
  program
    .command('mover')
    .description('run one job from standard input (started by the service)')
    .action(() => program.error('`mover` must be the first argument'))
  addSettings(program.command('recovery-kit'), SETTINGS)
    .description('print what opens the backups when this host is lost: URLs, passwords, master key')
    .action(async (flags: Flags) => {
      const { printRecoveryKit } = await import('./owner-commands.ts')
      await printRecoveryKit(flags)
    })
  const owner = program.command('owner').description('the owner made at first start')
  addSettings(owner.command('reset'), SETTINGS)
    .description('make a new token and write it to owner.json; all earlier ones stop working')
    .action(async (flags: Flags) => {
      const { resetOwnerToken } = await import('./owner-commands.ts')
      await resetOwnerToken(flags)
    })
  const masterKey = program.command('master-key').description('the key that seals stored secrets')
  addSettings(masterKey.command('rotate'), SETTINGS)
    .description('make a new key and seal every stored secret with it; the service must be stopped')
    .action(async (flags: Flags) => {
      const { changeMasterKey } = await import('./owner-commands.ts')
      await changeMasterKey(flags)
    })
  addSettings(program.command('repository'), SETTINGS)
    .argument('[bucket]', 'name or id of the bucket; the first one when left out')
    .description('show what stock `restic -r <url>` needs, from the running service')
    .action(async (bucket: string | undefined, flags: Flags) => {
      const { showRepository } = await import('./repository-command.ts')
      await showRepository(bucket, flags)
    })
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    process.stderr.write(`${describeStartFailure(error)}\n`)
    process.exit(1)
  }
}

interface FlagSetting {
  readonly variable: string
  readonly flag: string
  readonly placeholder: string
  readonly meaning: string
}

function addSettings(command: Command, settings: readonly FlagSetting[]): Command {
  for (const { variable, flag, placeholder, meaning } of settings) {
    command.option(`--${flag} <${placeholder}>`, `${variable}: ${meaning}`)
  }
  return command
}
