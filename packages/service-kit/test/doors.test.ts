import { createServer, request as httpRequest } from 'node:http'
import { hostname } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import request from 'supertest'
import { listen } from '../../../test/support/apps.ts'
import { createServiceApp } from '../src/app.ts'
import { notFromOtherSites, only, onlyRead } from '../src/doors.ts'

let played = 0
const app = createServiceApp(['box.lan', '.example.com'], (app) => {
  app
    .route('/play')
    .all(only('GET'), notFromOtherSites)
    .get((_req, res) => res.json({ played: ++played }))
  app
    .route('/read')
    .all(onlyRead)
    .get((_req, res) => res.json({ played }))
})
const server = createServer({ requireHostHeader: false }, app)
let port: number
beforeAll(async () => void (port = Number(new URL(await listen(server)).port)))
afterAll(() => new Promise((resolve) => server.close(resolve)))

function statusFor(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ port, host: '127.0.0.1', path: '/read', headers: { Host: host } }, (response) => {
      response.resume()
      resolve(response.statusCode as number)
    })
    asked.on('error', reject).end()
  })
}

describe('Host', () => {
  it.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:80',
    'localhost.',
    'page.localhost',
    '127.0.0.1',
    '127.0.0.1:4319',
    '10.1.2.3:8080',
    '[::1]',
    '[::1]:8080',
    '[fe80::1]:8080',
    '0.0.0.0',
    hostname(),
    'agent-app:8080',
    'agent-app-secondary:8080',
    'tool-service:8081',
    'trace-inspector:4319',
    'host.docker.internal:4319',
    'box.lan',
    'Box.LAN:4319',
    'a.example.com',
    'a.b.example.com:1',
  ])('%s is let in', async (host) => expect(await statusFor(host)).toBe(200))

  it.each([
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    'agent-app.evil.example',
    'evillocalhost',
    '127.0.0.1.evil.example',
    'example.com',
    'evilexample.com',
    'box.lan.evil.example',
    '1.2.3',
    '[',
    ':80',
  ])('%j is turned away', async (host) => expect(await statusFor(host)).toBe(421))

  it('is told what to do', async () => {
    const { body } = await request(app).get('/read').set('Host', 'evil.example:1').expect(421)
    expect(body).toMatchObject({ status: 421, detail: expect.stringMatching(/"evil\.example:1".*ALLOWED_HOSTS/) })
  })
})

describe('methods', () => {
  it('answers HEAD where GET is safe, as GET but without the body', async () => {
    const get = await request(app).get('/read').expect(200)
    const head = await request(app).head('/read').expect(200)
    for (const name of ['content-type', 'content-length']) expect(head.headers[name]).toBe(get.headers[name])
    expect(head.text).toBeUndefined()
    await request(app).post('/read').expect(405).expect('Allow', 'GET, HEAD')
  })

  it('runs nothing for HEAD', async () => {
    const before = played
    await request(app).head('/play').expect(405).expect('Allow', 'GET')
    expect(played).toBe(before)
  })
})

describe('Sec-Fetch-Site', () => {
  it('runs nothing for a page of another site, and reads for it', async () => {
    const before = played
    const { body } = await request(app).get('/play').set('Sec-Fetch-Site', 'cross-site').expect(403)
    expect(body.status).toBe(403)
    expect(played).toBe(before)
    await request(app).get('/read').set('Sec-Fetch-Site', 'cross-site').expect(200)
  })

  it.each(['same-origin', 'same-site', 'none'])('runs for %s', async (site) => {
    await request(app).get('/play').set('Sec-Fetch-Site', site).expect(200)
  })
})
