import { hash, timingSafeEqual } from 'node:crypto'
import type { Request } from 'express'

const digest = (text: string) => hash('sha256', text, 'buffer')

/** Whether a request shows this token, as `Authorization: Bearer …`; never where there is none to show. */
export function showsToken(req: Request, token: string | undefined): boolean {
  const [, shown] = /^Bearer +(\S+)$/i.exec(req.get('authorization') ?? '') ?? []
  // Of equal length, so that how long it takes says nothing.
  return shown !== undefined && token !== undefined && timingSafeEqual(digest(shown), digest(token))
}

/** What shows a token in a request; nothing where there is none. */
export const bearer = (token: string | undefined) => (token === undefined ? {} : { authorization: `Bearer ${token}` })
