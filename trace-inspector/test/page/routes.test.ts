import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PictureAnswer } from '../../src/page/server/picture.ts'
import { flag } from '../../src/page/model/columns.ts'
import { first } from '../support/meddler.ts'
import { startStack, type Stack } from '../support/stack.ts'

let stack: Stack
beforeAll(async () => void (stack = await startStack()))
afterAll(() => stack.stop())

const ask = (path: string, init?: RequestInit) => fetch(`${stack.inspector.url}${path}`, init)
const html = { headers: { Accept: 'text/html' } }

test('a browser gets the page, everybody else the index', async () => {
  const page = await ask('/', html)
  expect(page.headers.get('content-type')).toMatch(/^text\/html/)
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self' 'sha256-/)
  expect((await ask('/')).headers.get('content-type')).toMatch(/^application\/json/)
  const head = await ask('/', { method: 'HEAD', ...html })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, page.headers.get('content-length')])
})

test('every module that the page names is there, compressed, and to be kept', async () => {
  const text = await (await ask('/', html)).text()
  const paths = [...text.matchAll(/(?:href|src)="(\/page\/[^"]+)"/g)].map(([, path]) => path as string)
  expect(paths.length).toBeGreaterThan(40)
  for (const path of paths) {
    const answer = await ask(path)
    expect([path, answer.status, answer.headers.get('content-encoding')]).toEqual([path, 200, 'gzip'])
    expect(answer.headers.get('cache-control')).toContain('immutable')
    await answer.text()
  }
})

