import type { MessagePort, Worker } from 'node:worker_threads'
import { SimulateError } from './error.ts'

/** The other end of a port, as far as it can be called. */
export type Remote<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never
}

type Message =
  | { call: number; method: string; args: unknown[] }
  | { answer: number; value: unknown }
  | { answer: number; error: { message: string; isForPeople: boolean } }

/**
 * Serves calls of the other end by `methods`, and makes calls there. An error crosses as its message; bytes are handed
 * over, so whoever sends them has them no longer.
 */
export function connect<Theirs>(
  port: MessagePort | Worker,
  methods: Record<string, (...args: never[]) => unknown>,
): { remote: Remote<Theirs>; fail: (error: Error) => void } {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>()
  let calls = 0

  const serve = async ({ call, method, args }: Extract<Message, { call: number }>) => {
    try {
      port.postMessage({ answer: call, value: await methods[method]?.(...(args as never[])) })
    } catch (error) {
      const isForPeople = error instanceof SimulateError
      const text = isForPeople ? error.message : error instanceof Error ? error.stack : String(error)
      port.postMessage({ answer: call, error: { message: text, isForPeople } })
    }
  }
  port.on('message', (message: Message) => {
    if ('call' in message) return void serve(message)
    const caller = waiting.get(message.answer)
    waiting.delete(message.answer)
    if ('error' in message) {
      const { isForPeople, message: text } = message.error
      caller?.reject(isForPeople ? new SimulateError(text) : new Error(text))
    } else caller?.resolve(message.value)
  })
  const remote = new Proxy({} as Remote<Theirs>, {
    get:
      (_, method: string) =>
      (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          waiting.set(++calls, { resolve, reject })
          const bytes = args.filter((arg) => arg instanceof Uint8Array && arg.byteLength === arg.buffer.byteLength)
          port.postMessage(
            { call: calls, method, args },
            bytes.map((arg) => (arg as Uint8Array<ArrayBuffer>).buffer),
          )
        }),
  })
  return {
    remote,
    fail(error) {
      for (const { reject } of waiting.values()) reject(error)
      waiting.clear()
    },
  }
}
