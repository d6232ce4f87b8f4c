// What a caller can be allowed to do.

export type Permission =
  | 'read'
  | 'manage-apps'
  | 'make-copies'
  | 'cancel-tasks'
  | 'reveal-repository'
  | 'manage-webhooks'
  | 'mark-notifications-read'
  | 'manage-credentials'
  | 'manage-buckets'
  | 'manage-local-buckets'
