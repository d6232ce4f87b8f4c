// Every kind of job and what runs it.
import { runBackup } from './backup.ts'
import { runCheck } from './check.ts'
import { runCopy } from './copy.ts'
import { runDescribe } from './describe.ts'
import { runForget } from './forget.ts'
import { runInit } from './init.ts'
import type { JobTable } from './job-of.ts'
import { runList } from './list.ts'
import { runPrune } from './prune.ts'
import { runRestore } from './restore.ts'
import { runStreamBackup } from './stream-backup.ts'
import { runStreamRestore } from './stream-restore.ts'
import { runUnlock } from './unlock.ts'
import { runVerify } from './verify.ts'

export const JOBS: JobTable = {
  init: runInit,
  backup: runBackup,
  'stream-backup': runStreamBackup,
  'stream-restore': runStreamRestore,
  describe: runDescribe,
  restore: runRestore,
  copy: runCopy,
  forget: runForget,
  prune: runPrune,
  check: runCheck,
  list: runList,
  unlock: runUnlock,
  verify: runVerify,
}
