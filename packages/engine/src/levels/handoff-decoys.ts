import { argumentsOf, call, resultOf } from './calls.ts'
import { askAgain, handedShare, someKnown } from './handoff-faults.ts'
import type { Relay } from './relay.ts'
import { figure } from './script.ts'
import { slackKind } from './slow.ts'
import { between } from './world.ts'

/** A hand-over that is what hand-overs are. */
export function plain(relay: Relay, name: string): void {
  const lead = relay.stage()
  lead.think()
  relay.handOver(lead.job, relay.task(name))
}

/** A decoy: the agent that takes over begins a trace of its own, on purpose: its root says so by a link. */
export function linked(relay: Relay, name: string): void {
  const lead = relay.stage()
  lead.think()
  const step = relay.handOver(lead.job, relay.task(name))
  step.isLinked = true
  relay.draft.decoy('linked').steps.push(step.key)
}

/** A decoy: two agents take over at once, and both are waited for. */
export function together(relay: Relay, name: string): void {
  relay.stage().think()
  const decoy = relay.draft.decoy('together')
  for (const [index, job] of relay.atOnce(2).entries())
    decoy.steps.push(relay.handOver(job, relay.task(`${name}/${index}`)).key)
}

/**
 * A decoy: the same is handed to the same agent again and again, which looks at the same again, and at something else, and each
 * time comes back with something new.
 */
export function returned(relay: Relay, name: string): void {
  const { draft } = relay
  const lead = relay.stage()
  const task = relay.task(name)
  const decoy = draft.decoy('returned')
  const again = someKnown(relay, name, 1, 2)
  for (let times = draft.random.fork(`${name} times`).integer(2, 3); times >= 0; times--) {
    lead.think()
    const result = resultOf(draft, `${name}/${times}`)
    const step = relay.handOver(lead.job, { ...task, result }, (worker) => {
      askAgain(worker, again, true)
      worker.work(1, 1)
    })
    decoy.steps.push(step.key, ...step.steps.map(({ key }) => key))
  }
}

/** A decoy: an agent is handed a summary. What it asks again may have changed since, and has. */
export function brief(relay: Relay, name: string): void {
  const { draft } = relay
  const lead = relay.stage()
  lead.think()
  const hands = between(draft.random.fork(`${name} share`), ...handedShare)
  const again = someKnown(relay, name, 1, 5)
  for (const [index, asked] of again.entries()) asked.result = resultOf(draft, `${name} again ${index}`)
  const step = relay.handOver(lead.job, relay.task(name), (worker) => askAgain(worker, again), { hands })
  draft.decoy('brief').steps.push(step.key, ...step.steps.map(({ key }) => key))
}

/** A decoy: an agent has changed something, and looks whether what is known is so still; it is. */
export function checked(relay: Relay, name: string): void {
  const { draft } = relay
  const lead = relay.stage()
  lead.think()
  const again = someKnown(relay, name, 1, 3)
  const step = relay.handOver(lead.job, relay.task(name), (worker) => {
    call(draft, worker.job, { arguments: argumentsOf(draft, `${name} written`, 'write') })
    worker.think()
    askAgain(worker, again)
  })
  draft.decoy('checked').steps.push(step.key, ...step.steps.map(({ key }) => key))
}

/** A decoy: an agent begins late, as it was asked to. */
export function beginLater(relay: Relay, name: string): void {
  const { draft } = relay
  const lead = relay.stage()
  lead.think()
  const step = relay.handOver(lead.job, relay.task(name))
  step.afterS = draft.random.fork(`${name} after`).integer(5, 12)
  step.acceptMs = figure(step.afterS * 1000 + step.acceptMs.value)
  draft.decoy('begin later').steps.push(step.key)
}

/** How late an agent begins that nobody waits for, ms. */
const aloneMs = [5000, 12_000] as const

/** A decoy without a verdict: an agent begins late, and nobody waits for it, so that it costs nothing. */
export function leftAlone(relay: Relay, name: string): void {
  const { draft } = relay
  const lead = relay.stage()
  const decoy = draft.decoy(slackKind, true)
  const beside = draft.job({ beside: draft.jobs.indexOf(lead.job) })
  const step = relay.handOver(beside, relay.task(`${name} alone`))
  const value = between(draft.random.fork(`${name} late`), ...aloneMs)
  step.acceptMs = { value, base: step.acceptMs.base, by: decoy.id }
  decoy.steps.push(step.key)
  lead.think()
  relay.handOver(lead.job, relay.task(name))
}
