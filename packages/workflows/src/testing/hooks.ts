// Hooks of the app of a world that write down when they run.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  deleteExecutionHook,
  insertExecutionHook,
  insertHookSource,
  type NewExecutionHook,
} from '@holdfast/db'
import { systemNow } from './clock.ts'
import type { World } from './world.ts'

export interface AddedHook {
  readonly id: string
  remove(): Promise<void>
}

export async function addHook(
  world: World,
  hook: Pick<NewExecutionHook, 'action' | 'stage'> &
    Partial<NewExecutionHook> & {
      /** Further lines of the script, which begins with writing down that it runs. */
      readonly script?: string
    },
): Promise<AddedHook> {
  const { database } = world.database
  const { script = '', ...changes } = hook
  const id = randomUUID()
  const name = hook.name ?? `${hook.stage}-${hook.action}`
  const note = `echo "$HOLDFAST_TASK_ID $HOLDFAST_HOOK_NAME" >> ${JSON.stringify(logOf(world))}`
  const common = {
    accountID: world.accountID,
    description: undefined,
    labels: [],
    createdBy: world.userID,
    now: systemNow(),
  }
  const sourceID = randomUUID()
  await insertHookSource(database, {
    ...common,
    id: sourceID,
    name: `source of ${name} ${id}`,
    version: '1.0',
    source: Buffer.from(`#!/bin/sh\n${note}\n${script}\n`).toString('base64'),
    sourceMD5: '0'.repeat(32),
  })
  await insertExecutionHook(database, {
    ...common,
    id,
    appID: world.appID,
    name,
    version: '1.3',
    matchingCriteria: [],
    hookSourceID: sourceID,
    arguments: [],
    isEnabled: true,
    ...changes,
  })
  return { id, remove: () => deleteExecutionHook(database, id) }
}

/** Names of the hooks that ran for a task, in order. */
export function hooksRun(world: World, taskID: string): string[] {
  return allHooksRun(world).flatMap((run) => (run.taskID === taskID ? [run.name] : []))
}

export function allHooksRun(world: World): { readonly taskID: string; readonly name: string }[] {
  const path = logOf(world)
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return lines.map((line) => {
    const [taskID = '', name = ''] = line.split(' ')
    return { taskID, name }
  })
}

function logOf({ home }: World): string {
  return join(home, 'hooks.log')
}
