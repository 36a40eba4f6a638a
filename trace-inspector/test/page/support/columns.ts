import type { Columns } from '../../../src/page/model/columns.ts'

export interface Sketch {
  id: string
  parent?: string
  name?: string
  service?: string
  agent?: string
  start?: number
  ms?: number
  flags?: number
  events?: [name: string, at: number][]
  links?: string[]
}

/** Columns of a trace that is written down span by span. */
export function columnsOf(sketches: readonly Sketch[]): Columns {
  const names: string[] = []
  const services: string[] = []
  const agents: string[] = []
  const place = (list: string[], word: string) => {
    if (!list.includes(word)) list.push(word)
    return list.indexOf(word)
  }
  const at = (id: string | undefined) => sketches.findIndex((sketch) => sketch.id === id)
  const columns: Columns = {
    trace_id: '0'.repeat(31) + '1',
    origin_ms: 0,
    names,
    services,
    agents,
    id: sketches.map(({ id }) => id),
    parent: sketches.map(({ parent }) => at(parent)),
    name: sketches.map(({ name = 'span' }) => place(names, name)),
    service: sketches.map(({ service = 'agent-app' }) => place(services, service)),
    agent: sketches.map(({ agent }) => (agent === undefined ? -1 : place(agents, agent))),
    start: sketches.map(({ start = 0 }) => start),
    duration: sketches.map(({ ms = 1 }) => ms),
    flags: sketches.map(({ flags = 0 }) => flags),
    events: { span: [], at: [], name: [] },
    links: { from: [], to: [] },
  }
  sketches.forEach(({ events = [], links = [] }, span) => {
    for (const [name, time] of events) {
      columns.events.span.push(span)
      columns.events.at.push(time)
      columns.events.name.push(place(names, name))
    }
    for (const link of links) {
      columns.links.from.push(span)
      columns.links.to.push(at(link))
    }
  })
  return columns
}

/** A planner with `count` workers of 100 ms each, all at once; `change` makes some of them different. */
export function crowd(count: number, change: (index: number) => Partial<Sketch> = () => ({})): Sketch[] {
  const workers = Array.from({ length: count }, (_, index) => ({
    id: `w${index}`,
    parent: 'planner',
    name: 'invoke_agent worker',
    agent: `worker:${index}`,
    start: index / 1000,
    ms: 100,
    ...change(index),
  }))
  return [{ id: 'planner', name: 'invoke_agent planner', ms: 2000 }, ...workers]
}
