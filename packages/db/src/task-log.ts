// Lines that a task leaves for its reader.
import type { Queries } from './transaction.ts'

export interface TaskLogLine {
  readonly taskID: string
  readonly level: 'info' | 'warning' | 'error'
  readonly step?: string
  readonly message: string
}

export async function writeTaskLog({ queries }: Queries, line: TaskLogLine): Promise<void> {
  await queries
    .insertInto('task_log')
    .values({
      task_id: line.taskID,
      level: line.level,
      step: line.step ?? null,
      message: line.message,
    })
    .execute()
}
