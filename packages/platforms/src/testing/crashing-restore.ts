// Commits or rolls back a restore in a process of its own, which kills itself at a given point.
import { openHostPlatform } from './host-app.ts'

const { hostRoot, stateDir, verb, killAt } = JSON.parse(String(process.argv[2]))

const platform = openHostPlatform({
  hostRoot,
  stateDir,
  observe: (point) => {
    process.stdout.write(`${point}\n`)
    if (point === killAt) process.kill(process.pid, 'SIGKILL')
  },
})
const never = new AbortController().signal
if (verb === 'commit') await platform.commitRestore('r1', never)
else await platform.rollbackRestore('r1', never)
