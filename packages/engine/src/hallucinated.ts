import type { Random } from 'contract/random'

/** Names that a model takes for those of tools. */
export const noTools = [
  'web_search',
  'db_query',
  'send_email',
  'math',
  'crm_lookup',
  'get_record',
  'fetch_page',
  'schedule',
]

type Given = Readonly<Record<string, unknown>>

/** Makes what a tool does not take of what it takes: something is missing, of another type, or too much. */
export function wrongArguments(random: Random, given: Given): Given {
  const [first = 'query'] = Object.keys(given)
  const { [first]: _, ...rest } = given
  return random.pick([rest, { ...rest, [first]: { is: 'any' } }, { ...given, filter: { state: 'open' } }])
}
