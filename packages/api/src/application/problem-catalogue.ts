// The problems of the application dialect that the product answers, with their fixed texts.
//
// Titles are those of the published catalogue. Details of 1, 2, 3, 5, 10, 11, 94 to 97, 128 and 144
// are its literal texts; clients compare them.

export interface Problem {
  readonly status: number
  readonly title: string
  readonly detail: string
}

export const PROBLEMS = {
  1: {
    status: 404,
    title: 'Resource not found',
    detail: "The resource specified in the request URI wasn't found.",
  },
  2: {
    status: 404,
    title: 'Collection not found',
    detail: "The collection specified in the request URI wasn't found.",
  },
  3: {
    status: 401,
    title: 'Missing bearer token',
    detail: 'The request is missing the required bearer token.',
  },
  4: {
    status: 401,
    title: 'Invalid bearer token',
    detail: 'The bearer token in the request is unknown, malformed or revoked.',
  },
  5: {
    status: 400,
    title: 'Invalid query parameters',
    detail: 'The supplied query parameters are invalid.',
  },
  6: {
    status: 400,
    title: 'Query parameters not supported',
    detail: "The supplied query parameters aren't supported on this endpoint.",
  },
  7: {
    status: 400,
    title: 'Invalid JSON payload',
    detail: "The request body isn't valid JSON.",
  },
  8: {
    status: 400,
    title: 'Invalid JSON resource',
    detail: "The request body JSON doesn't conform to the resource's schema.",
  },
  9: {
    status: 400,
    title: 'Invalid JSON resource',
    detail: 'The request body JSON conforms to the schema but its values are not valid here.',
  },
  10: {
    status: 409,
    title: 'JSON resource conflict',
    detail: 'The request body JSON contains a field that conflicts with an idempotent value.',
  },
  11: {
    status: 403,
    title: 'Operation not permitted',
    detail: "The requested operation isn't permitted.",
  },
  14: {
    status: 403,
    title: 'Unauthorized access',
    detail: 'The calling user is disabled.',
  },
  34: {
    status: 500,
    title: 'Internal server error',
    detail: 'The request failed because of an internal server issue.',
  },
  38: {
    status: 412,
    title: 'Precondition not met',
    detail: "A precondition in the request headers isn't met.",
  },
  39: {
    status: 409,
    title: 'Credential exists',
    detail: 'A credential of the same kind exists already.',
  },
  40: {
    status: 502,
    title: 'Communication failed',
    detail: 'The service could not communicate with something that the request needs.',
  },
  41: {
    status: 503,
    title: 'Service not ready',
    detail: "The service can't answer yet.",
  },
  44: {
    status: 409,
    title: 'Kubeconfig exists',
    detail: 'A credential for this cluster exists already.',
  },
  45: {
    status: 409,
    title: 'Cluster exists',
    detail: 'The cluster already exists.',
  },
  46: {
    status: 400,
    title: 'Snapshot not found',
    detail: "The specified snapshot wasn't found.",
  },
  49: {
    status: 500,
    title: 'Snapshot not deleted',
    detail: "The snapshot wasn't deleted because of an internal server issue.",
  },
  57: {
    status: 409,
    title: 'Bucket already exists',
    detail: 'A bucket with the same name, provider and server exists already.',
  },
  58: {
    status: 400,
    title: 'Trident not installed',
    detail: "Trident isn't installed on the cluster.",
  },
  63: {
    status: 400,
    title: 'Kubeconfig not valid',
    detail: 'The kubeconfig cannot be used to connect to a cluster.',
  },
  67: {
    status: 400,
    title: 'Cluster modify not supported',
    detail: "The type of the cloud or cluster doesn't allow this change.",
  },
  69: {
    status: 405,
    title: 'Method not supported',
    detail: "The request method isn't supported by this resource.",
  },
  71: {
    status: 403,
    title: 'Preloaded hook sources read only',
    detail: "Hook sources that came with the product can't be changed or deleted.",
  },
  72: {
    status: 403,
    title: 'Hook source referenced by execution hook',
    detail: 'The hook source is used by an execution hook.',
  },
  73: {
    status: 403,
    title: 'NetApp execution hooks read only',
    detail: "Execution hooks that came with the product can't be created, changed or deleted.",
  },
  74: {
    status: 400,
    title: 'Backup not found',
    detail: "The specified backup wasn't found.",
  },
  75: {
    status: 400,
    title: 'Application not found',
    detail: "The specified application wasn't found.",
  },
  76: {
    status: 403,
    title: 'Application not valid',
    detail: 'The specified backup or snapshot belongs to another application.',
  },
  79: {
    status: 403,
    title: 'Missing request header',
    detail: 'The request is missing a required header.',
  },
  80: {
    status: 500,
    title: 'Application not updated',
    detail: "The application wasn't updated because of an internal server issue.",
  },
  81: {
    status: 400,
    title: 'Same password supplied',
    detail: 'The new password equals the present one.',
  },
  82: {
    status: 400,
    title: 'Bucket/host mismatch',
    detail: 'The type of the bucket differs from the type of the S3 server.',
  },
  83: {
    status: 409,
    title: 'Bucket in use',
    detail: 'The bucket is used by a backup or a schedule.',
  },
  84: {
    status: 409,
    title: 'Bucket is default bucket',
    detail: 'The bucket is the default bucket of a cloud.',
  },
  85: {
    status: 413,
    title: 'Request body too large',
    detail: 'The request body is larger than the service accepts.',
  },
  86: {
    status: 500,
    title: 'Application not retrieved',
    detail: "The application wasn't retrieved because of an internal server issue.",
  },
  88: {
    status: 500,
    title: 'Applications not listed',
    detail: "The applications didn't list because of an internal server issue.",
  },
  90: {
    status: 500,
    title: 'Application not added',
    detail: "The application wasn't added because of an internal server issue.",
  },
  91: {
    status: 500,
    title: 'Application not deleted',
    detail: "The application wasn't deleted because of an internal server issue.",
  },
  92: {
    status: 405,
    title: 'Cluster delete not supported',
    detail: "The type of the cloud doesn't allow deleting the cluster.",
  },
  93: {
    status: 405,
    title: 'Cluster create not supported',
    detail: "The type of the cloud doesn't allow adding a cluster.",
  },
  94: {
    status: 500,
    title: 'Backup not created',
    detail: "The backup wasn't created because of an internal server issue.",
  },
  95: {
    status: 500,
    title: 'Backup not retrieved',
    detail: "The backup wasn't retrieved because of an internal server issue.",
  },
  96: {
    status: 500,
    title: 'Backups not listed',
    detail: "The backups didn't list because of an internal server issue.",
  },
  97: {
    status: 500,
    title: 'Backup not deleted',
    detail: "The backup wasn't deleted because of an internal server issue.",
  },
  98: {
    status: 500,
    title: 'Snapshot not created',
    detail: "The snapshot wasn't created because of an internal server issue.",
  },
  99: {
    status: 500,
    title: 'Snapshot not retrieved',
    detail: "The snapshot wasn't retrieved because of an internal server issue.",
  },
  100: {
    status: 500,
    title: 'Snapshots not listed',
    detail: "The snapshots didn't list because of an internal server issue.",
  },
  101: {
    status: 500,
    title: 'Resources not listed',
    detail: "The resources didn't list because of an internal server issue.",
  },
  102: {
    status: 500,
    title: 'Resource not updated',
    detail: "The resource wasn't updated because of an internal server issue.",
  },
  103: {
    status: 500,
    title: 'Resource not retrieved',
    detail: "The resource wasn't retrieved because of an internal server issue.",
  },
  104: {
    status: 500,
    title: 'Resource not deleted',
    detail: "The resource wasn't deleted because of an internal server issue.",
  },
  105: {
    status: 500,
    title: 'Resource not created',
    detail: "The resource wasn't created because of an internal server issue.",
  },
  106: {
    status: 400,
    title: 'Cluster not found',
    detail: "The specified cluster wasn't found.",
  },
  108: {
    status: 400,
    title: 'Bucket not found',
    detail: "The specified bucket wasn't found.",
  },
  111: {
    status: 409,
    title: 'Snapshot not ready',
    detail: "The specified snapshot isn't available now.",
  },
  112: {
    status: 409,
    title: 'Application not ready',
    detail: "The application isn't available now.",
  },
  117: {
    status: 400,
    title: 'Source app ID invalid',
    detail: 'The source application of the mirror is invalid.',
  },
  121: {
    status: 409,
    title: 'Application already exists',
    detail: 'An application with this definition already exists.',
  },
  122: {
    status: 400,
    title: 'Namespace not found',
    detail: "The specified namespace wasn't found.",
  },
  123: {
    status: 409,
    title: 'Namespace unavailable',
    detail: "The specified namespace isn't available.",
  },
  124: {
    status: 400,
    title: 'Namespace removed',
    detail: 'The specified namespace was removed.',
  },
  127: {
    status: 400,
    title: 'Bucket unavailable',
    detail: 'No bucket is available to store the copy.',
  },
  128: {
    status: 409,
    title: 'Backup cancellation not allowed',
    detail: "A pending backup can't be canceled.",
  },
  129: {
    status: 400,
    title: 'Application not found in cluster',
    detail: "The application wasn't found in the specified cluster.",
  },
  132: {
    status: 409,
    title: 'Duplicate schedule',
    detail: 'The same schedule already exists for the application.',
  },
  133: {
    status: 400,
    title: 'ONTAP discovery unsuccessful',
    detail: "The storage system can't be discovered.",
  },
  136: {
    status: 409,
    title: 'Application not updated',
    detail: 'Another application has the same namespace definition.',
  },
  140: {
    status: 409,
    title: 'Duplicate cloud name',
    detail: 'A cloud with this name already exists.',
  },
  141: {
    status: 409,
    title: 'Action blocked: Delete cloud instance',
    detail: "The cloud can't be deleted while it has managed clusters.",
  },
  142: {
    status: 409,
    title: 'Backup or snapshot not deleted',
    detail:
      "The backup or snapshot wasn't deleted because an application is being restored from it.",
  },
  143: {
    status: 409,
    title: 'Backup with the same name exists',
    detail: 'The application already has a backup with this name.',
  },
  144: {
    status: 409,
    title: 'Backup in progress',
    detail: "The snapshot wasn't deleted because it is currently being used by a backup.",
  },
  146: {
    status: 400,
    title: 'Creation failed',
    detail: "The cluster couldn't be brought under management.",
  },
  147: {
    status: 400,
    title: 'Invalid GVKN specified',
    detail: 'A specified group, version, kind or name is empty or invalid.',
  },
  150: {
    status: 409,
    title: 'Replication not supported',
    detail: "The application can't be replicated.",
  },
  151: {
    status: 409,
    title: 'Clone operation not supported',
    detail: "The application can't be cloned.",
  },
  152: {
    status: 409,
    title: 'In-place restore not supported',
    detail: "The application can't be restored in place while a backup or snapshot of it runs.",
  },
  155: {
    status: 409,
    title: 'Selective restore not supported',
    detail: "The application can't be restored selectively.",
  },
  156: {
    status: 400,
    title: 'Target storage class not found',
    detail: "The target storage class wasn't found on the target cluster.",
  },
  157: {
    status: 409,
    title: 'Application not unmanaged',
    detail: "The application wasn't unmanaged because a backup of it runs.",
  },
  164: {
    status: 409,
    title: 'Requested resource in unexpected state',
    detail: "The requested resource isn't in the expected state.",
  },
  166: {
    status: 401,
    title: 'Unauthorized access',
    detail: 'The request could not be authorized.',
  },
  167: {
    status: 400,
    title: 'Storage class invalid',
    detail: "The storage class isn't supported.",
  },
  168: {
    status: 403,
    title: 'Execution hook action not permitted',
    detail: 'Execution hooks are switched off in the settings of the account.',
  },
  175: {
    status: 409,
    title: 'Bucket deletion not allowed',
    detail: 'The bucket is the default bucket of a cluster.',
  },
  176: {
    status: 409,
    title: 'Snapshot name already exists',
    detail: 'The application already has a snapshot with this name.',
  },
} as const satisfies Readonly<Record<number, Problem>>

export type ProblemNumber = keyof typeof PROBLEMS

/** Media type URIs of problems, as published; they name, they are not fetched. */
export function problemType(number: ProblemNumber): string {
  return `https://astra.netapp.io/problems/${number}`
}
