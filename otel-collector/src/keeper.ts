// Keeps the Collector up until the services have sent their last spans: node keeper.ts SERVICE…
//
// Compose asks all containers to stop at once, but one that others depend on only after them. So this one depends on the
// Collector, and once it is asked to stop, it ends when the services have ended. Without it, their last spans have no taker.
import { once } from 'node:events'
import { Resolver } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const services = process.argv.slice(2)
const resolver = new Resolver({ timeout: 1000, tries: 1 })

/** A network of Docker's knows a container by the name of its service for as long as it runs. */
async function isThere(service: string): Promise<boolean> {
  try {
    return (await resolver.resolve4(service)).length > 0
  } catch {
    return false
  }
}

const forEver = setInterval(() => {}, 2 ** 30)
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
clearInterval(forEver)
while ((await Promise.all(services.map(isThere))).includes(true)) await sleep(200)
