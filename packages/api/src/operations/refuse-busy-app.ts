// An app whose data is being brought can neither be restored, nor removed, nor given other namespaces.
import type { App } from '@holdfast/db'
import { OperationError } from './operation-failure.ts'

export function refuseBusyApp({ id: appID, state }: Pick<App, 'id' | 'state'>): void {
  if (state === 'restoring') throw new OperationError({ code: 'app-restoring', appID })
  if (state === 'provisioning' || state === 'discovering') {
    throw new OperationError({ code: 'app-not-ready', appID, state })
  }
}
