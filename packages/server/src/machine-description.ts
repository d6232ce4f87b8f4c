// What this machine is, as its clusters show it among their nodes.
import { readFileSync } from 'node:fs'
import { availableParallelism, hostname, networkInterfaces, release, totalmem, type } from 'node:os'
import type { MachineDescription } from '@holdfast/db'

const WORD_MAX = 254

export function describeMachine(): MachineDescription {
  const address = ownAddress()
  return {
    name: hostname().slice(0, WORD_MAX) || 'host',
    internalIP: address,
    externalIP: address,
    // A machine of its own is no part of a vendor's cloud.
    zone: 'local',
    region: 'local',
    instanceType: process.arch,
    kernelVersion: release().slice(0, WORD_MAX),
    osImage: osImage().slice(0, WORD_MAX),
    numCpus: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
  }
}

/** The first address that others can reach; version 4 before version 6. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  const reachable = addresses.filter(
    ({ internal, address }) => !internal && !address.toLowerCase().startsWith('fe80'),
  )
  const chosen = reachable.find(({ family }) => family === 'IPv4') ?? reachable[0]
  return chosen?.address ?? '127.0.0.1'
}

function osImage(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8')
    return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(text)?.[1] ?? type()
  } catch {
    // Not every system has the file; its kernel has a name in any case.
    return type()
  }
}
