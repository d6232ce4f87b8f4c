// What the application dialect answers to each failure. A new code does not compile until it is
// answered here.
import type { InvalidMember, OperationFailure } from '../operations/operation-failure.ts'
import type { ProblemNumber } from './problem-catalogue.ts'
import type { RequestFailure } from './request-failure.ts'

export interface ProblemAnswer {
  readonly problem: ProblemNumber
  /** To which resource it happened; the path that was asked for when absent. */
  readonly resource?: string
  /** What happened: a sentence. */
  readonly reason: string
  /** What to do next: a sentence. */
  readonly remedy: string
  readonly invalidFields?: readonly InvalidMember[]
  readonly invalidParams?: readonly InvalidMember[]
  readonly schemaValidationFailure?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What an answer depends on beside the failure. */
export interface FailedRequest {
  readonly method: string
  /** What an unexpected failure of this operation is called. */
  readonly internalProblem: ProblemNumber
}

export type AnsweredFailure = OperationFailure | RequestFailure

type Answers = {
  readonly [Code in AnsweredFailure['code']]: (
    failure: Extract<AnsweredFailure, { code: Code }>,
    request: FailedRequest,
  ) => ProblemAnswer
}

export function answerFailure(failure: AnsweredFailure, request: FailedRequest): ProblemAnswer {
  // The compiler cannot see that the key and the argument belong together.
  const answer = ANSWERS[failure.code] as (
    failure: AnsweredFailure,
    request: FailedRequest,
  ) => ProblemAnswer
  return answer(failure, request)
}

const AUTHENTICATE = { 'www-authenticate': 'Bearer' }

const ANSWERS: Answers = {
  'token-missing': () => ({
    problem: 3,
    reason: 'The Authorization header is absent or carries no bearer token.',
    remedy: 'Send "Authorization: Bearer <token>"; the owner\'s token is in owner.json.',
    headers: AUTHENTICATE,
  }),
  'token-invalid': () => ({
    problem: 4,
    reason: 'No token of any user is the one that was sent, or it was revoked.',
    remedy: 'Use a valid token; "holdfast owner reset" makes a new one for the owner.',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  }),
  'user-disabled': ({ email }) => ({
    problem: 14,
    resource: `user ${email}`,
    reason: 'The user that the token belongs to, or its account, is switched off.',
    remedy: 'Ask an owner of the account to enable the user.',
  }),
  'address-not-allowed': ({ address }) => ({
    problem: 14,
    reason: `The API key may not be used from ${address}.`,
    remedy: 'Call from an address that its list has, or ask for the address to be added.',
  }),
  'capability-missing': ({ capability, isOutOfReach }) => ({
    problem: 11,
    reason: isOutOfReach
      ? `The role has the capability ${capability} in some namespaces only.`
      : `The role does not have the capability ${capability}.`,
    remedy: 'Ask an owner of the account for a role that has it.',
  }),
  'not-permitted': ({ permission, role, needed, isOutOfReach }) => ({
    problem: 11,
    reason:
      role === 'none'
        ? 'The user has no role in this account.'
        : isOutOfReach
          ? `The role ${role} holds in some namespaces only, and the permission ${permission} is needed beyond them.`
          : `The role ${role} does not include the permission ${permission}.`,
    remedy: isOutOfReach
      ? `Ask an owner of the account for the role ${needed} with the roleConstraints this needs.`
      : `Ask an owner of the account for the role ${needed}.`,
  }),
  'key-bound-to-addresses': () => ({
    problem: 11,
    reason:
      'The API key is for some addresses only, and what it would make or give works from anywhere.',
    remedy:
      'Make tokens, passwords and keys, and give roles, as a user, or with a key that is not so limited.',
  }),
  'role-above-caller': ({ identifier, rank, rankMax }) => ({
    problem: 11,
    resource: `role ${identifier}`,
    reason: `The role has the rank ${rank}, and the caller may do this up to the rank ${rankMax}.`,
    remedy: 'Choose a lower rank, or ask somebody with a higher role.',
  }),
  'capabilities-not-held': ({ capabilities }) => ({
    problem: 11,
    reason: `The caller does not have what would be given: ${capabilities.join(', ')}.`,
    remedy: 'Leave it out, or ask somebody who has it.',
  }),
  'role-fixed': ({ identifier, reason }) => ({
    problem: 11,
    resource: `role ${identifier}`,
    reason,
    remedy: 'Make a role of your own.',
  }),
  'role-identifier-taken': ({ identifier }) => ({
    problem: 10,
    resource: `role ${identifier}`,
    reason: 'Another role of the account has this identifier.',
    remedy: 'Choose another identifier, or change that role.',
    invalidFields: [{ name: 'identifier', reason: `${identifier} is taken by another role` }],
  }),
  'role-in-use': ({ identifier, apiKeys }) => ({
    problem: 11,
    resource: `role ${identifier}`,
    reason: `The role is that of ${apiKeys === 1 ? 'an API key' : `${apiKeys} API keys`}.`,
    remedy: 'Give them another role, or delete them, first.',
  }),
  'too-many': ({ kind, countMax }) => ({
    problem: 11,
    reason: `The account has ${countMax} of the kind ${kind}, and there may not be more.`,
    remedy: 'Delete what is not needed any more.',
  }),
  'audit-unavailable': () => ({
    problem: 41,
    reason: 'That the secret was read could not be written down, so it is not shown.',
    remedy: 'Try again; the log has the reason.',
  }),
  'login-refused': () => ({
    problem: 166,
    reason: 'No user who may log in has this e-mail address and this password.',
    remedy: 'Check both; whoever manages the users of the account can set a new password.',
  }),
  'login-throttled': ({ retryAfterSeconds }) => ({
    problem: 41,
    reason: 'Too many log-ins were tried in a short time.',
    remedy: `Try again in ${retryAfterSeconds} seconds.`,
    headers: { 'retry-after': String(retryAfterSeconds) },
  }),
  'password-change-needed': ({ email }) => ({
    problem: 11,
    resource: `user ${email}`,
    reason: 'The password must be changed at the first log-in.',
    remedy: 'Send the log-in again with newPassword beside password.',
  }),
  'cross-site-request': ({ origin }) => ({
    problem: 11,
    reason: `The session's cookie came with a request from ${origin}, which is not this service.`,
    remedy: 'Use the console of this service; programs send a bearer token instead of the cookie.',
  }),
  'email-taken': ({ email }) => ({
    problem: 10,
    resource: `user ${email}`,
    reason: 'Another user of the account has this e-mail address.',
    remedy: 'Choose another address, or change that user.',
    invalidFields: [{ name: 'email', reason: `${email} is taken by another user` }],
  }),
  'last-owner': ({ accountID }) => ({
    problem: 10,
    resource: `account ${accountID}`,
    reason: 'Nobody would be left who is owner of the account without constraints.',
    remedy: 'Make another active user owner, with roleConstraints ["*"], first.',
    invalidFields: [{ name: 'role', reason: 'is that of the last owner' }],
  }),
  'account-not-active': ({ accountID, state }) => ({
    problem: 11,
    resource: `account ${accountID}`,
    reason: `The account is ${state}: only its people, their roles and passwords can be changed.`,
    remedy: 'Make the account active and enabled; then its own users can do this.',
  }),
  'directory-not-connected': ({ member }) => ({
    problem: 10,
    reason: 'No directory is connected; users and their roles are kept here.',
    remedy: 'Make a local user with authProvider "local", and give it a role.',
    invalidFields: [{ name: member, reason: 'needs a connected directory' }],
  }),
  'not-found': ({ kind, id }, { method }) => ({
    // Documented so: reading a task that is missing with 1, changing a setting with 2.
    problem: kind === 'task' ? 1 : kind === 'setting' ? 2 : notFoundProblem(method),
    resource: `${kind} ${id}`,
    reason: `No ${kind} ${id} exists here.`,
    remedy: 'List the collection to see what exists, and check the ids in the path.',
  }),
  'path-unknown': (_failure, { method }) => ({
    problem: notFoundProblem(method),
    reason: 'Nothing is served at this path.',
    remedy: 'See /docs or /openapi.json for the paths that exist.',
  }),
  'method-unsupported': ({ allowed }) => ({
    problem: 69,
    reason: `This path answers ${allowed.join(', ')} only.`,
    remedy: 'See /docs or /openapi.json for what each path can do.',
    headers: { allow: allowed.join(', ') },
  }),
  'query-invalid': ({ parameters }) => ({
    problem: 5,
    reason: sentenceOf(parameters),
    remedy: 'Correct the named query parameters.',
    invalidParams: parameters,
  }),
  'query-unsupported': ({ parameters }) => ({
    problem: 6,
    reason: sentenceOf(parameters),
    remedy: 'Leave out the named query parameters.',
    invalidParams: parameters,
  }),
  'body-not-json': ({ reason }) => ({
    problem: 7,
    reason,
    remedy: 'Send one JSON object in UTF-8.',
  }),
  'body-breaks-schema': ({ members, report }) => ({
    problem: 8,
    reason: sentenceOf(members),
    remedy: 'Correct the named fields; /openapi.json holds the schema.',
    invalidFields: members,
    schemaValidationFailure: report,
  }),
  'body-too-large': ({ limitBytes }) => ({
    problem: 85,
    reason: `The body has more than ${limitBytes} bytes.`,
    remedy: 'Send a smaller body.',
  }),
  'request-malformed': ({ reason }) => ({
    problem: 7,
    reason,
    remedy: 'Send a well-formed HTTP request.',
  }),
  'precondition-failed': ({ header }) => ({
    problem: 38,
    reason: `The resource does not meet the ${header} header of the request: it was changed meanwhile.`,
    remedy: 'Read the resource again and repeat the change on what it is now.',
  }),
  'service-not-ready': ({ reason }) => ({
    problem: 41,
    resource: 'database',
    reason,
    remedy: 'Repeat the request in a few seconds; /readyz tells when the service is ready.',
    headers: { 'retry-after': '2' },
  }),
  internal: (_failure, { internalProblem }) => ({
    problem: internalProblem,
    reason: 'The service failed in a way it did not expect; nothing is known to have changed.',
    remedy: 'Look in the log of the service for this correlationID, and repeat the request.',
  }),
  'invalid-request': ({ members }) => ({
    problem: 9,
    reason: sentenceOf(members),
    remedy: 'Correct the named fields.',
    invalidFields: members,
  }),
  'fixed-value-changed': ({ resource, members }) => ({
    problem: 10,
    resource,
    reason: sentenceOf(members),
    remedy: 'Leave the named fields out, or send their present values.',
    invalidFields: members,
  }),
  'backup-name-taken': ({ appID, name }) => ({
    problem: 143,
    resource: `app ${appID}`,
    reason: `The app already has a backup named ${name}.`,
    remedy: 'Choose another name, leave the name out, or delete the other backup first.',
    invalidFields: [{ name: 'name', reason: `${name} is taken by another backup of the app` }],
  }),
  'snapshot-name-taken': ({ appID, name }) => ({
    problem: 176,
    resource: `app ${appID}`,
    reason: `The app already has a snapshot named ${name}.`,
    remedy: 'Choose another name, leave the name out, or delete the other snapshot first.',
    invalidFields: [{ name: 'name', reason: `${name} is taken by another snapshot of the app` }],
  }),
  'bucket-not-found': ({ bucketID, member = 'bucketID' }) => ({
    problem: 108,
    resource: `bucket ${bucketID}`,
    reason: 'The account has no bucket with this id.',
    remedy: `List the buckets and name one of them, or leave ${member} out.`,
    invalidFields: [{ name: member, reason: 'names no bucket of the account' }],
  }),
  'bucket-not-available': ({ bucketID, state }) => ({
    problem: 127,
    resource: `bucket ${bucketID}`,
    reason: `The bucket is ${state}.`,
    remedy: "Look at the bucket's stateDetails, or name another bucket.",
    invalidFields: [{ name: 'bucketID', reason: `names a bucket that is ${state}` }],
  }),
  'no-bucket-available': ({ appID }) => ({
    problem: 127,
    resource: `app ${appID}`,
    reason: 'No bucket was named, and none of those that could be chosen is available.',
    remedy: 'Make a bucket available or set a default bucket for the cluster or its cloud.',
    invalidFields: [{ name: 'bucketID', reason: 'is absent and no bucket can be selected' }],
  }),
  'snapshot-not-found': ({ snapshotID, appID }) => ({
    problem: 46,
    resource: `snapshot ${snapshotID}`,
    reason: `The ${appID === undefined ? 'account' : `app ${appID}`} has no snapshot with this id.`,
    remedy: "List the app's snapshots and name one of them.",
    invalidFields: [{ name: 'snapshotID', reason: 'names no snapshot of the app' }],
  }),
  'snapshot-not-completed': ({ snapshotID, state }) => ({
    problem: 111,
    resource: `snapshot ${snapshotID}`,
    reason: `The snapshot is ${state}, not completed.`,
    remedy: 'Wait until it is completed, or leave snapshotID out to take a new snapshot.',
    invalidFields: [{ name: 'snapshotID', reason: `names a snapshot that is ${state}` }],
  }),
  'snapshot-not-restorable': ({ snapshotID, state }) => ({
    problem: 46,
    resource: `snapshot ${snapshotID}`,
    reason: `The snapshot is ${state}; only a completed one can be restored.`,
    remedy: 'Name a completed snapshot or backup.',
    invalidFields: [{ name: 'snapshotID', reason: `names a snapshot that is ${state}` }],
  }),
  'backup-not-found': ({ backupID }) => ({
    problem: 74,
    resource: `backup ${backupID}`,
    reason: 'The account has no backup with this id.',
    remedy: "List the app's backups and name one of them.",
    invalidFields: [{ name: 'backupID', reason: 'names no backup of the account' }],
  }),
  'backup-not-restorable': ({ backupID, state }) => ({
    problem: 74,
    resource: `backup ${backupID}`,
    reason: `The backup is ${state}; only a completed one can be restored.`,
    remedy: 'Name a completed backup or snapshot.',
    invalidFields: [{ name: 'backupID', reason: `names a backup that is ${state}` }],
  }),
  'copy-of-other-app': ({ copyID, appID }) => ({
    problem: 76,
    resource: `app ${appID}`,
    reason: `The copy ${copyID} was made of another app.`,
    remedy: "Name a copy of this app, or address the copy's own app.",
  }),
  'backup-pending': ({ backupID, name }) => ({
    problem: 128,
    resource: `backup ${name} (${backupID})`,
    reason: 'The backup has not begun yet, so there is nothing that could be stopped.',
    remedy: 'Wait until it is running, then delete it.',
  }),
  'snapshot-in-use': ({ snapshotID, backupID, backupName }) => ({
    problem: 144,
    resource: `snapshot ${snapshotID}`,
    reason: `The backup ${backupName} (${backupID}) reads it.`,
    remedy: 'Wait until that backup has ended, or delete that backup first.',
  }),
  'copy-being-restored': ({ copyID, appID }) => ({
    problem: 142,
    resource: `copy ${copyID}`,
    reason: `A restore or a clone reads this copy of the app ${appID}.`,
    remedy: 'Wait until the restore has ended, or cancel its task.',
  }),
  'restore-not-confirmed': ({ appID }) => ({
    problem: 79,
    resource: `app ${appID}`,
    reason: 'The request asks for a restore in place, which replaces the data of the app.',
    remedy: 'Send the header "ForceUpdate: true" with it.',
  }),
  'copies-unended': ({ appID }) => ({
    problem: 152,
    resource: `app ${appID}`,
    reason: 'A backup or snapshot of the app has not ended.',
    remedy: 'Wait until it has ended, or delete it, then restore.',
  }),
  'app-restoring': ({ appID }) => ({
    problem: 112,
    resource: `app ${appID}`,
    reason: 'The app is being restored.',
    remedy: 'Wait until it is ready, or cancel the task of the restore.',
  }),
  'app-not-ready': ({ appID, state }) => ({
    problem: 112,
    resource: `app ${appID}`,
    reason: `The app is ${state}: its data is not there yet.`,
    remedy: 'Wait until it is ready, or cancel the task that makes it.',
  }),
  'trash-item-needs-app': ({ itemID, appID }) => ({
    problem: 164,
    resource: `snapshot ${itemID}`,
    reason: 'A snapshot lies where its app runs and is of use with its app only.',
    remedy: `Restore the app ${appID} from the trash: its snapshots and backups come with it.`,
  }),
  'trash-item-needs-cluster': ({ appID, clusterID }) => ({
    problem: 164,
    resource: `app ${appID}`,
    reason: 'Its cluster is not managed any more, and apps are on managed clusters only.',
    remedy: `Manage the cluster ${clusterID} again, or restore a backup of the app alone and make a new app from it elsewhere.`,
  }),
  'app-never-filled': ({ appID }) => ({
    problem: 164,
    resource: `app ${appID}`,
    reason: 'The app was to be made from a copy, and that failed: it has no data.',
    remedy: 'Delete the app and make it from the copy again.',
  }),
  'source-app-not-found': ({ appID }) => ({
    problem: 75,
    resource: `app ${appID}`,
    reason: 'The account has no app with this id.',
    remedy: 'List the apps and name one of them; of an app that is gone, name a backup.',
    invalidFields: [{ name: 'sourceAppID', reason: 'names no app of the account' }],
  }),
  'source-not-on-cluster': ({ appID, clusterID }) => ({
    problem: 129,
    resource: `app ${appID}`,
    reason: `The source is not on the cluster ${clusterID}.`,
    remedy: 'Leave sourceClusterID out, or send the cluster of the source.',
    invalidFields: [{ name: 'sourceClusterID', reason: 'is not the cluster of the source' }],
  }),
  'restore-filter-invalid': ({ members }) => ({
    problem: 147,
    reason: sentenceOf(members),
    remedy: 'Correct the named elements of the filter, or leave them out.',
    invalidFields: members,
  }),
  'storage-class-not-found': ({ storageClass, clusterID, member }) => ({
    problem: 156,
    resource: `cluster ${clusterID}`,
    reason: `The cluster has no storage class ${storageClass}.`,
    remedy: "List the cluster's storage classes and name one of them, or leave the mapping out.",
    invalidFields: [{ name: member, reason: 'names no storage class of the target cluster' }],
  }),
  'namespace-unavailable': ({ namespace, appName, member }) => ({
    problem: 123,
    resource: `namespace ${namespace}`,
    reason: `The app ${appName} is defined by this namespace.`,
    remedy: 'Choose another destination, or delete that app first.',
    invalidFields: [{ name: member, reason: `${namespace} belongs to the app ${appName}` }],
  }),
  'app-backup-running': ({ appID }) => ({
    problem: 157,
    resource: `app ${appID}`,
    reason: 'A backup of the app has not ended.',
    remedy: 'Wait until it has ended, or delete it, then remove the app.',
  }),
  'selective-restore-unsupported': ({ appID }) => ({
    problem: 155,
    resource: `app ${appID}`,
    reason: 'A live clone takes the whole app; only what is in a copy can be selected.',
    remedy: 'Leave restoreFilter out, or name a snapshot or backup instead of the app.',
    invalidFields: [{ name: 'restoreFilter', reason: 'needs snapshotID or backupID' }],
  }),
  'clone-unsupported': ({ appID, reason }) => ({
    problem: 151,
    resource: `app ${appID}`,
    reason,
    remedy: 'Choose a cluster of the type that the source is on.',
  }),
  'backup-command-missing': ({ appID }) => ({
    problem: 164,
    resource: `app ${appID}`,
    reason: 'No command is configured whose output could be kept as a backup.',
    remedy:
      'Configure integrations.backups.backup.command of the container, or make an appBackup of its volumes.',
  }),
  'restore-command-missing': ({ appID }) => ({
    problem: 164,
    resource: `app ${appID}`,
    reason:
      'The backup is what a command wrote, and no command is configured that could restore it.',
    remedy: 'Configure integrations.backups.restore.command of the container, then restore it.',
  }),
  'stream-not-clonable': ({ backupID, appID }) => ({
    problem: 151,
    resource: `backup ${backupID}`,
    reason:
      'The backup is what a command wrote: it holds no volumes of which a new app could be made.',
    remedy: `Restore it in place into the app ${appID}, or make a new app from a backup of volumes.`,
    invalidFields: [{ name: 'backupID', reason: 'names a backup without volumes' }],
  }),
  'cluster-not-found': ({ clusterID, member = 'clusterID' }) => ({
    problem: 106,
    resource: `cluster ${clusterID}`,
    reason: 'The account has no cluster with this id.',
    remedy: 'List the managed clusters and name one of them.',
    invalidFields: [{ name: member, reason: 'names no cluster of the account' }],
  }),
  'cloud-name-taken': ({ name }) => ({
    problem: 140,
    resource: `cloud ${name}`,
    reason: `The account already has a cloud named ${name}.`,
    remedy: 'Choose another name, or use that cloud.',
    invalidFields: [{ name: 'name', reason: `${name} is taken by another cloud` }],
  }),
  'cloud-in-use': ({ cloudID, name, clusters }) => ({
    problem: 141,
    resource: `cloud ${name} (${cloudID})`,
    reason: `Clusters of it are managed: ${clusters.join(', ')}.`,
    remedy: 'Delete them from the managed clusters first.',
  }),
  'cluster-not-creatable': ({ cloudID }) => ({
    problem: 93,
    resource: `cloud ${cloudID}`,
    reason: 'Clusters of this cloud are hosts, which the configuration of the service names.',
    remedy: 'Name the directory in HOLDFAST_HOST_CLUSTERS and restart the service.',
  }),
  'cluster-managed': ({ clusterID, name }) => ({
    problem: 45,
    resource: `cluster ${name} (${clusterID})`,
    reason: 'The cluster is managed already.',
    remedy: 'Use it; change it with PUT.',
    invalidFields: [{ name: 'id', reason: 'names a cluster that is managed already' }],
  }),
  'cluster-not-manageable': ({ clusterID, name, reason }) => ({
    problem: 146,
    resource: `cluster ${name} (${clusterID})`,
    reason,
    remedy: 'Make the cluster reachable and repeat the request.',
    invalidFields: [{ name: 'id', reason: 'names a cluster that cannot be reached' }],
  }),
  'cluster-fixed': ({ clusterID, name, clusterType }) => ({
    problem: 67,
    resource: `cluster ${name} (${clusterID})`,
    reason: `A cluster of the type ${clusterType} is reached without a credential.`,
    remedy: 'Leave credentialID out.',
    invalidFields: [{ name: 'credentialID', reason: 'has no meaning for this cluster' }],
  }),
  'cluster-in-use': ({ clusterID, reason, remedy }) => ({
    problem: 164,
    resource: `cluster ${clusterID}`,
    reason,
    remedy,
  }),
  'cluster-configured': ({ clusterID, name }) => ({
    problem: 92,
    resource: `cluster ${name} (${clusterID})`,
    reason: 'A service has this cluster by its configuration.',
    remedy: 'Take its directory out of HOLDFAST_HOST_CLUSTERS, restart that service and repeat.',
  }),
  'trident-missing': ({ clusterID, name }) => ({
    problem: 58,
    resource: `cluster ${name} (${clusterID})`,
    reason: 'There is no Trident on a cluster of this type.',
    remedy: 'Leave tridentManagedStateDesired out.',
    invalidFields: [{ name: 'tridentManagedStateDesired', reason: 'cannot be managed here' }],
  }),
  'storage-class-invalid': ({ clusterID, storageClassID, member }) => ({
    problem: 167,
    resource: `cluster ${clusterID}`,
    reason: `The cluster has no storage class ${storageClassID}.`,
    remedy: "List the cluster's storage classes and name one of them.",
    invalidFields: [{ name: member, reason: 'names no storage class of the cluster' }],
  }),
  'mirror-source-invalid': ({ appID }) => ({
    problem: 117,
    resource: `app ${appID}`,
    reason: 'The account has no app with this id.',
    remedy: 'List the apps and name one of them.',
    invalidFields: [{ name: 'sourceAppID', reason: 'names no app of the account' }],
  }),
  'mirror-unsupported': ({ appID }) => ({
    problem: 150,
    resource: `app ${appID}`,
    reason: 'No cluster of this service can mirror volumes to another one.',
    remedy: 'Back the app up on a schedule, and restore its backups to a new app elsewhere.',
  }),
  'storage-backend-unreachable': ({ name }) => ({
    problem: 133,
    resource: `storage backend ${name}`,
    reason: 'This service does not look for storage systems: it uses the storage of its clusters.',
    remedy: 'Manage the cluster that uses the storage; its volumes are protected as they are.',
  }),
  'namespace-not-found': ({ namespace, member }) => ({
    problem: 122,
    resource: `namespace ${namespace}`,
    reason: `The cluster has no namespace ${namespace}.`,
    remedy: "List the cluster's namespaces; names it refuses are in the cluster's stateUnready.",
    invalidFields: [{ name: member, reason: 'names no namespace of the cluster' }],
  }),
  'namespace-removed': ({ namespace, member }) => ({
    problem: 124,
    resource: `namespace ${namespace}`,
    reason: `The namespace ${namespace} was there once and is gone.`,
    remedy: 'Make the namespace anew, or name another one.',
    invalidFields: [{ name: member, reason: 'names a namespace that is gone' }],
  }),
  'app-exists': ({ appID, name }) => ({
    problem: 121,
    resource: `app ${name} (${appID})`,
    reason: 'This app has exactly the same namespaces already.',
    remedy: 'Use that app, or choose other namespaces.',
    invalidFields: [
      { name: 'namespaceScopedResources', reason: `defines the app ${name} already` },
    ],
  }),
  'app-definition-taken': ({ appID, name }) => ({
    problem: 136,
    resource: `app ${name} (${appID})`,
    reason: 'This app has exactly the same namespaces already.',
    remedy: 'Use that app, or choose other namespaces.',
    invalidFields: [
      { name: 'namespaceScopedResources', reason: `defines the app ${name} already` },
    ],
  }),
  'kind-unknown': ({ member }) => ({
    problem: 147,
    reason: 'The cluster has no resources of this kind.',
    remedy: 'Leave clusterScopedResources out.',
    invalidFields: [{ name: member, reason: 'names a kind that the cluster does not have' }],
  }),
  'task-not-cancellable': ({ taskID }) => ({
    problem: 10,
    resource: `task ${taskID}`,
    reason: 'The task has ended, or is past the point from which it only goes forward.',
    remedy: 'Read the task to see how it ended.',
    invalidFields: [{ name: 'state', reason: 'does not allow to cancel any more' }],
  }),
  'hooks-disabled': () => ({
    problem: 168,
    reason: 'Execution hooks are switched off in this account; none runs.',
    remedy: 'Ask an admin to set isEnabled of the setting holdfast.hooks to "true".',
  }),
  'hook-name-taken': ({ appID, name }) => ({
    problem: 10,
    resource: `app ${appID}`,
    reason: `The app already has an execution hook named ${name}.`,
    remedy: 'Choose another name, or change the hook that has it.',
    invalidFields: [{ name: 'name', reason: `${name} is taken by another hook of the app` }],
  }),
  'hook-read-only': ({ name }) => ({
    problem: 73,
    resource: `execution hook ${name}`,
    reason: 'Hooks of hookType netapp come with the product and cannot be made or changed.',
    remedy: 'Make a hook of hookType custom.',
  }),
  'hook-source-name-taken': ({ name }) => ({
    problem: 10,
    resource: `hook source ${name}`,
    reason: `The account already has a hook source named ${name}.`,
    remedy: 'Choose another name, or change the hook source that has it.',
    invalidFields: [{ name: 'name', reason: `${name} is taken by another hook source` }],
  }),
  'hook-source-read-only': ({ name }) => ({
    problem: 71,
    resource: `hook source ${name}`,
    reason: 'The hook source came with the product.',
    remedy: 'Make a hook source of your own with what you need of it.',
  }),
  'hook-source-in-use': ({ name, hook, app }) => ({
    problem: 72,
    resource: `hook source ${name}`,
    reason: `The execution hook ${hook} of the app ${app} runs it; the app may lie in the trash.`,
    remedy: 'Delete the hooks that use it, or have them use another one, then delete it.',
  }),
  'schedule-exists': ({ appID, scheduleID, name, member }) => ({
    problem: 132,
    resource: `schedule ${name} (${scheduleID})`,
    reason:
      member === 'name'
        ? `The app ${appID} already has a schedule with this name.`
        : `This schedule of the app ${appID} runs at the same times into the same bucket.`,
    remedy: 'Change that schedule with PUT, or choose another name and other times.',
    invalidFields: [{ name: member, reason: `is that of the schedule ${name}` }],
  }),
  'webhook-name-taken': ({ name }) => ({
    problem: 10,
    resource: `webhook ${name}`,
    reason: `The account already has a webhook named ${name}.`,
    remedy: 'Choose another name, or change the webhook that has it.',
    invalidFields: [{ name: 'name', reason: `${name} is taken by another webhook` }],
  }),
  'password-exists': ({ credentialID, userID }) => ({
    problem: 39,
    resource: `credential ${credentialID}`,
    reason: `The user ${userID} already has a password.`,
    remedy: 'Change that credential with PUT.',
    invalidFields: [{ name: 'name', reason: 'names a user that has a password already' }],
  }),
  'password-in-use': ({ credentialID, userID }) => ({
    problem: 10,
    resource: `credential ${credentialID}`,
    reason: `It is the password of the user ${userID}, who is still there.`,
    remedy: 'Delete the user, or change the password with PUT.',
    invalidFields: [{ name: 'name', reason: 'names a user who still exists' }],
  }),
  'same-password': ({ userID }) => ({
    problem: 81,
    resource: `user ${userID}`,
    reason: 'The new password is the present one.',
    remedy: 'Choose another password.',
    invalidFields: [{ name: 'keyStore.cleartext', reason: 'is the present password' }],
  }),
  'kubeconfig-exists': ({ credentialID, name }) => ({
    problem: 44,
    resource: `credential ${name} (${credentialID})`,
    reason: 'This credential is for the same cluster.',
    remedy: 'Use that credential, or change it with PUT.',
    invalidFields: [
      { name: 'keyStore.base64', reason: 'describes a cluster that has a credential' },
    ],
  }),
  'kubeconfig-invalid': ({ reason }) => ({
    problem: 63,
    reason: `The kubeconfig cannot connect to a cluster. ${reason}`,
    remedy: 'Send a kubeconfig of one cluster as JSON, in base64, as the entry base64.',
    invalidFields: [{ name: 'keyStore.base64', reason: 'is no kubeconfig of one cluster' }],
  }),
  'bucket-exists': ({ bucketID, name }) => ({
    problem: 57,
    resource: `bucket ${name} (${bucketID})`,
    reason: 'This bucket has the same place, or the same name, provider and server.',
    remedy: 'Use that bucket, or name another one.',
    invalidFields: [{ name: 'bucketParameters', reason: `is the place of the bucket ${name}` }],
  }),
  'bucket-identifier-taken': ({ bucketID, identifier }) => ({
    problem: 10,
    resource: `bucket ${bucketID}`,
    reason: `As an integration this bucket is known as ${identifier}.`,
    remedy: 'Choose another identifier.',
    invalidFields: [{ name: 'identifier', reason: `${identifier} is taken by another bucket` }],
  }),
  'bucket-server-mismatch': ({ provider, server }) => ({
    problem: 82,
    resource: `server ${server}`,
    reason: `The server ${server} is not one of the provider ${provider}.`,
    remedy: 'Name the provider that the server is of; generic-s3 fits every S3 server.',
    invalidFields: [{ name: 'provider', reason: 'does not fit the server' }],
  }),
  'bucket-in-use': ({ bucketID, backups, snapshots, schedules, containers }) => ({
    problem: 83,
    resource: `bucket ${bucketID}`,
    reason: `It is used by ${counted(backups, 'backup')}, ${counted(snapshots, 'snapshot')}, ${counted(schedules, 'schedule')} and the configuration of ${counted(containers, 'container')}, those in the trash included.`,
    remedy:
      'Delete them, empty the trash, or name another bucket in the schedules and configurations.',
  }),
  'bucket-is-cloud-default': ({ bucketID, cloud }) => ({
    problem: 84,
    resource: `bucket ${bucketID}`,
    reason: `It is the default bucket of the cloud ${cloud}.`,
    remedy: 'Give the cloud another defaultBucketID first.',
  }),
  'bucket-is-cluster-default': ({ bucketID, cluster }) => ({
    problem: 175,
    resource: `bucket ${bucketID}`,
    reason: `It is the default bucket of the cluster ${cluster}.`,
    remedy: 'Give the managed cluster another defaultBucketID first.',
  }),
  'repository-not-made': ({ bucketID }, { method }) => ({
    problem: notFoundProblem(method),
    resource: `bucket ${bucketID}`,
    reason: 'The account has no repository in this bucket yet; the first backup makes it.',
    remedy: 'Make a backup into this bucket first.',
  }),
  'cluster-unreachable': ({ clusterID, reason }) => ({
    problem: 40,
    resource: `cluster ${clusterID}`,
    reason: `The cluster cannot be reached: ${reason}`,
    remedy: "Look at the cluster's stateUnready, bring it back and repeat the request.",
  }),
}

/** PUT and DELETE name an item, everything else reads or extends a collection. */
function notFoundProblem(method: string): 1 | 2 {
  return method === 'PUT' || method === 'DELETE' || method === 'PATCH' ? 1 : 2
}

function sentenceOf(members: readonly InvalidMember[]): string {
  return `${members.map(({ name, reason }) => `${name} ${reason}`).join('; ')}.`
}

function counted(count: number, thing: string): string {
  return count === 1 ? `1 ${thing}` : `${count} ${thing}s`
}
