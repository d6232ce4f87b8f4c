export type { MountedFilesystem, TestFilesystem } from './loop-filesystem.ts'
export { bindMount, mountFilesystem } from './loop-filesystem.ts'
export type { PlatformHarness } from './platform-conformance.ts'
export { describePlatformConformance } from './platform-conformance.ts'
