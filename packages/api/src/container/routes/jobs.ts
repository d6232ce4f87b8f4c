// Jobs: what is under way and what became of it.
import {
  findResourceByHexID,
  JOBS,
  type JobFilter,
  jobsMatching,
  listResources,
} from '@holdfast/db'
import { Type } from 'typebox'
import { scopeOf } from '../../operations/caller.ts'
import { OperationError } from '../../operations/operation-failure.ts'
import { IncludedCreatorsSchema, includeCreators } from '../included-creators.ts'
import { JOB_STATES, JobSchema } from '../job-schemas.ts'
import { toJob } from '../job-view.ts'
import { anyOfKnown, listPage } from '../list-page.ts'
import type { ReadQuery, RouteDefinition } from '../route-definition.ts'
import { timeRangeOf } from '../time-range.ts'

const TAG = 'jobs'

const SORT_FIELDS = {
  id: 'id',
  caption: 'summary',
  'state.current': 'state',
  'events.queued': 'createdAt',
  'events.started': 'startedAt',
  'events.completed': 'endedAt',
} as const

/**
 * Jobs stay, so their list grows for ever: a list that was good yesterday must not be refused for
 * its length tomorrow.
 */
const UNPAGED_MAX = 1000
const LATEST_MAX = 20
const NEWEST_FIRST = { field: 'createdAt', isDescending: true } as const

export const JOBS_ROUTES: readonly RouteDefinition[] = [
  {
    method: 'GET',
    path: '/v1/jobs',
    operationID: 'getJobs',
    summary: 'List jobs',
    description: `The newest first, unless sort says otherwise. Without page, the first ${UNPAGED_MAX} of that order.`,
    tag: TAG,
    capability: 'apionly-jobs-view',
    query: {
      include: ['creators'],
      sort: Object.keys(SORT_FIELDS),
      filter: ['state', 'search', 'range-start', 'range-end'],
      isPaged: true,
    },
    success: {
      status: 200,
      data: Type.Array(JobSchema),
      includes: Type.Object({ creators: IncludedCreatorsSchema }),
    },
    run: async (context, { caller, query }) => {
      const jobs = await listPage(context, jobsMatching(readFilter(query)), {
        caller,
        query: { page: { number: 1, size: UNPAGED_MAX }, ...query },
        sortFields: SORT_FIELDS,
        defaultOrder: NEWEST_FIRST,
        whereAny: anyOfKnown('state', JOB_STATES, query.filter.state),
      })
      const data = jobs.map(toJob)
      if (!query.include.has('creators')) return { data }
      const creatorIDs = jobs.map(({ userID }) => userID)
      return { data, includes: { creators: await includeCreators(context, caller, creatorIDs) } }
    },
  },
  {
    method: 'GET',
    path: '/v1/jobs/latest',
    operationID: 'getLatestJobs',
    summary: 'List the latest jobs',
    description: `The ${LATEST_MAX} that were asked for last, the newest first.`,
    tag: TAG,
    capability: 'apionly-jobs-view',
    success: { status: 200, data: Type.Array(JobSchema) },
    run: async ({ database }, { caller }) => {
      const { resources } = await listResources(database, JOBS, {
        scope: scopeOf(caller),
        where: [],
        orderBy: NEWEST_FIRST,
        limit: LATEST_MAX,
      })
      return { data: resources.map(toJob) }
    },
  },
  {
    method: 'GET',
    path: '/v1/jobs/:jobId',
    operationID: 'getJob',
    summary: 'Read a job',
    description: 'It is there from the answer on that names it.',
    tag: TAG,
    capability: 'apionly-jobs-view',
    success: { status: 200, data: JobSchema },
    run: async ({ database }, { caller, params }) => {
      const hexID = params.jobId ?? ''
      const job = await findResourceByHexID(database, JOBS, { scope: scopeOf(caller), hexID })
      if (job === undefined)
        throw new OperationError({ code: 'not-found', kind: 'task', id: hexID })
      return { data: toJob(job) }
    },
  },
]

function readFilter(query: ReadQuery): JobFilter {
  const search = query.filter.search?.join(',') ?? ''
  return { ...timeRangeOf(query), ...(search === '' ? {} : { search }) }
}
