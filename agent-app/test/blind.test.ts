import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApps } from '../../test/support/apps.ts'

let apps: Awaited<ReturnType<typeof startApps>>
beforeAll(async () => {
  apps = await startApps()
})
afterAll(() => apps.close())

const ask = (path: string, parameters: string) =>
  request(apps.app).get(path).set('x-run-parameters', parameters).set('Accept', 'text/event-stream, application/json')

describe('x-run-parameters', () => {
  it('takes what the query takes, beside it', async () => {
    const { body } = await ask('/run?fanout=3', 'seed=a%2Bb&stragglers=2').expect(200)
    expect(body).toMatchObject({ seed: 'a+b', params: { fanout: 3, stragglers: 2 } })
    await ask('/run', 'scenario=human&human_delay_s=0')
      .expect(200)
      .expect(({ body }) => expect(body).toMatchObject({ scenario: 'human' }))
  })

  it.each([
    ['what is in both', '/run?fanout=3&seed=a', 'seed=b', 'seed'],
    ['a scenario in both', '/run?scenario=dag', 'scenario=dag', 'scenario'],
    ['what no scenario takes', '/run', 'colour=red', 'colour'],
    ['a word for yes or no', '/run', 'blind=perhaps', 'blind'],
    ['blindness in a URL', '/run?blind=true', '', 'blind'],
    ['parameters of a blind run in a URL', '/run?fanout=3', 'blind=true', 'fanout'],
    ['a path that says which scenario it is', '/run/dag', 'blind=true', 'scenario'],
  ])('refuses %s', async (_, path, parameters, parameter) => {
    const { body } = await ask(path, parameters).expect(400)
    expect(body.errors).toEqual([expect.objectContaining({ parameter })])
  })
})

describe('a blind run', () => {
  const blind = (parameters: string) => ask('/run', `blind=true&delay_ms=1&llm_delay_ms=1&${parameters}`)

  it('answers nothing that its spans do not say, and logs as little', async () => {
    const { body, headers } = await blind('fanout=3&seed=hush').expect(200)
    expect(body).toEqual({ trace_id: headers['x-trace-id'], ok: true })
    expect(apps.log.at(-1)).toMatch(new RegExp(`^blind run ok \\d+ ms trace=${body.trace_id}$`))
  })

  it('answers as little where it does not come to its end', async () => {
    const { app, close } = await startApps({ runTimeoutMs: 1 })
    const { body } = await request(app)
      .get('/run')
      .set('x-run-parameters', 'blind=true&scenario=human&human_delay_s=60&seed=hush')
      .expect(504)
    expect(Object.keys(body)).toEqual(['type', 'title', 'status', 'detail', 'trace_id'])
    await close()
  })

  it('streams at /stream', async () => {
    const answer = await ask('/stream', 'blind=true&duration_s=0.1&background_fanout=1&tool_delay_ms=1&ttft_ms=1')
    expect(JSON.parse(/event: result\ndata: (.*)\n/.exec(answer.text)?.[1] ?? '')).toEqual({
      trace_id: answer.headers['x-trace-id'],
      ok: true,
    })
  })
})
