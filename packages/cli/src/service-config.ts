// The configuration of this process: flags win over the environment.
import { homedir } from 'node:os'
import {
  type GivenSettings,
  readConfig,
  SETTINGS,
  type ServiceConfig,
  type SettingVariable,
} from '@holdfast/server'

/** Commander names flags in camel case: `--tls-cert` is `tlsCert`. */
export type Flags = Readonly<Record<string, string | undefined>>

export function configOf(flags: Flags): ServiceConfig {
  const given: Partial<Record<SettingVariable, string | undefined>> = {}
  for (const { variable, flag } of SETTINGS) {
    given[variable] = flags[camelCase(flag)] ?? process.env[variable]
  }
  return readConfig({
    given: given satisfies GivenSettings,
    userHome: homedir(),
    workingDirectory: process.cwd(),
  })
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
