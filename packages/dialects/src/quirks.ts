import type { Operation } from 'contract/facts'
import type { Quirk } from 'contract/quirks'
import { type SomeTokens, tokenNames } from 'contract/usage'
import type { Values } from './shapes.ts'

const tellsTokens: ReadonlySet<Operation> = new Set(['chat', 'invoke_agent', 'http_client'])

/** Facts as telemetry with these quirks tells them; `known` is what is known of the step beside them. */
export function quirked(operation: Operation, facts: Values, known: Values, quirks: ReadonlySet<Quirk>): Values {
  if (quirks.size === 0 || !tellsTokens.has(operation)) return facts
  const isSilent = quirks.has('usage_on_parent') || (quirks.has('stream_usage_missing') && known.stream === true)
  if (operation === 'chat' && isSilent) return withoutTokens(facts)
  return quirks.has('cache_beside') ? withCacheBeside(facts) : facts
}

const withoutTokens = (facts: Values): Values =>
  Object.fromEntries(Object.entries(facts).filter(([name]) => !tokenNames.some((token) => token === name)))

function withCacheBeside(facts: Values): Values {
  const { input_tokens, cached_tokens = 0, cache_write_tokens = 0 } = facts as SomeTokens
  if (input_tokens === undefined) return facts
  return { ...facts, input_tokens: input_tokens - cached_tokens - cache_write_tokens }
}
