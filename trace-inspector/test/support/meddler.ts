import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type OtlpRequest, pack, type Parcel, unpack } from './otlp.ts'

/** What becomes of a span on its way: none, itself, several, another. */
export type Meddle = (parcel: Parcel) => Parcel[]

/** A collector between services and an inspector that does to spans what it is told to. */
export interface Meddler {
  url: string
  /** Where spans go; set before the first comes. */
  target: string
  meddle: Meddle
  /** Of the last request that came. */
  headers: IncomingMessage['headers'] | undefined
  /** Keeps what comes; `release` sends it in the order that it is given. */
  hold: () => void
  held: () => number
  release: (order?: (parcels: Parcel[]) => Parcel[]) => Promise<void>
  close: () => Promise<void>
}

/** Spans in one request. */
const batch = 500

export async function startMeddler(): Promise<Meddler> {
  let kept: Parcel[] | undefined
  const send = async (parcels: Parcel[]) => {
    for (let at = 0; at < parcels.length; at += batch) {
      const response = await fetch(`${meddler.target}/v1/traces`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(pack(parcels.slice(at, at + batch))),
      })
      if (!response.ok) throw new Error(`The inspector answered ${response.status}: ${await response.text()}`)
    }
  }
  const take = async (request: IncomingMessage) => {
    meddler.headers = request.headers
    const body = JSON.parse((await buffer(request)).toString()) as OtlpRequest
    const parcels = unpack(body).flatMap((parcel) => meddler.meddle(parcel))
    if (kept) kept.push(...parcels)
    else await send(parcels)
  }
  const server = createServer((request, response) => {
    void take(request).then(() => response.setHeader('Content-Type', 'application/json').end('{}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const meddler: Meddler = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: '',
    headers: undefined,
    meddle: (parcel) => [parcel],
    hold: () => (kept = []),
    held: () => kept?.length ?? 0,
    async release(order = (parcels) => parcels) {
      const parcels = order(kept ?? [])
      kept = undefined
      await send(parcels)
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return meddler
}

export const named = (name: string) => (parcel: Parcel) => parcel.span.name === name

/** Meddles with the spans that `isMeant` names, once each; all others pass. */
export function only(isMeant: (parcel: Parcel) => boolean, meddle: Meddle): Meddle {
  return (parcel) => (isMeant(parcel) ? meddle(parcel) : [parcel])
}

/** The first span that `isMeant` names, and then no other. */
export function first(isMeant: (parcel: Parcel) => boolean): (parcel: Parcel) => boolean {
  let hasCome = false
  return (parcel) => {
    if (hasCome || !isMeant(parcel)) return false
    hasCome = true
    return true
  }
}

/** A copy that can be changed. */
export function changed(parcel: Parcel, change: (copy: Parcel) => void): Parcel {
  const copy = structuredClone(parcel)
  change(copy)
  return copy
}
