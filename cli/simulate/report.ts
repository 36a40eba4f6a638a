import { foldFor } from '../fold.ts'
import type { Outcome, Totals } from 'simulate/simulation'
import type { Meant } from './options.ts'

const count = (number: number) => Math.round(number).toLocaleString('en')

/** One line while it goes on. */
export function renderProgress({ traces, spans, queued, refused }: Totals, seconds: number): string {
  const parts = [
    `${count(traces)} traces`,
    `${count(spans)} spans`,
    `${count(spans / seconds)} spans/s`,
    `${count(queued)} queued`,
    `${count(refused)} refused`,
  ]
  return parts.join(' · ')
}

/** What came of it, and how to go on where it did not come to its end. */
export function renderEnd(outcome: Outcome, meant: Meant, seconds: number, wasStopped: boolean): string {
  const { traces, spans, failure, partial, isAllTaken, nextUnit, exported } = outcome
  const lines = failure ? [`${failure.message}.`] : []
  const isAnything = !failure || nextUnit > meant.fromUnit || exported > 0
  if (isAnything) {
    const played = `${count(traces)} traces with ${count(spans)} spans in ${seconds.toFixed(1)} s, seed ${meant.seed}${meant.secret === undefined ? '' : `, secret ${meant.secret}`}`
    lines.push(`${wasStopped ? 'Stopped after' : 'Played'} ${played}.`)
    if (meant.receiver !== undefined) lines.push(`${meant.receiver} ${renderFates(outcome)}.`)
  }
  for (const path of partial) lines.push(`${path} is not whole.`)
  if (isAnything && (wasStopped || !isAllTaken)) lines.push(renderNext(outcome, meant))
  return foldFor(process.stderr, lines.join('\n'))
}

function renderFates({ spans, exported, refused, unconfirmed, resent, isAllTaken }: Outcome): string {
  const untaken = spans - exported - refused - unconfirmed
  const fates = [
    isAllTaken ? 'took all of them' : `took ${count(exported)}`,
    refused > 0 && `refused ${count(refused)}`,
    unconfirmed > 0 && `answered for ${count(unconfirmed)} in a way that says nothing`,
    untaken > 0 && `took no notice of ${count(untaken)}`,
    resent > 0 && `was sent ${count(resent)} more than once`,
  ]
  return fates.filter(Boolean).join(', ')
}

function renderNext({ nextUnit, beyond, exported, spans, partial }: Outcome, meant: Meant): string {
  const { fromUnit, limits, seed, secret, start, tracesBefore } = meant
  const taken =
    nextUnit > fromUnit
      ? `Units ${fromUnit} to ${nextUnit - 1} were taken as a whole`
      : `No unit from ${fromUnit} on was taken as a whole`
  const later = beyond > 0 ? `, and ${count(beyond)} spans of later ones` : ''
  const left = [
    `--from-unit ${nextUnit}`,
    `--seed ${seed}`,
    secret !== undefined && `--secret ${secret}`,
    `--start ${start}`,
    limits.traces !== undefined && `--traces ${limits.traces - tracesBefore(nextUnit)}`,
    limits.spans !== undefined &&
      `--spans ${Math.max(1, limits.spans - (meant.receiver === undefined ? spans : exported - beyond))}`,
  ].filter(Boolean)
  const first = partial.length > 0 ? ` Rename ${partial.join(' and ')} first.` : ''
  return `${taken}${later}.${first} The same command goes on there with ${left.join(' ')}`
}
