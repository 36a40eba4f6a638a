import { createServer, type RequestListener } from 'node:http'

/** Listens on a free port, with room for as many connections as a benchmark opens, and says where. */
export function listen(name: string, listener: RequestListener): void {
  const server = createServer(listener)
  server.listen({ host: '127.0.0.1', port: 0, backlog: 16_384 }, () => {
    const address = server.address()
    if (typeof address === 'object' && address) console.log(`${name} listens on http://127.0.0.1:${address.port}`)
  })
}
