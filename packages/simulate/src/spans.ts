import type { FactsOf, RunFacts } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import type { Attributes as Written } from 'dialects/line'
import type { Kept } from 'dialects/shapes'
import { errorType, http } from 'dialects/gen-ai/names'
import { type Served, toolService } from 'engine/virtual/tools'
import { type Attributes, type AttributeValue, type EndedSpan, oneByOne, spanKind, type Visit } from './otlp/span.ts'
import type { VirtualRecorder, VirtualSpan } from './recorder.ts'

/** A run that has ended, for whoever reads its spans off the ledger. */
export interface EndedRun {
  service: string
  facts: RunFacts
  steps: readonly LedgerStep[]
  recorder: VirtualRecorder
  /** The request's path and query, as its SERVER span says them. */
  path: string
  query: string
}

type RequestOf = Pick<EndedRun, 'path' | 'query' | 'service'>

/** Takes a span, and the service that made it. */
export type TakeSpan = (service: string, span: EndedSpan) => void

/** Hands over every span of a run, a parent before its children. */
export function eachSpan(run: EndedRun, take: TakeSpan): void {
  const { steps, service, recorder } = run
  const span = new StepSpan(run)
  /** Those of the agent's steps, by step: both are in the order in which they were opened. */
  const opened: VirtualSpan[] = []
  let next = 0
  for (const step of steps) {
    if (step.span_id !== null) {
      const own = recorder.spans[next++] as VirtualSpan
      opened[step.id] = own
      take(service, span.of(step, own))
    } else if (span.ofCall(opened[step.parent_id as number] as VirtualSpan)) take(toolService, span)
  }
}

/** How many those are. */
export function spansOf({ spans, served }: VirtualRecorder): number {
  return spans.length + served
}

const tool = { address: 'tool-service', port: 8081 }
const none: never[] = []

/** One span after the other, in one object. */
class StepSpan implements EndedSpan {
  readonly traceId: string
  spanId = ''
  parentSpanId = ''
  name = ''
  kind: EndedSpan['kind'] = spanKind.internal
  startMs = 0
  endMs = 0
  events: EndedSpan['events'] = none
  links: readonly string[] = none
  linksElsewhere: EndedSpan['linksElsewhere'] = none
  failure: string | undefined
  isRemoteParent = false
  readonly #run: EndedRun
  #step: LedgerStep | undefined
  #opened: VirtualSpan | undefined

  constructor(run: EndedRun) {
    this.#run = run
    this.traceId = run.recorder.traceId
  }

  /** The span of a step of the agent's. */
  of(step: LedgerStep, opened: VirtualSpan): this {
    const { steps, recorder } = this.#run
    const { dialect } = recorder
    this.#step = step
    this.#opened = opened
    this.spanId = step.span_id as string
    this.parentSpanId =
      step.parent_id === null
        ? (step.remote_parent_span_id ?? '')
        : ((steps[step.parent_id] as LedgerStep).span_id as string)
    this.name = dialect.nameOf(step.facts)
    this.kind = spanKind[dialect.kindOf(step.facts)]
    this.startMs = step.start_ms
    this.endMs = step.start_ms + (step.duration_ms as number)
    this.events =
      step.events.length === 0
        ? none
        : step.events
            .filter(({ name }) => dialect.writesEvent(name))
            .map((event) => ({
              name: event.name,
              timeMs: event.time_ms,
              attributes: asText(dialect.eventAttributes(event)),
            }))
    this.links =
      step.depends_on.length === 0 ? none : step.depends_on.map((id) => (steps[id] as LedgerStep).span_id as string)
    this.failure = step.status === 'error' ? step.status_message : undefined
    this.linksElsewhere = step.links ?? none
    this.isRemoteParent = step.parent_id === null && step.remote_parent_span_id !== null
    return this
  }

  /** The SERVER span that tool-service made of a call; undefined when it did not answer. */
  ofCall(call: VirtualSpan): this | undefined {
    const { served } = call
    if (!served) return undefined
    this.#step = undefined
    this.#opened = call
    this.spanId = call.servedId
    this.parentSpanId = call.id
    this.name = 'GET /tool/:tool_name'
    this.kind = spanKind.server
    this.startMs = served.startMs
    this.endMs = served.endMs
    this.events = none
    this.links = none
    this.linksElsewhere = none
    this.failure = served.status >= 500 ? '' : undefined
    this.isRemoteParent = true
    return this
  }

  eachAttribute(visit: Visit, visitShared = oneByOne(visit)): void {
    const { recorder, facts, path, query } = this.#run
    const step = this.#step
    const opened = this.#opened as VirtualSpan
    if (!step) {
      const { attributes, kept } = attributesOfServed(opened.served as Served)
      return visitShared(attributes, kept)
    }
    if (step.parent_id === null) return visitRequest(step.facts, { path, query, service: this.#run.service }, visit)
    recorder.dialect.eachAttribute(
      step,
      facts,
      visit as (name: string, value: Written[string]) => void,
      visitShared as (attributes: Written, kept: Kept) => void,
    )
  }
}

/** Content is text here: the ledger has it as it was stated. */
const asText = (attributes: Written) => attributes as Attributes

/** By tool and status: there are few of both. */
const served = new Map<string, Map<number, { attributes: Attributes; kept: Kept }>>()

function attributesOfServed({ tool, status }: Served): { attributes: Attributes; kept: Kept } {
  let ofTool = served.get(tool)
  if (!ofTool) served.set(tool, (ofTool = new Map()))
  let known = ofTool.get(status)
  if (!known) {
    const made: Record<string, AttributeValue> = {}
    visitServed({ tool, status }, (name, value) => (made[name] = value))
    ofTool.set(status, (known = { attributes: made, kept: {} }))
  }
  return known
}

function visitRequest(facts: LedgerStep['facts'], { path, query, service }: RequestOf, visit: Visit): void {
  const { method } = facts as FactsOf<'http_server'>
  visit(http.route, path)
  visitServer(method, path, { address: service.replace('synthetic-', ''), port: 8080 }, visit)
  if (query !== '') visit(http.urlQuery, query)
  visit(http.userAgent, 'simulate')
  visit(http.statusCode, 200)
}

function visitServed({ tool: name, status }: Pick<Served, 'tool' | 'status'>, visit: Visit): void {
  visit(http.route, '/tool/:tool_name')
  visitServer('GET', `/tool/${encodeURIComponent(name)}`, tool, visit)
  visit(http.statusCode, status)
  if (status >= 500) visit(errorType, String(status))
}

/** https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span, as the services write it. */
function visitServer(
  method: string,
  path: string,
  { address, port }: { address: string; port: number },
  visit: Visit,
): void {
  visit(http.method, method)
  visit(http.urlScheme, 'http')
  visit(http.urlPath, path)
  visit(http.serverAddress, address)
  visit(http.serverPort, port)
  visit(http.protocolVersion, '1.1')
}
