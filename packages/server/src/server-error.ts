// Why the service could not start, in words for the one who started it.

export type ServerFailure =
  | { readonly code: 'invalid-configuration'; readonly problems: readonly string[] }
  | { readonly code: 'home-not-usable'; readonly home: string; readonly reason: string }
  | { readonly code: 'home-in-use'; readonly home: string; readonly pid: number | undefined }
  | { readonly code: 'home-file-invalid'; readonly file: string; readonly reason: string }
  | { readonly code: 'port-taken'; readonly address: string }
  | { readonly code: 'address-not-usable'; readonly address: string; readonly reason: string }
  | { readonly code: 'master-key-invalid'; readonly file: string; readonly reason: string }
  | { readonly code: 'other-installation'; readonly home: string }
  | { readonly code: 'host-root-not-usable'; readonly directory: string; readonly reason: string }
  | { readonly code: 'service-not-running'; readonly home: string }
  | { readonly code: 'other-service-running'; readonly executorID: string }
  | { readonly code: 'service-starting'; readonly home: string }
  | { readonly code: 'not-set-up'; readonly home: string }

export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly failure: ServerFailure

  constructor(failure: ServerFailure, cause?: unknown) {
    super(messageOf(failure), cause === undefined ? undefined : { cause })
    this.failure = failure
  }
}

function messageOf(failure: ServerFailure): string {
  switch (failure.code) {
    case 'invalid-configuration':
      return `The configuration is not valid:\n${failure.problems.map((problem) => `  - ${problem}`).join('\n')}`
    case 'home-not-usable':
      return `The home directory ${failure.home} cannot be used: ${failure.reason}. Set HOLDFAST_HOME to a directory that this user can write.`
    case 'home-in-use': {
      const who = failure.pid === undefined ? '' : ` (process ${failure.pid})`
      return `Another Holdfast service${who} already runs with the home ${failure.home}. Stop it first, or set HOLDFAST_HOME to another directory.`
    }
    case 'home-file-invalid':
      return `The file ${failure.file} cannot be used: ${failure.reason}. Restore it from a copy, or remove it if it is empty.`
    case 'port-taken':
      return `The address ${failure.address} is already in use by another program. Stop that program, or set HOLDFAST_LISTEN to another port.`
    case 'address-not-usable':
      return `Holdfast cannot listen on ${failure.address}: ${failure.reason}. Set HOLDFAST_LISTEN to an address of this machine and a port that this user may use.`
    case 'master-key-invalid':
      return `The master key file ${failure.file} cannot be used: ${failure.reason}. Put the right key file back; a recovery kit holds it.`
    case 'other-installation':
      return `The database belongs to another Holdfast installation than the home ${failure.home}. Check HOLDFAST_DATABASE_URL and HOLDFAST_HOME; to join that installation, use a new home with its master key.`
    case 'host-root-not-usable':
      return `The host root ${failure.directory} cannot be used: ${failure.reason}. Set HOLDFAST_HOST_ROOT to a directory that this user can read.`
    case 'service-not-running':
      return `No Holdfast service has ever run with the home ${failure.home}. Start it with \`holdfast serve\`, or set HOLDFAST_HOME.`
    case 'other-service-running':
      return `Another Holdfast service (executor id ${failure.executorID}) works with this database. Stop every service of the installation first.`
    case 'service-starting':
      return `The service with the home ${failure.home} is starting or stopping; its database does not answer yet. Try again in a moment.`
    case 'not-set-up':
      return `The installation in ${failure.home} has no owner yet. Start it once with \`holdfast serve\`.`
    default: {
      const never: never = failure
      return never
    }
  }
}
