import { knownForAt1 } from 'findings/known-for'

/** Whether anything may be wrong with runs of a scenario: at level 1, with its own parameters, some have no fault. */
export function mayBeFaulty(scenario: string, params: Readonly<Record<string, string>>): boolean {
  const given = Object.entries(params).filter(([name, value]) => name !== 'seed' && value !== '')
  return given.some(([name, value]) => name !== 'level' || value !== '1') || knownForAt1(scenario) !== undefined
}

/** A run of which only the seed is given has its fault or not: that is in no address. From level 2 on it draws that itself. */
export const chance = (scenario: string, params: Readonly<Record<string, string>>, random = Math.random) =>
  Object.keys(params).every((name) => name === 'seed')
    ? { faults: random() < 0.5 ? 'off' : (knownForAt1(scenario)?.faults ?? 'own') }
    : {}
