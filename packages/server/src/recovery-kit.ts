// The recovery kit: everything without which backups cannot be read when this host is lost.
import { join } from 'node:path'
import {
  createSealing,
  type Database,
  DatabaseError,
  findInstallation,
  listRepositoryPlaces,
  openRepositorySecrets,
  type RepositoryPlace,
  type Sealing,
} from '@holdfast/db'
import type { ServiceConfig } from './config.ts'
import { withInstallation } from './installation-access.ts'
import type { Log } from './log.ts'
import { refuseOtherKey, toSealing } from './master-key.ts'
import { readMasterKeys } from './master-key-file.ts'
import { ServerError } from './server-error.ts'

/** As text to print and keep. Fails when the master key does not open what is sealed. */
export function makeRecoveryKit(
  config: ServiceConfig,
  { log, now }: { readonly log: Log; readonly now: Date },
): Promise<string> {
  return withInstallation(config, { log }, async (database) => {
    const installation = await findInstallation(database)
    if (installation === undefined) throw new ServerError({ code: 'not-set-up', home: config.home })
    const expected = installation.masterKeyFingerprint
    const keys = await readMasterKeys(config.masterKeyFile)
    if (keys === undefined) throw new DatabaseError({ code: 'master-key-missing', expected })
    const sealing = createSealing(...toSealing(keys))
    await refuseOtherKey(database, sealing)
    if (!sealing.keyIDs.includes(expected)) {
      const found = sealing.keyIDs.join(', ')
      throw new DatabaseError({ code: 'master-key-other', expected, found })
    }
    const repositories = await describeRepositories(database, sealing, config.home)
    return [
      'Holdfast recovery kit',
      '',
      'Keep this where it survives the loss of this host, and never beside the backups:',
      'whoever has it can read all of them.',
      '',
      `Installation:  ${installation.id}`,
      `Made:          ${now.toISOString()}`,
      `Home:          ${config.home}`,
      ...keys.map(
        (key, at) => `${at === 0 ? 'Master key:   ' : '  older key:  '} ${key.toString('base64')}`,
      ),
      `               (the content of ${config.masterKeyFile}, fingerprint ${sealing.keyIDs.join(', ')})`,
      '',
      ...repositories,
      'Without Holdfast, stock restic reads every repository:',
      '  restic -r <URL> snapshots',
      '  restic -r <URL> restore <snapshot> --target <directory>',
      'When a repository was moved, only its URL changes. New buckets need a new kit.',
      '',
    ].join('\n')
  })
}

async function describeRepositories(
  database: Database,
  sealing: Sealing,
  home: string,
): Promise<string[]> {
  const lines: string[] = []
  const places = await listRepositoryPlaces(database)
  for (const place of places) {
    const secrets = await openRepositorySecrets(database, sealing, place.id)
    if (secrets === undefined) continue
    lines.push(
      `Repository of ${describePlace(place)}`,
      `  URL:         ${repositoryUrl(place, home)}`,
      `  Password:    ${secrets.password}`,
      '',
    )
  }
  return places.some(({ s3URL }) => s3URL !== undefined) ? [...lines, ...S3_LINES] : lines
}

/** The keys are the bucket's: they are changed more often than a kit is made. */
const S3_LINES = [
  'Repositories whose URL begins with s3: need the keys of their bucket, which are not in this kit:',
  '  export AWS_ACCESS_KEY_ID=<access key> AWS_SECRET_ACCESS_KEY=<secret key>',
  '  export AWS_DEFAULT_REGION=<region>       where the server has regions',
  '  restic --cacert <file> …                 for a server with its own certificate authority',
  '  restic -o s3.bucket-lookup=dns …         for a server that wants buckets as host names',
  '',
]

function describePlace({ accountName, bucketName, clusterName }: RepositoryPlace): string {
  const where =
    bucketName === undefined ? `local snapshots of ${clusterName}` : `bucket "${bucketName}"`
  return `${where}, account "${accountName}"`
}

function repositoryUrl({ bucketPath, s3URL, prefix }: RepositoryPlace, home: string): string {
  if (s3URL !== undefined) return s3URL
  return join(bucketPath ?? snapshotsDirectory(home), prefix)
}

/** The local snapshot repositories, one directory an account. */
export function snapshotsDirectory(home: string): string {
  return join(home, 'snapshots')
}
