import { Pool } from 'undici'
import { listen } from './listen.ts'

/**
 * The least that an agent does for a hop: the same request as agent-app's, its answer read and parsed. No span, no ledger,
 * no time-out, no retry. `GET /run?hops=…&concurrency=…` makes so many, so many at a time.
 */
const pool = new Pool(process.env.TOOL_BASE ?? '')

async function hop(index: number): Promise<void> {
  const response = await pool.request({
    method: 'GET',
    path: '/tool/search',
    headers: { 'x-tool-behavior': `delay_ms=0&error_rate=0&seed=0123456789abcdef&key=worker/${index}/call/0` },
  })
  const answer = JSON.parse(await response.body.text()) as { ok: boolean }
  if (!answer.ok) throw new Error(`hop ${index} failed`)
}

listen('floor agent', (request, response) => {
  const asked = new URL(request.url ?? '', 'http://floor').searchParams
  const hops = Number(asked.get('hops'))
  let next = 0
  const worker = async () => {
    while (next < hops) await hop(next++)
  }
  void Promise.all(Array.from({ length: Number(asked.get('concurrency')) }, worker)).then(() => response.end('{}'))
})
