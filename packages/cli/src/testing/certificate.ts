// A certificate for tests, and the trust of this process in it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

export interface TestCertificate {
  readonly certFile: string
  readonly keyFile: string
  /** Removes the files and ends the trust. */
  release(): void
}

/** For `127.0.0.1` and `localhost`; `fetch` of this process trusts it from now on. */
export function makeTrustedCertificate(): TestCertificate {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-certificate-'))
  const certFile = join(directory, 'cert.pem')
  const keyFile = join(directory, 'key.pem')
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost'
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile]
  const request = ['req', '-x509', ...key, '-subj', '/CN=localhost', '-days', '2']
  execFileSync('openssl', [...request, '-addext', names, '-out', certFile], { stdio: 'pipe' })
  const trusted = getCACertificates('default')
  setDefaultCACertificates([...trusted, readFileSync(certFile, 'utf8')])
  return {
    certFile,
    keyFile,
    release() {
      setDefaultCACertificates(trusted)
      rmSync(directory, { recursive: true })
    },
  }
}
