import { argumentsOf, gapOf, resultOf } from './calls.ts'
import { slack, slow, slower } from './slow.ts'
import { think } from './thoughts.ts'
import { Draft, type DraftJob, drawIndices, type Drawn, isUntouched, type Timed } from './draft.ts'
import type { Levels } from './level.ts'
import { type ChunkStep, figure } from './script.ts'
import { between, chunkMs, type Shard, spread, usualBytes } from './world.ts'

/** A chunk of usual size, KB. */
const usualKb = 6
/** What is left of sizes' sigma at levels that have less. */
const leastSigma = 0.5
const tokensPerKb = 180
/** Of the tokens of a KB. */
const densitySigma = 0.7
/** What is in the cache takes no time to speak of, ms. */
const cachedMs = 4
/** Between two chunks of a lane, ms. */
const gapMs = 3
/** Where documents are looked for, and how long that takes, ms. */
const source = 'knowledge_base'
const retrievalMs = 200
/** So often a chunk is tried before it is given up. */
const tries = 3

const chunksOf = { least: 24, most: 70 }
const duplicatesOf = { least: 3, most: 8 }

/** Chunks of what was retrieved are worked through in lanes; how long one takes follows from its size and its shard. */
export const ragLevels: Levels<'rag_chunks'> = {
  takes: ['rag_chunks'],
  draft,
  demand: ({ rag_chunks }) => {
    const chunks = Number(rag_chunks ?? chunksOf.most)
    return { callsAtOnce: 1, calls: 1, steps: 10 + chunks * tries + duplicatesOf.most }
  },
}

function draft(drawn: Drawn, { rag_chunks }: Readonly<Record<string, unknown>>): Draft {
  const { random } = drawn
  const chunks = Number(rag_chunks ?? random.fork('chunks').integer(chunksOf.least, chunksOf.most))
  const draft = new Draft(drawn, {
    lead: { name: 'planner', facts: { role: 'planner', chunks } },
    weights: { slow_chunk: 0.4, shard_slow: 0.2, ...(drawn.numbers.level > 2 && { duplicate: 0.2 }), failed: 0.2 },
  })
  draft.lanes = random.fork('lanes').integer(3, 6)
  retrieve(draft, chunks)
  const { kinds } = draft
  const order = drawIndices(random.fork('chunks that fail'), chunks, chunks)
  const lost = new Set(order.splice(0, kinds.filter((kind) => kind === 'failed').length))
  const saved = new Set(order.splice(0, draft.has('rescued') ? draft.count('rescued', 1, 4) : 0))
  for (let index = 0; index < chunks; index++) {
    const piece = pieceOf(draft, `chunk/${index}`)
    if (lost.has(index)) gaveUp(draft, piece)
    else if (saved.has(index)) rescued(draft, piece)
    else take(draft, draft.job(), piece)
  }
  if (draft.has('large chunk')) large(draft)
  if (draft.has('cached chunk')) again(draft)
  for (const kind of new Set(kinds)) {
    if (kind === 'slow_chunk') slow(draft, draft.free('slow chunk', ['chunk']), kind)
    if (kind === 'shard_slow') slowShard(draft)
    if (kind === 'duplicate') duplicates(draft)
  }
  if (draft.has('slack', drawn.numbers.decoy * 0.7)) slack(draft, draft.free('slack', ['chunk']))
  const outputTokens = draft.count('answer', 40, 120)
  think(draft, draft.after, { tokens: 0 }, { outputTokens, asksForTool: false })
  return draft
}

/** What all pieces are of. */
function retrieve(draft: Draft, documents: number): void {
  const key = draft.keyOf('retrieval')
  const ms = figure(Math.round(retrievalMs * spread(draft.random.fork(key), draft.numbers.sigma)))
  const attempts = [{ waitMs: figure(0), ms, status: 200, bytes: usualBytes }]
  const said = { tool: source, arguments: argumentsOf(draft, key), result: resultOf(draft, key) }
  draft.before.push({ kind: 'call', key, gapMs: figure(0), ...said, documents, attempts })
}

/** A piece of a document, wherever and however often it is worked through. */
interface Piece {
  shard: Shard
  bytes: number
  /** How many times the usual tokens a KB of it has. */
  density: number
  document: string
}

function pieceOf({ world, numbers, random }: Draft, name: string): Piece {
  const own = random.fork(name)
  const kb = usualKb * spread(own.fork('size'), Math.max(numbers.sizeSigma, leastSigma))
  const document = `doc-${random.identifier(`document ${name}`, 12)}`
  const density = spread(own.fork('density'), densitySigma)
  return { shard: own.fork('shard').pick(world.shards), bytes: Math.round(kb * 1024), density, document }
}

const tokensOf = ({ bytes, density }: Pick<Piece, 'bytes' | 'density'>) =>
  Math.max(1, Math.round((bytes / 1024) * tokensPerKb * density))

/** Adds a piece to the work of a job. */
function add(
  draft: Draft,
  job: DraftJob,
  { shard, bytes, document }: Piece,
  more: Pick<ChunkStep, 'ms'> & Partial<ChunkStep>,
) {
  const key = draft.keyOf('chunk', job)
  const gap = figure(gapOf(draft.random.fork(key), gapMs))
  const usual = { isCached: false, fails: false, outputTokens: 0 }
  const step: ChunkStep = { kind: 'chunk', key, gapMs: gap, bytes, source: shard.name, document, ...usual, ...more }
  job.steps.push(step)
  return step
}

