// `holdfast demo`: the demo on the terminal; the exit code says whether the data came back.
import { runDemo } from './demo.ts'
import { demoReport } from './demo-report.ts'

export async function demo({ isKept }: { readonly isKept: boolean }): Promise<number> {
  const report = demoReport(process.stdout, () => performance.now())
  return (await runDemo({ report, isKept })) ? 0 : 1
}
