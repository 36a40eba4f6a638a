import type { Scenario } from '../scenario.ts'
import { chain } from './chain.ts'
import { dag } from './dag.ts'
import { fanout } from './fanout.ts'
import { human } from './human.ts'
import { rag } from './rag.ts'
import { react } from './react.ts'
import { retry } from './retry.ts'
import { stream } from './stream.ts'

/** Every scenario there is, in the order in which they are listed. */
export const scenarios: readonly Scenario[] = [fanout, chain, retry, dag, react, human, rag, stream]
