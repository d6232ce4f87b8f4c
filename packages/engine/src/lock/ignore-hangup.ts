// `restic unlock` on the same host probes whether we live by sending SIGHUP, of which a process
// dies unless it says otherwise. While a lock is held it must not.

let holders = 0

/** Ignores SIGHUP until the answered function is called (once counts). */
export function ignoreHangup(): () => void {
  if (holders === 0) process.on('SIGHUP', doNothing)
  holders += 1
  let isIgnoring = true
  return () => {
    if (!isIgnoring) return
    isIgnoring = false
    holders -= 1
    if (holders === 0) process.off('SIGHUP', doNothing)
  }
}

function doNothing(): void {
  // Having a listener is all that is needed.
}
