import { listen } from './listen.ts'

/** The hop's other end without any framework. */
listen('http tool', (request, response) => {
  const tool = request.url?.slice('/tool/'.length)
  const body = JSON.stringify({ tool, delay_ms: 0, ok: true, payload: '', service: 'floor' })
  response.setHeader('Content-Type', 'application/json').end(body)
})
