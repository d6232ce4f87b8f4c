export type { HostPlatformOptions } from './host/host-platform.ts'
export { createHostPlatform } from './host/host-platform.ts'
export type {
  Inventory,
  InventoryInstance,
  InventoryNamespace,
  InventoryResource,
  InventoryVolume,
  MoverRef,
  MoverToStop,
  OwnedThing,
  Platform,
  PlatformFailure,
  PrepareRestoreRequest,
  ProcessUsingVolume,
  RestoreVolume,
  RunningMover,
  SnapshotVolumeRequest,
  StagedVolume,
  Staging,
  VolumeSnapshot,
  VolumeSnapshotHandle,
} from './platform.ts'
export { isRetryable, PlatformError, platformFailureOf } from './platform-error.ts'
