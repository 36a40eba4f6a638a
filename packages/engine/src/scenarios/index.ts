import { type ScenarioName, scenarioNames } from 'contract/scenarios'
import type { Scenario } from '../scenario.ts'
import { cascade } from './cascade.ts'
import { chain } from './chain.ts'
import { dag } from './dag.ts'
import { fanout } from './fanout.ts'
import { handoff } from './handoff.ts'
import { hallucination } from './hallucination.ts'
import { human } from './human.ts'
import { loop } from './loop.ts'
import { overflow } from './overflow.ts'
import { rag } from './rag.ts'
import { react } from './react.ts'
import { retry } from './retry.ts'
import { silent } from './silent.ts'
import { stream } from './stream.ts'

/** Every scenario by its name. */
export const scenarioOf = {
  fanout,
  chain,
  retry,
  dag,
  react,
  human,
  rag,
  stream,
  handoff,
  loop,
  cascade,
  silent,
  hallucination,
  overflow,
} satisfies {
  [Name in ScenarioName]: Scenario<Name>
}

/** Every scenario there is, in the order in which they are listed. */
export const scenarios: readonly Scenario[] = scenarioNames.map((name) => scenarioOf[name])
