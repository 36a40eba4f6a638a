import type { Fault } from 'contract/scalars'

export type { Fault }

/** An answer that is an error: its words are the server's. */
export class ApiProblem extends Error {
  readonly status: number
  readonly faults: readonly Fault[]

  constructor(status: number, message: string, faults: readonly Fault[] = []) {
    super(message)
    this.status = status
    this.faults = faults
  }
}

/** Throws an ApiProblem for anything but a 2xx answer with JSON. */
export async function getJson<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, { headers: { Accept: 'application/json' }, ...init })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiProblem(0, 'trace-inspector does not answer')
  }
  if (!response.ok) throw await problemIn(response)
  return (await response.json()) as T
}

export async function problemIn(response: Response): Promise<ApiProblem> {
  const body = (await response.json().catch(() => ({}))) as { title?: string; detail?: string; errors?: Fault[] }
  return new ApiProblem(response.status, body.detail ?? body.title ?? `HTTP ${response.status}`, body.errors)
}

/** What went wrong, for a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
