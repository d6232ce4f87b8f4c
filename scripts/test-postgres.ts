// Runs a throwaway PostgreSQL for tests: prints its URL, and ends at the end of stdin.
import { startThrowawayPostgres } from '@holdfast/server/testing'

const server = await startThrowawayPostgres()
process.stdout.write(`${server.url}\n`)
// A signal to the whole group of a test run must not leave the server and its files behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.stdout.on('error', () => undefined)
process.stdin.resume()
process.stdin.on('end', async () => {
  await server.stop()
  process.exit()
})
