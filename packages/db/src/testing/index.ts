export { makeTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.ts'
