// Every kind of job and what runs it.
import type { MoverJob, MoverJobKind, MoverResults } from '@holdfast/domain'
import type { JobContext } from '../job-context.ts'
import { runBackup } from './backup.ts'
import { runCheck } from './check.ts'
import { runCopy } from './copy.ts'
import { runDescribe } from './describe.ts'
import { runForget } from './forget.ts'
import { runInit } from './init.ts'
import { runList } from './list.ts'
import { runPrune } from './prune.ts'
import { runRestore } from './restore.ts'
import { runUnlock } from './unlock.ts'

export type JobOf<Kind extends MoverJobKind> = Extract<MoverJob, { readonly kind: Kind }>

export type JobTable = {
  readonly [Kind in MoverJobKind]: (
    job: JobOf<Kind>,
    context: JobContext,
  ) => Promise<MoverResults[Kind]>
}

export const JOBS: JobTable = {
  init: runInit,
  backup: runBackup,
  describe: runDescribe,
  restore: runRestore,
  copy: runCopy,
  forget: runForget,
  prune: runPrune,
  check: runCheck,
  list: runList,
  unlock: runUnlock,
}
