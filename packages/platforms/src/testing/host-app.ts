// A directory tree that stands for a host with one app, and a platform over it.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodePathBytes, type Location } from '@holdfast/domain'
import { createHostPlatform, type HostPlatformOptions } from '../host/host-platform.ts'
import type { Platform, StagedVolume } from '../platform.ts'
import type { PlatformHarness } from './platform-conformance.ts'

export const APP_NAMESPACE = 'shop'

export interface HostApp extends PlatformHarness {
  readonly hostRoot: string
  readonly stateDir: string
  readonly platform: Platform
  /** `<host root>/shop/<key>` */
  volumePath(key: string): string
}

export interface HostAppOptions {
  /** On which file system; the one of the temporary directory when absent. */
  readonly parent?: string
  /** Makes an empty volume; a plain directory when absent. */
  readonly makeVolume?: (path: string) => void
  readonly loseVolume?: (path: string) => void
  readonly observe?: HostPlatformOptions['observe']
}

/** The directory goes when it is disposed; mounts in it must have gone before. */
export function makeHostApp(options: HostAppOptions = {}): HostApp {
  const home = mkdtempSync(join(options.parent ?? tmpdir(), 'holdfast-host-'))
  const hostRoot = join(home, 'apps')
  const stateDir = join(home, 'state')
  mkdirSync(join(hostRoot, APP_NAMESPACE), { recursive: true })
  const volumePath = (key: string) => join(hostRoot, APP_NAMESPACE, key)
  for (const key of ['data', 'config']) (options.makeVolume ?? makeDirectory)(volumePath(key))
  return {
    hostRoot,
    stateDir,
    namespace: APP_NAMESPACE,
    platform: openHostPlatform({ hostRoot, stateDir, observe: options.observe }),
    volumePath,
    writeFile: async (key, path, content) => putFile(join(volumePath(key), path), content),
    readFile: async (key, path) => getFile(join(volumePath(key), path)),
    loseVolume: async (key) => (options.loseVolume ?? removeDirectory)(volumePath(key)),
    fillStaged: async (staged, path, content) => putFile(join(stagedPath(staged), path), content),
    readLocation: async (location, path) => getFile(join(directoryOf(location), path)),
    [Symbol.asyncDispose]: async () => removeDirectory(home),
  }
}

export function openHostPlatform({
  hostRoot,
  stateDir,
  observe,
}: Pick<HostPlatformOptions, 'hostRoot' | 'stateDir' | 'observe'>): Platform {
  return createHostPlatform({
    hostRoot,
    stateDir,
    moverCommand: [process.execPath, FIXTURE_MOVER],
    moverEnvironment: COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: COMPILE_CACHE },
    // Tests may be root, and then their directories are root's.
    allowsCommandsAsRoot: true,
    clock: () => new Date('2026-01-02T03:04:05Z'),
    ...(observe === undefined ? {} : { observe }),
  })
}

/** Of a run of all tests: movers are many, and each would strip the types of the same files again. */
const COMPILE_CACHE = process.env.NODE_COMPILE_CACHE

/** Paths here are plain text, so their encoding is undone without loss. */
export function stagedPath({ targetPath }: Pick<StagedVolume, 'targetPath'>): string {
  return textOf(targetPath)
}

export function putFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

export function getFile(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

const FIXTURE_MOVER = fileURLToPath(new URL('fixture-mover.ts', import.meta.url))

function makeDirectory(path: string): void {
  mkdirSync(path)
}

function removeDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true })
}

function directoryOf(location: Location): string {
  if (location.kind !== 'directory') throw new TypeError('not a directory')
  return textOf(location.path)
}

function textOf(encodedPath: string): string {
  return Buffer.from(decodePathBytes(encodedPath) ?? []).toString('utf8')
}
