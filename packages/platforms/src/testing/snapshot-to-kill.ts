// Takes a reflink copy in a process of its own, for a test that kills it in the middle.
import { openHostPlatform } from './host-app.ts'

const { hostRoot, stateDir } = JSON.parse(String(process.argv[2]))

const platform = openHostPlatform({ hostRoot, stateDir })
const request = { id: 's1', namespace: 'shop', key: 'data', strategy: 'reflink' } as const
await platform.snapshotVolume(request, new AbortController().signal)