/** A piece that is worked through, in the time that its size and its shard explain. */
function take(draft: Draft, job: DraftJob, piece: Piece, more: Partial<ChunkStep> = {}): Timed {
  const kb = piece.bytes / 1024
  const name = `ms ${piece.document} ${draft.jobs.indexOf(job)}`
  const { shard, density } = piece
  const { ms, residual } = chunkMs(draft.random.fork(name), shard, { kb, density }, draft.numbers.sigma)
  const step = add(draft, job, piece, { ms: figure(ms), outputTokens: tokensOf(piece), ...more })
  const timed: Timed = { step, of: step, residual, isWaited: true }
  draft.timed.push(timed)
  return timed
}

/** A piece that could not be worked through. */
function fail(draft: Draft, job: DraftJob, piece: Piece, onlyWith: string): ChunkStep {
  const random = draft.random.fork(`failure ${piece.document} ${job.steps.length}`)
  return add(draft, job, piece, { ms: figure(between(random, 3, 10)), fails: true, onlyWith })
}

/** A decoy: it fails, and is tried again. */
function rescued(draft: Draft, piece: Piece): void {
  const decoy = draft.decoy('rescued')
  const job = draft.job()
  decoy.steps.push(fail(draft, job, piece, decoy.id).key)
  take(draft, job, piece)
}

/** A fault: nobody works a piece through, so that the outcome differs. */
function gaveUp(draft: Draft, piece: Piece): void {
  const fault = draft.fault({
    kind: 'failed',
    entity: { shard: piece.shard.name },
    losesCall: true,
    changesOutcome: true,
  })
  const job = draft.job()
  for (let attempt = 0; attempt < tries; attempt++) fault.steps.push(fail(draft, job, piece, fault.id).key)
  take(draft, job, piece, { onlyWithout: fault.id })
}

/** The chunks that are there whatever is planted, in the order in which they are begun. */
const untouchedOf = ({ timed }: Draft): (Timed & { step: ChunkStep })[] =>
  timed.filter((one): one is Timed & { step: ChunkStep } => one.step.kind === 'chunk' && isUntouched(one))

const pieceIn = ({ world }: Draft, { source, bytes, document, outputTokens }: ChunkStep): Piece => ({
  shard: world.shards.find(({ name }) => name === source) as Shard,
  bytes,
  density: outputTokens / tokensOf({ bytes, density: 1 }),
  document,
})

/** A decoy: the largest of all, which its size explains. */
function large(draft: Draft): void {
  const random = draft.random.fork('large')
  const chunks = untouchedOf(draft)
  if (chunks.length === 0) return
  const timed = random.pick(chunks)
  const { step } = timed
  const { shard, density } = pieceIn(draft, step)
  const bytes = Math.round(between(random, 40, 70) * 1024)
  const { ms, residual } = chunkMs(random, shard, { kb: bytes / 1024, density }, draft.numbers.sigma)
  step.bytes = bytes
  step.ms = figure(ms)
  step.outputTokens = tokensOf({ bytes, density })
  timed.residual = residual
  draft.decoy('large chunk').steps.push(step.key)
}

/** A decoy: two questions share a document; the second finds it in the cache. */
function again(draft: Draft): void {
  const chunks = untouchedOf(draft)
  if (chunks.length === 0) return
  const { step } = draft.random.fork('cached').pick(chunks)
  const second = add(draft, draft.job(), pieceIn(draft, step), { ms: figure(cachedMs), isCached: true })
  draft.decoy('cached chunk').steps.push(second.key)
}

/** A fault: chunks of one shard are slow, at level 4 from some moment on. Any of them names it. */
function slowShard(draft: Draft): void {
  const random = draft.random.fork('slow shard')
  const shard = random.pick(draft.world.shards)
  const all = untouchedOf(draft).filter(({ step }) => step.source === shard.name)
  const slowed = all.slice(draft.numbers.level === 4 ? random.integer(0, Math.floor(all.length / 2)) : 0)
  if (slowed.length === 0) draft.isHopeless = true
  const value = between(random, 2.2, 3.5)
  const fault = draft.fault({ kind: 'shard_slow', entity: { shard: shard.name }, magnitude: { unit: 'factor', value } })
  for (const { step } of slowed) {
    fault.steps.push(step.key)
    step.ms = slower(step.ms, value, fault.id)
  }
}

/** A fault: some chunks are worked through twice, and paid for twice. */
function duplicates(draft: Draft): void {
  const random = draft.random.fork('duplicates')
  const chunks = untouchedOf(draft)
  if (chunks.length === 0) draft.isHopeless = true
  const twice = drawIndices(
    random,
    chunks.length,
    Math.min(chunks.length, random.integer(duplicatesOf.least, duplicatesOf.most)),
  )
  const fault = draft.fault({ kind: 'duplicate', entity: { agent: draft.lead.name }, changesOutcome: true })
  let tokens = 0
  for (const index of twice) {
    const { step } = chunks[index] as { step: ChunkStep }
    const second = take(draft, draft.job(), pieceIn(draft, step), { onlyWith: fault.id }).step
    fault.steps.push(second.key)
    if (second.kind === 'chunk') tokens += second.outputTokens
  }
  fault.magnitude = { unit: 'tokens', value: tokens }
}
