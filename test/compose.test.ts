import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Service {
  image?: string
  build?: object
  ports?: string[]
}

/** The services that a file begins, by their names; those that it adds to alone are another's. */
const services = readdirSync(root)
  .filter((file) => /^docker-compose.*\.yml$/.test(file))
  .flatMap((file) => {
    const { services } = parse(readFileSync(root + file, 'utf8'), { merge: true }) as {
      services: Record<string, Service>
    }
    return Object.entries(services).map(([name, service]) => ({ name: `${file}: ${name}`, service }))
  })
  .filter(({ service }) => service.image !== undefined || service.build !== undefined)

it.each(services)('$name is kept within limits, and started again', ({ service }) => {
  expect(service).toMatchObject({
    mem_limit: expect.stringMatching(/^\d+g$/),
    pids_limit: expect.any(Number),
    restart: 'unless-stopped',
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  })
})

it.each(services)('$name is on this machine alone, unless BIND_ADDRESS says more', ({ service }) => {
  for (const port of service.ports ?? []) expect(port).toMatch(/^\$\{BIND_ADDRESS:-127\.0\.0\.1\}:/)
})
