import { createServer } from 'node:http'

/** Where spans go in a benchmark: reads them, discards them, and costs nobody who is measured anything. */
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    const isJson = request.headers['content-type'] === 'application/json'
    response.setHeader('Content-Type', request.headers['content-type'] ?? 'text/plain').end(isJson ? '{}' : '')
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address) console.log(`receiver listens on http://127.0.0.1:${address.port}`)
})
