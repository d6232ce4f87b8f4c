// One kind of job, and what runs it.
import type { MoverJob, MoverJobKind, MoverResults } from '@holdfast/domain'
import type { JobContext } from '../job-context.ts'

export type JobOf<Kind extends MoverJobKind> = Extract<MoverJob, { readonly kind: Kind }>

export type JobTable = {
  readonly [Kind in MoverJobKind]: (
    job: JobOf<Kind>,
    context: JobContext,
  ) => Promise<MoverResults[Kind]>
}
