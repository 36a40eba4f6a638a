import { Random } from 'contract/random'

/** What all draws of a run fork from: another scenario makes nothing alike of the same seed. */
export const drawsOf = (seed: string, scenario: string): Random => new Random(seed).fork(scenario)

/** The seed that tools draw with for it. */
export const toolSeedOf = (draws: Random): string => draws.identifier('tools', 32)
