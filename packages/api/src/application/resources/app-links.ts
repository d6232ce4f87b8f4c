// The links of an app: where it is, and what can be done with it now.
import type { App } from '@holdfast/db'
import type { Link } from '../shared-schemas.ts'

type Verb = 'POST' | 'PUT'

interface Action {
  readonly title: string
  readonly href: string
  readonly verb: Verb
  readonly permission: string
  readonly isPossible: boolean
}

export function linksOf(app: App): Link[] {
  const account = `/accounts/${app.accountID}`
  const collection = `${account}/k8s/v2/apps`
  const canonical = `${collection}/${app.id}`
  return [
    { rel: 'canonical', href: canonical },
    { rel: 'collection', href: collection },
    ...actionsOf(app, { collection, canonical, children: `${account}/k8s/v1/apps/${app.id}` }).map(
      toLink,
    ),
  ]
}

function actionsOf(
  app: App,
  paths: { readonly collection: string; readonly canonical: string; readonly children: string },
): Action[] {
  const backups = `${paths.children}/appBackups`
  const hasData = app.state === 'ready' || app.state === 'failed'
  const isIdle = hasData && !app.hasUnendedBackup && !app.hasUnendedSnapshot
  const backup = { href: backups, verb: 'POST', permission: 'appBackup-create' } as const
  const clone = { href: paths.collection, verb: 'POST', permission: 'app-create' } as const
  return [
    { ...backup, title: 'disruptiveBackup', isPossible: false },
    { ...backup, title: 'nonDisruptiveBackup', isPossible: true },
    { ...clone, title: 'restore', isPossible: true },
    { ...clone, title: 'clone', isPossible: hasData },
    {
      title: 'snapshot',
      href: `${paths.children}/appSnaps`,
      verb: 'POST',
      permission: 'appSnap-create',
      isPossible: true,
    },
    {
      title: 'inPlaceRestore',
      href: paths.canonical,
      verb: 'PUT',
      permission: 'app-update',
      isPossible: isIdle,
    },
    {
      title: 'replication',
      href: `${paths.children}/appMirrors`,
      verb: 'POST',
      permission: 'appMirror-create',
      isPossible: false,
    },
  ]
}

function toLink({ title, href, verb, permission, isPossible }: Action): Link {
  return {
    rel: 'related',
    href,
    title,
    hints: { allow: isPossible ? [verb] : [], permissions: [permission] },
  }
}
