export const tabs = ['look', 'compare', 'verify', 'without'] as const
export type Tab = (typeof tabs)[number]

/** What the page shows, as its address says it: whoever opens the address sees the same. */
export interface Address {
  page: 'run' | 'trace' | 'exam'
  /** The agent that runs; empty for the first. */
  agent: string
  scenario: string
  /** As they were typed. */
  params: Readonly<Record<string, string>>
  trace: string
  tab: Tab
  /** The span that is selected; empty for none. */
  span: string
  /** The trace of the same run without the fault; empty until there is one. */
  against: string
}

export const nowhere: Address = {
  page: 'run',
  agent: '',
  scenario: '',
  params: {},
  trace: '',
  tab: 'look',
  span: '',
  against: '',
}

const own = ['page', 'agent', 'scenario', 'trace', 'tab', 'span', 'against'] as const

/** Reads the query part of an address; what makes no sense there is as if it were absent. */
export function parseAddress(query: string): Address {
  const given = new URLSearchParams(query)
  const text = (name: (typeof own)[number]) => given.get(name) ?? ''
  const trace = /^[0-9a-f]{32}$/.test(text('trace')) ? text('trace') : ''
  const isExam = text('page') === 'exam'
  return {
    page: isExam ? 'exam' : trace ? 'trace' : 'run',
    agent: text('agent'),
    scenario: text('scenario'),
    params: Object.fromEntries([...given].filter(([name]) => !own.some((each) => each === name))),
    trace,
    tab: tabs.find((tab) => tab === text('tab')) ?? 'look',
    span: text('span'),
    against: /^[0-9a-f]{32}$/.test(text('against')) ? text('against') : '',
  }
}

/** The shortest address that says the same; begins with `/`. */
export function formatAddress(address: Address): string {
  const query = new URLSearchParams()
  if (address.page === 'exam') query.set('page', 'exam')
  for (const name of ['agent', 'scenario', 'trace', 'span', 'against'] as const)
    if (address[name]) query.set(name, address[name])
  if (address.tab !== 'look' && address.page === 'trace') query.set('tab', address.tab)
  for (const [name, value] of Object.entries(address.params)) if (value !== '') query.set(name, value)
  const text = query.toString()
  return text ? `/?${text}` : '/'
}
