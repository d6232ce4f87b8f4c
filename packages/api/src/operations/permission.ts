// What a caller can be allowed to do.

export type Permission =
  | 'read'
  | 'manage-apps'
  | 'make-copies'
  | 'cancel-tasks'
  | 'reveal-repository'
  | 'manage-webhooks'
  | 'manage-settings'
  | 'manage-clouds'
  | 'mark-notifications-read'
  | 'read-metrics'
  | 'read-service-metrics'
  | 'manage-credentials'
  | 'manage-buckets'
  | 'manage-local-buckets'
