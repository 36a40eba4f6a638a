import type { Request, Response } from 'express'
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Destination } from './telemetry/telemetry.ts'

/** What a metric is called and means. A counter's name ends with `_total`. */
interface Named {
  name: string
  help: string
  labels?: readonly string[]
}
type Labels = Record<string, string>

/** What a service counts; `answer` says it in Prometheus text. */
export class Metrics {
  readonly #registry = new Registry()

  /** Counts from now on: what is returned adds to it, one unless it is said. */
  counter({ name, help, labels = [] }: Named): (labels: Labels, by?: number) => void {
    const counter = new Counter({ name, help, labelNames: [...labels], registers: [this.#registry] })
    return (values, by = 1) => counter.inc(values, by)
  }

  /** What somebody else counts, or how much there is of something: read whenever somebody asks. */
  observed({ name, help, labels = [] }: Named, read: () => Iterable<readonly [Labels, number]>): void {
    const common = { name, help, labelNames: [...labels], registers: [this.#registry] }
    // Both have what a collector here needs; one that counts is told apart by its name.
    const metric: Pick<Gauge, 'reset' | 'inc'> = name.endsWith('_total')
      ? new Counter({ ...common, collect: fill })
      : new Gauge({ ...common, collect: fill })
    function fill() {
      metric.reset()
      for (const [values, value] of read()) metric.inc(values, value)
    }
  }

  /** The same of one number. */
  value(named: Named, read: () => number): void {
    this.observed(named, () => [[{}, read()]])
  }

  /** What became of the spans of this process, at each place that they go to. */
  spans(destinations: () => readonly Destination[]): void {
    const labels = ['destination']
    const each = (pick: (counters: Destination['counters']) => Record<string, number>) => () =>
      destinations().flatMap(({ endpoint, counters }) =>
        Object.entries(pick(counters)).map(
          ([fate, count]) => [{ destination: endpoint, ...(fate && { fate }) }, count] as const,
        ),
      )
    this.observed(
      { name: 'spans_created_total', help: 'Spans that ended and were sampled', labels },
      each(({ created }) => ({ '': created })),
    )
    this.observed(
      { name: 'spans_total', help: 'Spans by what became of them', labels: [...labels, 'fate'] },
      each(({ exported, refused, unconfirmed, dropped }) => ({ exported, refused, unconfirmed, dropped })),
    )
    this.observed(
      { name: 'spans_queued', help: 'Spans that wait, or are under way', labels },
      each(({ queued }) => ({ '': queued })),
    )
    this.observed(
      { name: 'spans_resent_total', help: 'Spans that were sent once more, an attempt each', labels },
      each(({ resent }) => ({ '': resent })),
    )
  }

  /** What the process goes through: event loop, memory, CPU, garbage collection. Once a process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry })
  }

  readonly answer = async (_req: Request, res: Response): Promise<void> => {
    res.set('Content-Type', this.#registry.contentType).send(await this.#registry.metrics())
  }
}
