// `holdfast owner reset`: a new token for the owner; every earlier one of theirs stops working.
import { randomUUID } from 'node:crypto'
import { hashToken } from '@holdfast/api'
import {
  findFirstOwner,
  insertToken,
  inTransaction,
  revokeTokensOfUser,
  switchOn,
} from '@holdfast/db'
import type { ServiceConfig } from './config.ts'
import { withInstallation } from './installation-access.ts'
import type { Log } from './log.ts'
import { ownerFilePath, readOwnerFile, writeOwnerFile } from './owner-file.ts'
import { ServerError } from './server-error.ts'
import { serviceUrl } from './service-url.ts'
import { makeToken } from './token.ts'

/** Answers the path of the file that now holds the new token. */
export async function resetOwner(
  config: ServiceConfig,
  { log, now }: { readonly log: Log; readonly now: Date },
): Promise<string> {
  return withInstallation(config, { log }, async (database) => {
    const owner = await findFirstOwner(database)
    if (owner === undefined) throw new ServerError({ code: 'not-set-up', home: config.home })
    const { accountID, userID } = owner
    const token = makeToken()
    const known = await readOwnerFile(config.home)
    await inTransaction(database, async (transaction) => {
      await revokeTokensOfUser(transaction, { userID, now })
      // Whoever switched off the only owner, or the account, has no other way back.
      await switchOn(transaction, { accountID, userID, now })
      const made = { id: randomUUID(), name: 'owner reset', secretHash: hashToken(token) }
      await insertToken(transaction, { ...made, accountID, userID, now })
      // Before the commit: a crash in between leaves the old tokens working, and a second reset
      // mends the file; the other way round the only valid token would be lost.
      const url = known?.url ?? serviceUrl(config)
      await writeOwnerFile(config.home, { url, accountID, userID, token })
    })
    return ownerFilePath(config.home)
  })
}
