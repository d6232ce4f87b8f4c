// The least that answers backups over HTTP from PostgreSQL: what `bench/api.ts` compares with.
// It knows no rights, no schema, no filter; a page goes on after a key that the client gives.
import Fastify from 'fastify'
import pg from 'pg'

const { DATABASE_URL: connectionString, ACCOUNT_ID: accountID } = process.env
const pool = new pg.Pool({ connectionString, max: 10 })
const app = Fastify()

interface Query {
  readonly limit?: string
  readonly createdAt?: string
  readonly id?: string
}

app.get('/backups', async (request) => {
  const { limit, createdAt, id } = request.query as Query
  const isAfter = createdAt === undefined ? '' : 'and (created_at, id) > ($2, $3)'
  const isCut = limit === undefined ? '' : `limit ${Number(limit)}`
  const { rows } = await pool.query(
    `select *, created_at::text as key from backups
      where account_id = $1 and deleted_at is null and hidden_at is null ${isAfter}
      order by created_at, id ${isCut}`,
    createdAt === undefined ? [accountID] : [accountID, createdAt, id],
  )
  return { items: rows }
})

await app.listen({ host: '127.0.0.1', port: 0 })
console.log(app.listeningOrigin)
