// What the container dialect answers to each failure: a code of its documents, and a text that tells
// what happened, to which resource, and what to do next. A new code does not compile until it is
// answered here.
import { hexIDOf } from '@holdfast/db'
import type {
  InvalidMember,
  MissingKind,
  OperationFailure,
} from '../operations/operation-failure.ts'
import type { ErrorCode } from './error-catalogue.ts'
import type { RequestFailure } from './request-failure.ts'

export interface ErrorAnswer {
  readonly code: ErrorCode
  /** Whole sentences. */
  readonly detail: string
  /** RFC 6901, into the body of the request. */
  readonly source?: string
  /** Of a missing capability. */
  readonly capability?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Who calls is not known: where it is set, the answer takes the form that OAuth gives it. */
  readonly oauth?: 'invalid_token' | 'invalid_request'
}

export type AnsweredFailure = OperationFailure | RequestFailure

type Answers = {
  readonly [Code in AnsweredFailure['code']]: (
    failure: Extract<AnsweredFailure, { code: Code }>,
  ) => ErrorAnswer
}

export function answerFailure(failure: AnsweredFailure): ErrorAnswer {
  // The compiler cannot see that the key and the argument belong together.
  const answer = ANSWERS[failure.code] as (failure: AnsweredFailure) => ErrorAnswer
  return answer(failure)
}

/** What each kind of thing is here. Kinds that no path of the dialect names share the last code. */
const MISSING: Readonly<Record<MissingKind, readonly [ErrorCode, string]>> = {
  app: ['404.container', 'container'],
  instance: ['404.instance', 'instance'],
  backup: ['404.container.backup', 'backup'],
  task: ['404.job', 'job'],
  bucket: ['404.hub.integration', 'integration'],
  role: ['404.hub.role', 'role'],
  'API key': ['404.hub.api-key', 'API key'],
  account: ['404.hub', 'hub'],
  cluster: ['404.environment', 'environment'],
  snapshot: ['404.uri', 'snapshot'],
  credential: ['404.uri', 'credential'],
  user: ['404.uri', 'user'],
  token: ['404.uri', 'token'],
  'role binding': ['404.uri', 'role binding'],
  group: ['404.uri', 'group'],
  cloud: ['404.uri', 'cloud'],
  collection: ['404.uri', 'collection'],
  setting: ['404.uri', 'setting'],
  resource: ['404.uri', 'resource'],
}

/** RFC 6750, section 3: never without a parameter. What says nothing of a token has no error. */
const CHALLENGE = 'Bearer realm="holdfast"'

