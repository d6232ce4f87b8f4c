export type { MoverOptions } from './main.ts'
export { runMover } from './main.ts'