test('all imports of all modules lead to modules', async () => {
  const text = await (await ask('/', html)).text()
  const { imports } = JSON.parse(/<script type="importmap">(.*?)<\/script>/.exec(text)?.[1] ?? '') as {
    imports: Record<string, string>
  }
  const paths = [...text.matchAll(/modulepreload" href="([^"]+)"/g)].map(([, path]) => path as string)
  for (const path of paths) {
    const source = await (await ask(path)).text()
    for (const [, name] of source.matchAll(/^(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]/gm)) {
      const target = (name as string).startsWith('.')
        ? new URL(name as string, `http://x${path}`).pathname
        : imports[name as string]
      expect(paths, `${path} imports ${name}`).toContain(target)
    }
  }
})

test.each([
  '/page/../main.ts',
  '/page/%2e%2e/main.ts',
  '/page/server/agents.ts',
  '/page/nothing.ts',
  '/page/lib/express.js',
])('nothing else is served: %s', async (path) => expect((await ask(path)).status).toBe(404))

test('agents are reached through here, with their own words', async () => {
  const { agents } = await stack.get<{ agents: { id: string; is_up: boolean; service: string }[] }>('/agents')
  expect(agents).toMatchObject([{ is_up: true, service: 'synthetic-agent-app' }])
  const agent = `/agents/${encodeURIComponent(agents[0]?.id ?? '')}`
  expect((await ask(`${agent}/scenarios`)).status).toBe(200)
  const refused = await ask(`${agent}/run?scenario=fanout&fanout=-1`)
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({ errors: [{ parameter: 'fanout' }] })
  expect((await ask(`${agent}/ready`)).status).toBe(404)
  expect((await ask('/agents/somebody:80/run')).status).toBe(404)
  expect((await ask(`${agent}/run`, { method: 'POST' })).status).toBe(405)
  expect((await ask(`${agent}/run/chain?depth=1&delay_ms=1`)).status).toBe(200)
})

test('HEAD reads what an agent may be asked, and runs nothing', async () => {
  const { agents } = await stack.get<{ agents: { id: string }[] }>('/agents')
  const agent = `/agents/${encodeURIComponent(agents[0]?.id ?? '')}`
  expect((await ask(`${agent}/scenarios`, { method: 'HEAD' })).status).toBe(200)
  for (const path of ['run', 'run/fanout', 'stream']) {
    const refused = await ask(`${agent}/${path}`, { method: 'HEAD' })
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET'])
  }
})

test('a page of another site can have nothing relayed and nothing answered', async () => {
  const { agents } = await stack.get<{ agents: { id: string }[] }>('/agents')
  const agent = `/agents/${encodeURIComponent(agents[0]?.id ?? '')}`
  const headers = { 'Sec-Fetch-Site': 'cross-site' }
  for (const path of ['run?fanout=1', 'stream', 'runs', 'scenarios'])
    expect((await ask(`${agent}/${path}`, { headers })).status).toBe(403)
  const answer = { method: 'POST', body: '{"span_ids":[]}', headers }
  expect((await ask(`/traces/${'1'.repeat(32)}/answer`, answer)).status).toBe(403)
  expect((await ask('/', { headers: { ...html.headers, ...headers } })).status).toBe(200)
})

test('a stream comes through as it comes', async () => {
  const { agents } = await stack.get<{ agents: { id: string }[] }>('/agents')
  const answer = await ask(
    `/agents/${encodeURIComponent(agents[0]?.id ?? '')}/stream?duration_s=0.3&background_fanout=2&tool_delay_ms=10`,
    { headers: { Accept: 'text/event-stream' } },
  )
  expect(answer.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/)
  const text = await answer.text()
  expect(text).toMatch(/^event: token\n/m)
  expect(text).toMatch(/^event: tool\n/m)
  expect(text).toMatch(/event: result\ndata: .*\n\n$/)
})

test('a lost span is drawn where the ledger says it happened, an altered one is marked', async () => {
  const isLost = first(({ span }) => span.name === 'execute_tool mail')
  const isRenamed = first(({ span }) => span.name === 'execute_tool search')
  stack.meddler.meddle = (parcel) => {
    if (isLost(parcel)) return []
    return [isRenamed(parcel) ? { ...parcel, span: { ...parcel.span, name: 'renamed' } } : parcel]
  }
  const run = await stack.run('scenario=fanout&fanout=10&delay_ms=20')
  await stack.arrived(run.trace_id, run.spans.total - 1)
  stack.meddler.meddle = (parcel) => [parcel]
  const { columns, judged } = await stack.get<PictureAnswer>(`/traces/${run.trace_id}/picture?ledger=1`)
  const withFlag = (bit: number) =>
    columns.id.flatMap((_, span) => ((columns.flags[span] as number) & bit ? [span] : []))
  const [ghost] = withFlag(flag.lost)
  const [altered] = withFlag(flag.altered)
  expect(columns.names[columns.name[ghost as number] as number]).toBe('execute_tool mail')
  const parent = columns.parent[ghost as number] as number
  expect(columns.names[columns.name[parent] as number]).toBe('invoke_agent worker')
  expect(columns.start[ghost as number]).toBeGreaterThanOrEqual(columns.start[parent] as number)
  expect(judged?.[columns.id[ghost as number] as string]?.attributes).toHaveProperty('gen_ai.tool.name', 'mail')
  expect(judged?.[columns.id[altered as number] as string]?.changes).toContainEqual({
    kind: 'renamed',
    expected: 'execute_tool search',
    actual: 'renamed',
  })
  expect(withFlag(flag.orphaned)).toEqual([])
})

test('lost spans of two runs in one trace are told apart, also those that nobody knows the id of', async () => {
  stack.meddler.meddle = (parcel) => (parcel.span.name === 'GET /tool/:tool_name' ? [] : [parcel])
  const headers = { traceparent: `00-${'c3'.repeat(16)}-0123456789abcdef-01` }
  const query = 'scenario=fanout&fanout=3&delay_ms=1&seed=same'
  const [first, second] = [await stack.run(query, headers), await stack.run(query, headers)]
  const total = first.spans.total + second.spans.total
  await stack.arrived(first.trace_id, total - 6)
  stack.meddler.meddle = (parcel) => [parcel]
  const { columns, judged } = await stack.get<PictureAnswer>(`/traces/${first.trace_id}/picture?ledger=1`)
  const lost = columns.id.filter((_, span) => (columns.flags[span] as number) & flag.lost)
  expect([columns.id.length, lost.length]).toEqual([total, 6])
  expect(new Set(lost).size).toBe(6)
  expect(Object.keys(judged ?? {}).sort()).toEqual([...lost].sort())
  const parents = lost.map((id) => columns.parent[columns.id.indexOf(id)] as number)
  expect(parents.map((parent) => columns.names[columns.name[parent] as number])).toEqual(Array(6).fill('GET'))
})

test('an answer by span ids is scored, also when it names a call of the tools’ service', async () => {
  const sitting = async () => {
    const run = await stack.run('scenario=fanout&fanout=20&delay_ms=50&stragglers=1')
    await stack.arrived(run.trace_id, run.spans.total)
    const { injected } = run.finding as unknown as { injected: { span_id: string }[] }
    const answer = async (body: unknown) => {
      const response = await ask(`/traces/${run.trace_id}/answer`, { method: 'POST', body: JSON.stringify(body) })
      return { status: response.status, ...((await response.json()) as object) }
    }
    return { traceId: run.trace_id, culprit: injected[0]?.span_id as string, answer }
  }
  const right = await sitting()
  for (const bad of [{ spans: [] }, 'nonsense']) expect(await right.answer(bad)).toMatchObject({ status: 400 })
  expect(await right.answer({ span_ids: [right.culprit] })).toMatchObject({
    status: 200,
    verdict: 'right',
    precision: 1,
    recall: 1,
  })
  expect((await ask(`/traces/${right.traceId}/answer`)).status).toBe(405)
  const nothing = await sitting()
  expect(await nothing.answer({ span_ids: [] })).toMatchObject({
    verdict: 'wrong',
    recall: 0,
    missed: [nothing.culprit],
  })
  // What the first answer told is no answer.
  expect(await nothing.answer({ span_ids: [nothing.culprit] })).toMatchObject({ status: 409 })
  const server = await sitting()
  const { columns } = await stack.get<PictureAnswer>(`/traces/${server.traceId}/picture`)
  const below = (id: string) =>
    columns.id.find((_, span) => columns.id[columns.parent[span] as number] === id) as string
  expect(await server.answer({ span_ids: [below(below(server.culprit))] })).toMatchObject({ verdict: 'right' })
  expect((await ask(`/traces/${'1'.repeat(32)}/answer`, { method: 'POST', body: '{"span_ids":[]}' })).status).toBe(404)
})

test('spans are found by their attributes and fields', async () => {
  const run = await stack.run('scenario=fanout&fanout=10&delay_ms=20&seed=find')
  await stack.arrived(run.trace_id, run.spans.total)
  const find = async (where: string) => {
    const answer = await ask(`/traces/${run.trace_id}/spans?where=${encodeURIComponent(where)}`)
    return { status: answer.status, ...((await answer.json()) as { span_ids?: string[]; matches?: number }) }
  }
  const { columns } = await stack.get<PictureAnswer>(`/traces/${run.trace_id}/picture`)
  const named = (name: string) => columns.id.filter((_, span) => columns.names[columns.name[span] as number] === name)
  const searches = await find('gen_ai.tool.name=SEARCH')
  expect(searches.span_ids?.sort()).toEqual(named('execute_tool search').sort())
  expect(searches.span_ids?.length).toBeGreaterThan(0)
  expect(searches.matches).toBe(searches.span_ids?.length)
  expect((await find('kind=server')).matches).toBe(11)
  expect((await find('http.response.status_code>=200')).matches).toBe(21)
  expect(await find('no.such.attribute=')).toMatchObject({ status: 200, span_ids: [] })
  expect(await find('nonsense')).toMatchObject({ status: 400 })
  expect((await ask(`/traces/${run.trace_id}/spans`)).status).toBe(400)
  expect((await ask(`/traces/${'1'.repeat(32)}/spans?where=a=b`)).status).toBe(404)
})

test('the trace can be taken to Perfetto', async () => {
  const run = await stack.run('scenario=dag&fanout=5&delay_ms=5')
  await stack.arrived(run.trace_id, run.spans.total)
  const answer = await ask(`/traces/${run.trace_id}/chrome`)
  expect(answer.headers.get('content-disposition')).toContain(`${run.trace_id}.chrome.json`)
  const { traceEvents } = (await answer.json()) as { traceEvents: { ph: string; bind_id?: string }[] }
  expect(traceEvents.filter(({ ph }) => ph === 'b')).toHaveLength(run.spans.total)
  expect(traceEvents.filter(({ bind_id }) => bind_id)).toHaveLength(10)
})
