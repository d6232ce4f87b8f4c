// A certificate authority of its own and a server certificate for 127.0.0.1 and localhost.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface TestCertificates {
  /** PEM */
  readonly certificateAuthority: string
  readonly certificatePath: string
  readonly keyPath: string
}

/** For the `skip` option of a test: false, or what is missing. */
export const OPENSSL_MISSING: string | false = hasOpenssl()
  ? false
  : 'NOT TESTED: certificates are made with `openssl`, which is missing'

/** Files in a directory that exists and that the caller removes. */
export function makeTestCertificates(directory: string): TestCertificates {
  const at = (name: string): string => join(directory, name)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl([
    'req',
    '-x509',
    ...newKey,
    '-days',
    '2',
    '-subj',
    '/CN=Holdfast test authority',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  ])
  openssl([
    'req',
    ...newKey,
    '-subj',
    '/CN=127.0.0.1',
    '-keyout',
    at('server.key'),
    '-out',
    at('server.csr'),
  ])
  writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
  openssl([
    'x509',
    '-req',
    '-days',
    '2',
    '-in',
    at('server.csr'),
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-extfile',
    at('names'),
    '-out',
    at('server.pem'),
  ])
  return {
    certificateAuthority: readFileSync(at('ca.pem'), 'utf8'),
    certificatePath: at('server.pem'),
    keyPath: at('server.key'),
  }
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function hasOpenssl(): boolean {
  const directories = (process.env.PATH ?? '').split(delimiter)
  return directories.some((path) => existsSync(join(path, 'openssl')))
}
