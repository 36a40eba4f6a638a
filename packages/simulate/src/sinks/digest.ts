import { Digest } from '../digest.ts'
import { canonicalHead, canonicalSpan } from '../otlp/canonical.ts'
import { attributesOf, spanOf } from '../otlp/json.ts'
import type { PlayedRun } from '../play.ts'
import { senders } from '../senders.ts'
import type { Sink } from './sink.ts'

const heads = new Map(
  Object.entries(senders).map(([service, { resource, scope }]) => [
    service,
    canonicalHead({ attributes: attributesOf(resource) }, scope),
  ]),
)

/** The digest of all spans. */
export class DigestSink implements Sink {
  readonly digest = new Digest()

  take({ eachSpan }: PlayedRun): undefined {
    eachSpan((service, span) => this.digest.add(canonicalSpan(heads.get(service) as string, spanOf(span))))
  }

  unitEnded(): void {}

  async end(): Promise<void> {}
}
