// The part of cli-progress that the demo uses; the package brings no types.
declare module 'cli-progress' {
  export class SingleBar {
    constructor(options: {
      readonly format: string
      readonly stream: NodeJS.WritableStream
      readonly hideCursor: boolean
      readonly clearOnComplete: boolean
      readonly barsize: number
    })
    start(total: number, value: number, payload: Readonly<Record<string, string>>): void
    update(value: number, payload: Readonly<Record<string, string>>): void
    stop(): void
  }
}
