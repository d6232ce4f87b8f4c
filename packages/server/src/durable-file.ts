// Small files of the home: replaced whole, readable to nobody else, and there after a crash.
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

export async function writePrivateFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', 0o600)
  try {
    // A temporary file of a killed process keeps its mode; the umask only takes bits away.
    await file.chmod(0o600)
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
