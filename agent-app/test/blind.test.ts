import { createServer } from 'node:http'
import type { Key } from 'contract/key'
import type { LedgerAnswer, RunLedger } from 'contract/ledger'
import { seal } from 'contract/seal'
import request from 'supertest'
import { systemClock } from 'service-kit/clock'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { listen, startApps } from '../../test/support/apps.ts'
import { Keys } from '../src/keys/keys.ts'

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

  it.each(['__proto__', 'constructor', 'toString'])('knows no %s, though every object has one', async (name) => {
    for (const [path, parameters] of [
      [`/run?${name}=1`, ''],
      [`/run?${name}=1`, 'seed=a'],
      ['/run', `${name}=1`],
    ] as const) {
      const { body } = await ask(path, parameters).expect(400)
      expect(body.errors).toEqual([
        { parameter: name, value: '1', expected: expect.stringMatching(/^one of fanout, /) },
      ])
    }
    const { body } = await ask('/run', `scenario=${name}`).expect(404)
    expect(body.title).toBe('Unknown scenario')
  })
})

const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/)

describe('a blind run', () => {
  const blind = (parameters: string) => ask('/run', `blind=true&delay_ms=1&llm_delay_ms=1&${parameters}`)

  it('answers nothing that its spans do not say, and logs as little', async () => {
    const { body, headers } = await blind('fanout=3&seed=hush').expect(200)
    expect(body).toEqual({ trace_id: headers['x-trace-id'], ok: true, key_sha256: 'pending' })
    expect(apps.log.at(-1)).toMatch(new RegExp(`^blind run ok \\d+ ms trace=${body.trace_id}$`))
  })

  it('has no key before its request has ended, so that nothing of it lasts the longer for its faults', async () => {
    const whenKeyed: boolean[] = []
    const spy = vi.spyOn(Keys.prototype, 'answer').mockImplementation((run) => {
      whenKeyed.push(run.ledger.steps[0]?.duration_ms !== null)
      return Promise.resolve()
    })
    await blind('fanout=3')
    await blind('fanout=3&faults=off')
    await ask('/stream', 'blind=true&duration_s=0.1&background_fanout=1&tool_delay_ms=1&ttft_ms=1')
    await expect.poll(() => whenKeyed).toEqual([true, true, true])
    spy.mockRestore()
  })

  it('says no more in a log where it fails as it should not', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const broken = await startApps({
      pause: () => {
        throw new Error('rag is broken')
      },
    })
    const blindly = (header: string) => request(broken.app).get('/run').set('x-run-parameters', header).expect(500)
    const { body } = await blindly('blind=true&scenario=rag')
    expect(log.mock.calls).toEqual([[`The blind run ${body.trace_id} failed: Error`]])
    await blindly('scenario=rag')
    expect(log.mock.calls[1]).toEqual(['rag failed:', expect.any(Error)])
    log.mockRestore()
    await broken.close()
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

  describe('keeps what it knows', () => {
    const bearer = 'a token that opens'.replaceAll(' ', '-')
    let sealed: Awaited<ReturnType<typeof startApps>>
    let traceId: string
    let nowMs = systemClock.now()
    beforeEach(async () => {
      const clock = { ...systemClock, now: () => nowMs }
      sealed = await startApps({ answersToken: bearer, clock })
      traceId = (await fresh('fanout=3&seed=hush')).body.trace_id
    })
    afterEach(() => sealed.close())
    const fresh = (parameters: string) =>
      request(sealed.app).get('/run').set('x-run-parameters', `blind=true&delay_ms=1&llm_delay_ms=1&${parameters}`)
    const ledger = () => request(sealed.app).get(`/runs/${traceId}`)
    const hash = async () => ((await ledger().expect(423)).body as { key_sha256: string }).key_sha256
    /** The hash of the key, when it is told. */
    const told = async () => {
      expect(await hash()).toBe('pending')
      nowMs += 10_000
      await expect.poll(hash).toEqual(sha256)
      return hash()
    }
    const answer = (body = '{"span_ids":[]}') => request(sealed.app).post(`/runs/${traceId}/answer`).send(body)

    it('until it has been answered', async () => {
      const { body } = await ledger().expect(423)
      expect(body).toMatchObject({ title: 'Sealed', trace_id: traceId, key_sha256: 'pending' })
      expect(body.detail).toContain(`POST /runs/${traceId}/answer`)
      await request(sealed.app).head(`/runs/${traceId}`).expect(423)
      const list = await request(sealed.app).get('/runs').expect(200)
      expect(list.text).not.toMatch(/fanout|hush|seed|params|replay|"ok"/)
      expect(list.body.runs).toEqual([expect.objectContaining({ trace_id: traceId, state: 'closed', sealed: true })])
      await answer('{}').expect(400)
      await ledger().expect(423)
      const opened = await answer().expect(200)
      expect(opened.body.runs[0]).toMatchObject({ scenario: 'fanout', blind: true, workflow: 'support_case' })
      expect(opened.body.runs[0]).not.toHaveProperty('sealed')
      await ledger().expect(200)
      expect((await request(sealed.app).get('/runs')).body.runs[0]).toMatchObject({ scenario: 'fanout' })
    })

    it('with a key that is the one whose hash it told', async () => {
      const keySha256 = await told()
      const { runs } = (await answer().expect(200)).body as LedgerAnswer
      const { key, key_salt: salt } = runs[0] as RunLedger
      expect((key as Key).faults).toHaveLength(1)
      expect(seal(key, salt).sha256).toBe(keySha256)
      // Nobody finds a key by trying keys: the same run again has another hash.
      traceId = (await fresh('fanout=3&seed=hush')).body.trace_id
      expect(await told()).not.toBe(keySha256)
    })

    it.each([
      ['few faults', 'fanout=3'],
      ['no fault', 'fanout=3&faults=off'],
      ['many faults', 'fanout=1300&concurrency=20'],
    ])('with the hash of its key no sooner where there is %s', async (_, parameters) => {
      traceId = (await fresh(parameters)).body.trace_id
      const shown = () => ledger().set('Authorization', `Bearer ${bearer}`).expect(200)
      expect(await hash()).toBe('pending')
      await expect.poll(async () => (await shown()).body.runs[0].key).toMatchObject({ trace_id: traceId })
      nowMs += 9999
      expect(await hash()).toBe('pending')
      nowMs += 1
      const keySha256 = await hash()
      const { key, key_salt: salt } = (await answer().expect(200)).body.runs[0] as RunLedger
      expect(seal(key, salt).sha256).toBe(keySha256)
    })

    it('from all but who shows the token', async () => {
      for (const shown of ['Bearer something-else-that-is-long', `Basic ${bearer}`, bearer])
        await ledger().set('Authorization', shown).expect(423)
      const { body } = await ledger().set('Authorization', `Bearer ${bearer}`).expect(200)
      expect(body.runs[0]).toMatchObject({ scenario: 'fanout', sealed: true })
      await ledger().expect(423)
      const list = await request(sealed.app).get('/runs').set('Authorization', `Bearer ${bearer}`)
      expect(list.body.runs[0]).toMatchObject({ scenario: 'fanout' })
    })

    it('and takes one answer, however many come at once', async () => {
      const statuses = (await Promise.all(Array.from({ length: 20 }, () => answer()))).map(({ status }) => status)
      expect(statuses.toSorted((a, b) => a - b)).toEqual([200, ...Array<number>(19).fill(409)])
      expect((await answer('{"span_ids":["0123456789abcdef"]}').expect(409)).body.detail).toMatch(/first answer counts/)
    })

    it('and keeps the one answer for who hears what it opens', async () => {
      const made = Promise.withResolvers<void>()
      const asked = Promise.withResolvers<void>()
      const keys = vi.spyOn(Keys.prototype, 'ask').mockImplementation(() => {
        asked.resolve()
        return made.promise
      })
      const server = createServer(sealed.app)
      const heard = new Promise((resolve) => server.once('request', (_request, res) => res.once('close', resolve)))
      const left = new AbortController()
      const url = `${await listen(server)}/runs/${traceId}/answer`
      const first = fetch(url, { method: 'POST', body: '{"span_ids":[]}', signal: left.signal }).catch(() => 'left')
      await asked.promise
      left.abort()
      expect(await first).toBe('left')
      await heard
      made.resolve()
      keys.mockRestore()
      await answer().expect(200)
      server.close()
    })

    it('and takes none while it goes on', async () => {
      const left = new AbortController()
      const url = await listen(createServer(sealed.app))
      const headers = { 'x-run-parameters': 'blind=true&scenario=human&human_delay_s=60' }
      const run = fetch(`${url}/run`, { headers, signal: left.signal }).catch(() => {})
      const running = async () => {
        const { body } = await request(sealed.app).get('/runs')
        return (body.runs as { state: string; trace_id: string }[]).find(({ state }) => state === 'running')?.trace_id
      }
      await expect.poll(running).toBeDefined()
      traceId = (await running()) as string
      expect((await answer().expect(409)).body.title).toBe('Running')
      left.abort()
      await run
      await expect.poll(running).toBeUndefined()
      await ledger().expect(423)
      await answer().expect(200)
    })
  })

  it('takes the one answer to an open run, too', async () => {
    const { body } = await ask('/run?fanout=2', '')
    const hand = () => request(apps.app).post(`/runs/${body.trace_id}/answer`).send('{"span_ids":[]}')
    await hand().expect(200)
    await hand().expect(409)
    await request(apps.app).get(`/runs/${body.trace_id}`).expect(200)
  })

  it('streams at /stream', async () => {
    const answer = await ask('/stream', 'blind=true&duration_s=0.1&background_fanout=1&tool_delay_ms=1&ttft_ms=1')
    expect(JSON.parse(/event: result\ndata: (.*)\n/.exec(answer.text)?.[1] ?? '')).toEqual({
      trace_id: answer.headers['x-trace-id'],
      ok: true,
      key_sha256: 'pending',
    })
  })
})
