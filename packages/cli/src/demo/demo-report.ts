// How the demo tells what it does: a line for each step, and a bar while bytes move. Where output
// is no terminal, the bar becomes plain lines.
import { SingleBar } from 'cli-progress'

export interface DemoReport {
  heading(text: string): void
  /** Runs `work` as one step and prints what it answers, and how long it took. */
  step<Result>(text: string, work: (step: DemoStep) => Promise<Result>): Promise<Result>
  line(text: string): void
}

export interface DemoStep {
  /** 0 to 100. */
  percent(percent: number, detail: string): void
  /** Printed at the end of the step's line. */
  result(text: string): void
}

export interface DemoOutput extends NodeJS.WritableStream {
  readonly isTTY?: boolean
}

/** `nowMs` is any clock that never goes back. */
export function demoReport(output: DemoOutput, nowMs: () => number): DemoReport {
  const line = (text: string): void => {
    output.write(`${text}\n`)
  }
  return {
    line,
    heading: (text) => line(`\n${text}`),
    async step(text, work) {
      const started = nowMs()
      const progress = output.isTTY === true ? barProgress(output, text) : lineProgress(line, text)
      let result = ''
      const answer = await work({
        percent: progress.percent,
        result: (said) => {
          result = ` — ${said}`
        },
      }).finally(progress.stop)
      line(`  ✓ ${text}${result} (${((nowMs() - started) / 1000).toFixed(1)} s)`)
      return answer
    },
  }
}

interface Progress {
  percent(percent: number, detail: string): void
  stop(): void
}

const LABEL_CHARACTERS = 44

function barProgress(output: DemoOutput, text: string): Progress {
  const bar = new SingleBar({
    format: `  ${text.padEnd(LABEL_CHARACTERS)} {bar} {percentage} % {detail}`,
    stream: output,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 24,
  })
  let isStarted = false
  return {
    percent(percent, detail) {
      if (!isStarted) bar.start(100, percent, { detail })
      isStarted = true
      bar.update(percent, { detail })
    },
    stop() {
      if (isStarted) bar.stop()
    },
  }
}

/** At most one line for each quarter. */
function lineProgress(line: (text: string) => void, text: string): Progress {
  let said = 0
  return {
    percent(percent, detail) {
      const quarter = Math.floor(percent / 25)
      if (quarter <= said || percent >= 100) return
      said = quarter
      line(`    ${text}: ${percent} % ${detail}`)
    },
    stop: () => undefined,
  }
}
