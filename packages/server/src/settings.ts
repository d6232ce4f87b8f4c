// What can be configured: an environment variable each, and a flag of the same name.

export interface Setting {
  readonly variable: `HOLDFAST_${string}`
  /** Of `holdfast serve`, without the dashes. */
  readonly flag: string
  readonly placeholder: string
  readonly meaning: string
}

export const SETTINGS = [
  {
    variable: 'HOLDFAST_HOME',
    flag: 'home',
    placeholder: 'directory',
    meaning: 'all local state (default ~/.holdfast)',
  },
  {
    variable: 'HOLDFAST_LISTEN',
    flag: 'listen',
    placeholder: 'host:port',
    meaning: 'address of the API (default 127.0.0.1:7400)',
  },
  {
    variable: 'HOLDFAST_PUBLIC_URL',
    flag: 'public-url',
    placeholder: 'url',
    meaning: 'how clients reach the service, for addresses in answers (default: as they asked)',
  },
  {
    variable: 'HOLDFAST_TRUSTED_PROXIES',
    flag: 'trusted-proxies',
    placeholder: 'addresses',
    meaning: 'proxies whose X-Forwarded headers count: addresses or networks, with commas between',
  },
  {
    variable: 'HOLDFAST_DATABASE_URL',
    flag: 'database-url',
    placeholder: 'url',
    meaning: 'a PostgreSQL server (default: the embedded one)',
  },
  {
    variable: 'HOLDFAST_HOST_ROOT',
    flag: 'host-root',
    placeholder: 'directory',
    meaning: 'root of the host cluster, <namespace>/<volume>/ (default $HOLDFAST_HOME/apps)',
  },
  {
    variable: 'HOLDFAST_HOST_CLUSTERS',
    flag: 'host-clusters',
    placeholder: 'name=directory',
    meaning: 'further directories that are host clusters: name=/path, with commas between',
  },
  {
    variable: 'HOLDFAST_TLS_CERT',
    flag: 'tls-cert',
    placeholder: 'file',
    meaning: 'certificate chain in PEM; serves HTTPS together with the key',
  },
  {
    variable: 'HOLDFAST_TLS_KEY',
    flag: 'tls-key',
    placeholder: 'file',
    meaning: 'private key of the certificate in PEM',
  },
  {
    variable: 'HOLDFAST_MASTER_KEY_FILE',
    flag: 'master-key-file',
    placeholder: 'file',
    meaning: 'encrypts stored secrets (default $HOLDFAST_HOME/master.key, made once)',
  },
  {
    variable: 'HOLDFAST_PRIVATE_TARGETS',
    flag: 'private-targets',
    placeholder: 'allow|refuse',
    meaning: 'whether buckets and webhooks may be in loopback and private networks (default allow)',
  },
  {
    variable: 'HOLDFAST_COMMANDS_AS_ROOT',
    flag: 'commands-as-root',
    placeholder: 'allow|refuse',
    meaning: 'whether hooks may run as root, where root owns an app (default refuse)',
  },
  {
    variable: 'HOLDFAST_CONTAINER_AUTH_ERRORS',
    flag: 'container-auth-errors',
    placeholder: 'oauth|envelope',
    meaning:
      'form of 401 answers below /v1: as OAuth 2 does it, or as other errors (default oauth)',
  },
  {
    variable: 'HOLDFAST_METRICS_TOKEN',
    flag: 'metrics-token',
    placeholder: 'token',
    meaning: 'reads /metrics beside the tokens of owners; at least 16 characters',
  },
  {
    variable: 'HOLDFAST_LOG_LEVEL',
    flag: 'log-level',
    placeholder: 'level',
    meaning: 'trace, debug, info, warn, error, fatal or silent (default info)',
  },
] as const satisfies readonly Setting[]

export type SettingVariable = (typeof SETTINGS)[number]['variable']

/** Values as they were given; an empty one counts as none. */
export type GivenSettings = Readonly<Partial<Record<SettingVariable, string | undefined>>>
