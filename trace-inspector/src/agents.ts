import { lookup } from 'node:dns/promises'

/** An agent, or all replicas of one. */
export interface KnownAgent {
  /** Names it in addresses: host and port. */
  id: string
  /** Where one of it answers. */
  url: string
  /** Where all of it are by now, the newest first. Empty where its name is not known. */
  addresses: () => Promise<readonly string[]>
}

/** All addresses of a host name; rejects where it is not known. */
export type Resolve = (name: string) => Promise<readonly { address: string; family: number }[]>
const resolveName: Resolve = (name) => lookup(name, { all: true })

/** How long the addresses behind a name are taken for what they were, ms: replicas come and go. */
const freshMs = 1000

/** `http://agent-app:8080` is an agent; `dns+http://agent-app:8080` all that are behind the name, a replica an address. */
export function knownAgent(given: string, resolve = resolveName): KnownAgent {
  const url = given.replace(/^dns\+/, '')
  const id = url.replace(/^https?:\/\//, '')
  return { id, url, addresses: url === given ? async () => [url] : behind(new URL(url), resolve) }
}

export const knownAgents = (urls: readonly string[]): KnownAgent[] => urls.map((url) => knownAgent(url))

function behind({ protocol, hostname, port, pathname }: URL, resolve: Resolve): KnownAgent['addresses'] {
  /** In the order in which they were first seen. */
  let known: string[] = []
  let asked: { at: number; answer: Promise<void> } | undefined
  async function look(): Promise<void> {
    const answers = await resolve(hostname).catch(({ code }: NodeJS.ErrnoException) =>
      code === 'ENOTFOUND' ? [] : undefined,
    )
    // Nobody could say: they are where they were.
    if (!answers) return
    const found = answers.map(({ address, family }) => {
      const host = family === 6 ? `[${address}]` : address
      return `${protocol}//${host}${port && `:${port}`}${pathname.replace(/\/$/, '')}`
    })
    known = [...known.filter((address) => found.includes(address)), ...found.filter((it) => !known.includes(it))]
  }
  return async () => {
    const now = performance.now()
    if (!asked || now - asked.at > freshMs) asked = { at: now, answer: look() }
    await asked.answer
    return known.toReversed()
  }
}
