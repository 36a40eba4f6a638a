import type { DialectName } from 'contract/facts'
import type { Dialect } from './dialect.ts'
import { genAiBlind } from './gen-ai/blind.ts'
import { genAi } from './gen-ai/dialect.ts'

const dialects = { 'gen-ai': genAi, 'gen-ai-blind': genAiBlind } satisfies Record<DialectName, Dialect>

/** The dialect of this name. */
export function dialectOf(name: DialectName): Dialect {
  return dialects[name]
}
