export type { HostPlatformOptions } from './host/host-platform.ts'
export { createHostPlatform } from './host/host-platform.ts'
export type {
  DirectoryOwnership,
  HookEnd,
  HookResult,
  Inventory,
  InventoryInstance,
  InventoryNamespace,
  InventoryResource,
  InventoryVolume,
  MoverRef,
  MoverToStop,
  NewNamespace,
  OwnedThing,
  Platform,
  PlatformFailure,
  PrepareRestoreRequest,
  ProcessUsingVolume,
  RestoreVolume,
  RunHookRequest,
  RunningMover,
  SnapshotVolumeRequest,
  StagedVolume,
  Staging,
  VolumeSnapshot,
  VolumeSnapshotHandle,
} from './platform.ts'
export { isRetryable, PlatformError, platformFailureOf } from './platform-error.ts'