const ANSWERS: Answers = {
  'token-missing': () => ({
    code: '401.auth-invalid',
    detail:
      'The Authorization header is absent or carries no bearer token. Send "Authorization: Bearer <API key>".',
    headers: { 'www-authenticate': CHALLENGE },
    oauth: 'invalid_request',
  }),
  'token-invalid': () => ({
    code: '401.auth-invalid',
    detail:
      'No API key or token of any hub is the one that was sent, or it was revoked. Send a valid one.',
    headers: { 'www-authenticate': `${CHALLENGE}, error="invalid_token"` },
    oauth: 'invalid_token',
  }),
  'user-disabled': ({ email }) => ({
    code: '403.not-allowed',
    detail: `${email}, or its hub, is switched off. Ask an owner of the hub to enable it.`,
  }),
  'address-not-allowed': ({ address }) => ({
    code: '403.invalid-ip',
    detail: `The API key may not be used from ${address}. Call from an address that its list has, or ask for the address to be added.`,
  }),
  'capability-missing': ({ capability, isOutOfReach }) => ({
    code: '403.permissions',
    detail: isOutOfReach
      ? `The capability ${capability} is held for some containers only, and it is needed for the whole hub. Ask an owner of the hub for a role without constraints.`
      : `The caller's role does not include the capability ${capability}. Ask an owner of the hub for a role that does.`,
    capability,
  }),
  'not-permitted': ({ permission, needed }) => ({
    code: '403.permissions',
    detail: `The caller's role does not include the permission ${permission}. Ask an owner of the hub for the role ${needed}.`,
  }),
  'key-bound-to-addresses': () => ({
    code: '403.not-allowed',
    detail:
      'The API key is for some addresses only, and what it would make or give works from anywhere. Make tokens, passwords and keys, and give roles, as a user, or with a key that is not so limited.',
  }),
  'role-above-caller': ({ identifier, rank, rankMax }) => ({
    code: '403.not-allowed',
    detail: `The role ${identifier} has the rank ${rank}, and the caller may do this up to the rank ${rankMax}. Choose a lower rank, or ask somebody with a higher role.`,
  }),
  'capabilities-not-held': ({ capabilities }) => ({
    code: '403.permissions',
    detail: `The caller does not have what would be given: ${capabilities.join(', ')}. Leave it out, or ask somebody who has it.`,
    ...(capabilities[0] === undefined ? {} : { capability: capabilities[0] }),
  }),
  'role-fixed': ({ identifier, reason }) => ({
    code: '403.not-allowed',
    detail: `The role ${identifier}: ${reason} Make a role of your own.`,
  }),
  'role-identifier-taken': ({ identifier }) => ({
    code: '409.duplicate-found',
    detail: `Another role of the hub has the identifier ${identifier}. Choose another one, or change that role.`,
    source: '/identifier',
  }),
  'role-in-use': ({ identifier, apiKeys }) => ({
    code: '403.invalid-state',
    detail: `The role ${identifier} is that of ${apiKeys === 1 ? 'an API key' : `${apiKeys} API keys`}. Give them another role, or delete them, first.`,
  }),
  'too-many': ({ kind, countMax }) => ({
    code: '422.max-exceeded',
    detail: `The hub has ${countMax} of the kind ${kind}, and there may not be more. Delete what is not needed any more.`,
  }),
  'login-refused': () => ({
    code: '403.not-allowed',
    detail: 'No user who may log in has this e-mail address and this password. Check both.',
  }),
  'audit-unavailable': () => ({
    code: '503.not-ready',
    detail:
      'That the secret was read could not be written down, so it is not shown. Try again; the log has the reason.',
  }),
  'login-throttled': ({ retryAfterSeconds }) => ({
    code: '429.rate-limiting',
    detail: `Too many log-ins were tried in a short time. Try again in ${retryAfterSeconds} seconds.`,
    headers: { 'retry-after': String(retryAfterSeconds) },
  }),
  'password-change-needed': ({ email }) => ({
    code: '403.not-allowed',
    detail: `The password of ${email} must be changed at the first log-in. Log in with newPassword.`,
  }),
  'cross-site-request': ({ origin }) => ({
    code: '403.not-allowed',
    detail: `The session's cookie came with a request from ${origin}, which is not this service. Programs send a bearer token instead of the cookie.`,
  }),
  'email-taken': ({ email }) => ({
    code: '409.duplicate-found',
    detail: `Another user has the e-mail address ${email}. Choose another one, or change that user.`,
  }),
  'last-owner': () => ({
    code: '403.not-allowed',
    detail: 'Nobody would be left who owns the hub. Make another active user owner first.',
  }),
  'account-not-active': ({ state }) => ({
    code: '403.not-ready',
    detail: `The hub is ${state}. Make it active and enabled; then its own users can do this.`,
  }),
  'directory-not-connected': ({ member }) => ({
    code: '422.invalid-argument',
    detail: `No directory is connected, which ${member} needs. Make a local user.`,
  }),
  'not-found': ({ kind, id, member }) => {
    const [code, noun] = MISSING[kind]
    const where = member === undefined ? 'the ids in the path' : member
    return {
      code,
      detail: `The hub has no ${noun} ${id} here. List the collection to see what exists, and check ${where}.`,
      ...(member === undefined ? {} : { source: pointerOf(member) }),
    }
  },
  'path-unknown': () => ({
    code: '404.uri',
    detail: 'Nothing is served at this path. See /docs or /openapi.json for the paths that exist.',
  }),
  'method-unsupported': ({ allowed }) => ({
    // The documents have neither the status 405 nor a code for it.
    code: '404.uri',
    detail: `This path answers ${allowed.join(', ')} only. See /openapi.json for what each path can do.`,
    headers: { allow: allowed.join(', ') },
  }),
  'hub-missing': () => ({
    code: '422.missing-argument',
    detail: 'The header X-Hub-Id is absent. Send the id of the hub with every request.',
  }),
  'hub-wrong': ({ hubID }) => ({
    code: '403.wrong-hub',
    detail: `The bearer token is not one of the hub ${hubID}. Send the id of its own hub as X-Hub-Id, or a token of that hub.`,
  }),
  'query-invalid': ({ parameter, reason }) => ({
    code: '422.invalid-argument',
    detail: `The query parameter ${parameter} ${reason}. Correct it or leave it out.`,
  }),
  'page-too-large': ({ sizeMax }) => ({
    code: '422.max-exceeded',
    detail: `The query parameter page[size] is more than ${sizeMax}. Ask for smaller pages.`,
  }),
  'list-too-long': ({ lengthMax }) => ({
    code: '422.max-exceeded',
    detail: `The list has more than ${lengthMax} elements. Ask for pages with page[size] and page[number].`,
  }),
  'body-not-json': ({ reason }) => ({
    code: '400.invalid-syntax',
    detail: `${reason} Send one JSON document in UTF-8.`,
  }),
  'body-not-typed': ({ contentType }) => ({
    code: '415.invalid-content-type',
    detail: `${contentType === undefined ? 'The body has no Content-Type.' : `The Content-Type of the body is ${contentType}.`} Send JSON with "Content-Type: application/json".`,
  }),
  'body-incomplete': ({ pointer, reason }) => ({
    code: '422.missing-argument',
    detail: `${memberAt(pointer)} ${reason}. Send it; /openapi.json holds the schema.`,
    source: pointer,
  }),
  'body-breaks-schema': ({ pointer, reason }) => ({
    code: '422.invalid-argument',
    detail: `${memberAt(pointer)} ${reason}. Correct it; /openapi.json holds the schema.`,
    source: pointer,
  }),
  'body-too-large': ({ bytesMax }) => ({
    // The documents have no status 413.
    code: '422.max-exceeded',
    detail: `The body has more than ${bytesMax} bytes. Send a smaller body.`,
  }),
  'change-unsupported': ({ pointer, reason }) => ({
    code: '422.not-compatible',
    detail: `${memberAt(pointer)} ${reason}. Send its present value.`,
    source: pointer,
  }),
  'action-unsupported': ({ action }) => ({
    code: '422.invalid-argument',
    detail: `The action ${action} is not done here: containers are run by what they run on, and only backed up and restored here. Use that, or the action reconfigure, which sets integrations.backups.`,
    source: '/action',
  }),
  'backup-not-live': ({ backupID, state }) => ({
    code: '403.invalid-state',
    detail: `The backup ${backupID} is ${state}; only one that is live can be restored. Name another one.`,
  }),
  'backup-deleting': ({ backupID }) => ({
    code: '403.invalid-state',
    detail: `The backup ${backupID} is being deleted already. Follow that job; once it has completed, the backup is not found any more.`,
  }),
  'request-malformed': ({ reason }) => ({
    code: '400.invalid-syntax',
    detail: `${reason} Send a well-formed HTTP request.`,
  }),
  'service-not-ready': ({ reason }) => ({
    code: '503.not-ready',
    detail: `${reason} Repeat the request in a few seconds; /readyz tells when the service is ready.`,
    headers: { 'retry-after': '2' },
  }),
  internal: () => ({
    code: '500.unknown',
    detail:
      'The service failed in a way it did not expect; nothing is known to have changed. Look in the log of the service, and repeat the request.',
  }),
  'invalid-request': ({ members }) => ({
    code: members[0]?.isMissing ? '422.missing-argument' : '422.invalid-argument',
    detail: `${sentenceOf(members)} Correct what is named.`,
    ...sourceOf(members),
  }),
  'fixed-value-changed': ({ members }) => ({
    code: '422.not-compatible',
    detail: `${sentenceOf(members)} Send the present values.`,
    ...sourceOf(members),
  }),
  'backup-name-taken': ({ appID, name }) => ({
    code: '409.duplicate-found',
    detail: `The container ${hexIDOf(appID)} already has a backup named ${name}. Choose another name.`,
  }),
  'snapshot-name-taken': ({ appID, name }) => ({
    code: '409.duplicate-found',
    detail: `The container ${hexIDOf(appID)} already has a snapshot named ${name}. Choose another name.`,
  }),
  'bucket-not-found': ({ bucketID }) => ({
    code: '404.hub.integration',
    detail: `The hub has no integration ${hexIDOf(bucketID)}. List the integrations and name one of them.`,
  }),
  'bucket-not-available': ({ bucketID, state }) => ({
    code: '403.invalid-state',
    detail: `The bucket of the integration ${hexIDOf(bucketID)} is ${state}. Verify the integration, or name another one.`,
  }),
  'no-bucket-available': ({ appID }) => ({
    code: '403.not-ready',
    detail: `No integration can take backups of the container ${hexIDOf(appID)}. Name one that is live, or set a default bucket.`,
  }),
  'snapshot-not-found': ({ snapshotID }) => ({
    code: '422.invalid-argument',
    detail: `The hub has no snapshot ${snapshotID}. Name one that exists.`,
  }),
  'snapshot-not-completed': ({ snapshotID, state }) => ({
    code: '403.invalid-state',
    detail: `The snapshot ${snapshotID} is ${state}, not completed. Wait until it is completed.`,
  }),
  'snapshot-not-restorable': ({ snapshotID, state }) => ({
    code: '403.invalid-state',
    detail: `The snapshot ${snapshotID} is ${state}; only a completed one can be restored. Name another one.`,
  }),
  'backup-not-found': () => ({
    code: '404.container.backup',
    detail: `The container does not have the backup any more. List its backups and name one of them.`,
  }),
  // A backup of volumes has an id of its own for each instance, so these are told without one.
  'backup-not-restorable': ({ state }) => ({
    code: '403.invalid-state',
    detail: `The backup is ${state}; only one that is live can be restored. Name another one.`,
  }),
  'copy-of-other-app': ({ appID }) => ({
    code: '403.mismatch',
    detail: `The backup is not one of the container ${hexIDOf(appID)}. Name a backup of this container.`,
  }),
  'backup-pending': () => ({
    code: '403.invalid-state',
    detail: `The backup has not begun yet, so there is nothing that could be stopped. Wait until it is running, then delete it.`,
  }),
  'snapshot-in-use': ({ snapshotID, backupID }) => ({
    code: '403.invalid-state',
    detail: `The backup ${hexIDOf(backupID)} reads the snapshot ${snapshotID}. Wait until it has ended.`,
  }),
  'copy-being-restored': ({ appID }) => ({
    code: '403.invalid-state',
    detail: `A restore reads the backup of the container ${hexIDOf(appID)}. Wait until its job has ended.`,
  }),
  'restore-not-confirmed': ({ appID }) => ({
    code: '422.missing-argument',
    detail: `The restore replaces the data of the container ${hexIDOf(appID)}, which was not confirmed. Send the header "ForceUpdate: true".`,
  }),
  'copies-unended': ({ appID }) => ({
    code: '403.invalid-state',
    detail: `A backup or snapshot of the container ${hexIDOf(appID)} has not ended. Wait until it has ended, or delete it, then restore.`,
  }),
  'app-restoring': ({ appID }) => ({
    code: '403.invalid-state',
    detail: `The container ${hexIDOf(appID)} is being restored. Wait until the job of the restore has ended.`,
  }),
  'app-not-ready': ({ appID, state }) => ({
    code: '403.invalid-state',
    detail: `The container ${hexIDOf(appID)} is ${state}: its data is not there yet. Wait until it is running.`,
  }),
  'trash-item-needs-app': ({ itemID, appID }) => ({
    code: '403.invalid-state',
    detail: `The snapshot ${itemID} is of use with the container ${hexIDOf(appID)} only. Restore that from the trash.`,
  }),
  'trash-item-needs-cluster': ({ appID, clusterID }) => ({
    code: '403.invalid-state',
    detail: `The environment ${hexIDOf(clusterID)} of the container ${hexIDOf(appID)} is not managed any more. Manage it again first.`,
  }),
  'app-never-filled': ({ appID }) => ({
    code: '403.invalid-state',
    detail: `The container ${hexIDOf(appID)} was to be made from a copy, and that failed: it has no data. Delete it and make it again.`,
  }),
  'source-app-not-found': ({ appID }) => ({
    code: '404.container',
    detail: `The hub has no container ${hexIDOf(appID)}. List the containers and name one of them.`,
  }),
  'source-not-on-cluster': ({ appID, clusterID }) => ({
    code: '403.mismatch',
    detail: `The container ${hexIDOf(appID)} is not in the environment ${hexIDOf(clusterID)}. Name the environment that it is in.`,
  }),
  'restore-filter-invalid': ({ members }) => ({
    code: '422.invalid-argument',
    detail: `${sentenceOf(members)} Correct what is named.`,
  }),
  'storage-class-not-found': ({ storageClass, clusterID }) => ({
    code: '422.invalid-argument',
    detail: `The environment ${hexIDOf(clusterID)} has no storage class ${storageClass}. Name one that it has.`,
  }),
  'namespace-unavailable': ({ namespace, appName }) => ({
    code: '409.duplicate-found',
    detail: `The container ${appName} is defined by the namespace ${namespace}. Choose another one.`,
  }),
  'app-backup-running': ({ appID }) => ({
    code: '403.invalid-state',
    detail: `A backup of the container ${hexIDOf(appID)} has not ended. Wait until it has ended, or delete it.`,
  }),
  'selective-restore-unsupported': ({ appID }) => ({
    code: '422.not-compatible',
    detail: `The container ${hexIDOf(appID)} can be copied as a whole only. Leave the selection out.`,
  }),
  'clone-unsupported': ({ reason }) => ({
    code: '422.not-compatible',
    detail: `${reason} Choose another environment.`,
  }),
  'backup-command-missing': ({ appID }) => ({
    code: '403.invalid-state',
    detail: `No command is configured whose output could be kept as a backup of the container ${hexIDOf(appID)}. Configure integrations.backups.backup.command with its task reconfigure.`,
  }),
  'restore-command-missing': ({ appID }) => ({
    code: '403.invalid-state',
    detail: `The backup is what a command wrote, and no command is configured for the container ${hexIDOf(appID)} that could restore it. Configure integrations.backups.restore.command with its task reconfigure.`,
  }),
  'stream-not-clonable': ({ backupID }) => ({
    code: '422.not-compatible',
    detail: `The backup ${hexIDOf(backupID)} is what a command wrote, and holds no volumes of which a new container could be made. Restore it into its own container.`,
  }),
  'cluster-not-found': ({ clusterID }) => ({
    code: '404.environment',
    detail: `The hub has no environment ${hexIDOf(clusterID)}. Name one that it has.`,
  }),
  'cloud-name-taken': ({ name }) => ({
    code: '409.duplicate-found',
    detail: `The hub already has a cloud named ${name}. Choose another name.`,
  }),
  'cloud-in-use': ({ name, clusters }) => ({
    code: '403.invalid-state',
    detail: `Environments of the cloud ${name} are managed: ${clusters.join(', ')}. Delete them first.`,
  }),
  'cluster-not-creatable': () => ({
    code: '403.not-allowed',
    detail:
      'Environments on hosts come from the configuration of the service. Name the directory in HOLDFAST_HOST_CLUSTERS and restart the service.',
  }),
  'cluster-managed': ({ name }) => ({
    code: '422.already-exists',
    detail: `The environment ${name} is managed already. Use it.`,
  }),
  'cluster-not-manageable': ({ reason }) => ({
    code: '403.not-ready',
    detail: `${reason} Make the environment reachable and repeat the request.`,
  }),
  'cluster-fixed': ({ name, clusterType }) => ({
    code: '422.not-compatible',
    detail: `The environment ${name} is of the type ${clusterType}, which is reached without a credential. Leave it out.`,
  }),
  'cluster-in-use': ({ reason, remedy }) => ({
    code: '403.invalid-state',
    detail: `${reason} ${remedy}`,
  }),
  'cluster-configured': ({ name }) => ({
    code: '403.not-allowed',
    detail: `A service has the environment ${name} by its configuration. Take it out of HOLDFAST_HOST_CLUSTERS first.`,
  }),
  'trident-missing': ({ name }) => ({
    code: '422.not-compatible',
    detail: `There is no Trident in the environment ${name}. Leave it out.`,
  }),
  'storage-class-invalid': ({ clusterID, storageClassID }) => ({
    code: '422.invalid-argument',
    detail: `The environment ${hexIDOf(clusterID)} has no storage class ${storageClassID}. Name one that it has.`,
  }),
  'mirror-source-invalid': ({ appID }) => ({
    code: '404.container',
    detail: `The hub has no container ${hexIDOf(appID)}. List the containers and name one of them.`,
  }),
  'mirror-unsupported': () => ({
    code: '503.not-enabled',
    detail: 'No environment of this service can mirror volumes. Back the container up instead.',
  }),
  'storage-backend-unreachable': ({ name }) => ({
    code: '422.invalid-argument',
    detail: `This service does not look for storage systems such as ${name}. Manage the environment that uses it.`,
  }),
  'namespace-not-found': ({ namespace }) => ({
    code: '422.invalid-argument',
    detail: `The environment has no namespace ${namespace}. Name one that it has.`,
  }),
  'namespace-removed': ({ namespace }) => ({
    code: '422.invalid-argument',
    detail: `The namespace ${namespace} was there once and is gone. Make it anew, or name another one.`,
  }),
  'app-exists': ({ appID, name }) => ({
    code: '422.already-exists',
    detail: `The container ${name} (${hexIDOf(appID)}) has exactly the same namespaces already. Use that one.`,
  }),
  'app-definition-taken': ({ appID, name }) => ({
    code: '409.duplicate-found',
    detail: `The container ${name} (${hexIDOf(appID)}) has exactly the same namespaces already. Use that one.`,
  }),
  'kind-unknown': ({ member }) => ({
    code: '422.invalid-argument',
    detail: `The environment has no resources of the kind that ${member} names. Leave it out.`,
  }),
  'task-not-cancellable': ({ taskID }) => ({
    code: '403.invalid-state',
    detail: `The job ${hexIDOf(taskID)} has ended, or only goes forward now. Read it to see how it ended.`,
  }),
  'hooks-disabled': () => ({
    code: '503.not-enabled',
    detail: 'Execution hooks are switched off in this hub. Ask an admin to switch them on.',
  }),
  'hook-name-taken': ({ name }) => ({
    code: '409.duplicate-found',
    detail: `The container already has an execution hook named ${name}. Choose another name.`,
  }),
  'hook-read-only': ({ name }) => ({
    code: '403.not-allowed',
    detail: `The execution hook ${name} came with the product. Make one of your own.`,
  }),
  'hook-source-name-taken': ({ name }) => ({
    code: '409.duplicate-found',
    detail: `The hub already has a hook source named ${name}. Choose another name.`,
  }),
  'hook-source-read-only': ({ name }) => ({
    code: '403.not-allowed',
    detail: `The hook source ${name} came with the product. Make one of your own.`,
  }),
  'hook-source-in-use': ({ name, hook, app }) => ({
    code: '403.invalid-state',
    detail: `The execution hook ${hook} of the container ${app} runs the hook source ${name}. Delete that hook first.`,
  }),
  'schedule-exists': ({ name, member }) => ({
    code: '409.duplicate-found',
    detail: `The schedule ${name} of the container has the same ${member}. Change that one, or choose another ${member}.`,
  }),
  'webhook-name-taken': ({ name }) => ({
    code: '409.duplicate-found',
    detail: `The hub already has a webhook named ${name}. Choose another name.`,
  }),
  'password-exists': ({ userID }) => ({
    code: '422.already-exists',
    detail: `The user ${hexIDOf(userID)} already has a password. Change that one.`,
  }),
  'password-in-use': ({ userID }) => ({
    code: '403.invalid-state',
    detail: `It is the password of the user ${hexIDOf(userID)}, who is still there. Change it instead.`,
  }),
  'same-password': () => ({
    code: '422.invalid-argument',
    detail: 'The new password is the present one. Choose another one.',
  }),
  'kubeconfig-exists': ({ name }) => ({
    code: '409.duplicate-found',
    detail: `The credential ${name} is for the same environment. Use that one, or change it.`,
  }),
  'kubeconfig-invalid': ({ reason }) => ({
    code: '422.invalid-argument',
    detail: `${reason} Send a kubeconfig of one cluster.`,
  }),
  'bucket-exists': ({ bucketID, name }) => ({
    code: '409.duplicate-found',
    detail: `The integration ${name} (${hexIDOf(bucketID)}) has the same bucket. Use that one, or name another bucket.`,
  }),
  'bucket-identifier-taken': ({ bucketID, identifier }) => ({
    code: '409.duplicate-found',
    detail: `The integration ${hexIDOf(bucketID)} already has the identifier ${identifier}. Choose another one.`,
    source: '/identifier',
  }),
  'bucket-server-mismatch': ({ provider, server }) => ({
    code: '422.invalid-argument',
    detail: `The server ${server} is not one of the provider ${provider}. Choose the vendor that it is of.`,
  }),
  'bucket-in-use': ({ bucketID, backups, snapshots, schedules, containers }) => ({
    code: '403.invalid-state',
    detail: `The integration ${hexIDOf(bucketID)} is used: backups ${backups}, snapshots ${snapshots}, schedules ${schedules}, configurations of containers ${containers}, those in the trash included. Delete them, or name another integration there.`,
  }),
  'bucket-is-cloud-default': ({ bucketID, cloud }) => ({
    code: '403.invalid-state',
    detail: `The integration ${hexIDOf(bucketID)} is the default bucket of the cloud ${cloud}. Give that another one first.`,
  }),
  'bucket-is-cluster-default': ({ bucketID, cluster }) => ({
    code: '403.invalid-state',
    detail: `The integration ${hexIDOf(bucketID)} is the default bucket of the environment ${cluster}. Give that another one first.`,
  }),
  'repository-not-made': ({ bucketID }) => ({
    code: '403.not-ready',
    detail: `There is no repository in the integration ${hexIDOf(bucketID)} yet. The first backup makes it.`,
  }),
  'cluster-unreachable': ({ clusterID, reason }) => ({
    code: '403.not-ready',
    detail: `The environment ${hexIDOf(clusterID)} cannot be reached: ${reason} Bring it back and repeat the request.`,
  }),
}

function memberAt(pointer: string): string {
  return pointer === '' ? 'The body' : `The member ${pointer} of the body`
}

function sentenceOf(members: readonly InvalidMember[]): string {
  return `${members.map(({ name, reason }) => `${name} ${reason}`).join('; ')}.`
}

/** Operations name members as `a.b[0]`; the first one counts, since only one can be told. */
function sourceOf(members: readonly InvalidMember[]): { readonly source?: string } {
  const [first] = members
  return first === undefined ? {} : { source: pointerOf(first.name) }
}

/** `a.b[0]` → `/a/b/0` */
function pointerOf(name: string): string {
  const segments = name.split(/[.[\]]+/).filter((segment) => segment !== '')
  return segments.map((segment) => `/${segment}`).join('')
}
