import { sum } from './step.ts'

/** How often the attempts of a tool failed. */
export interface ToolFailures {
  tool: string
  attempts: number
  failures: number
  failure_rate: number
}

/** A tool is faulty that fails over this many times as often as those that fail less, and more than chance explains. */
const faultyRule = 3
/** Standard deviations of a count that are chance. */
const chance = 3

/** Tools on the upper side of the widest gap between rates, where it is wide enough to blame them. `tools`, highest rate first. */
export function faultyTools(tools: readonly ToolFailures[]): string[] {
  let widest = faultyRule
  let faulty: string[] = []
  for (let number = 1; number < tools.length; number++) {
    const others = tools.slice(number)
    // One failure more than there were: that none was seen of a few attempts does not mean that there is none.
    const rate = (1 + sum(others.map(({ failures }) => failures))) / (2 + sum(others.map(({ attempts }) => attempts)))
    const { attempts, failures } = tools[number - 1] as ToolFailures
    const expected = attempts * rate
    const isChance = failures <= expected + chance * Math.sqrt(expected * (1 - rate))
    if (isChance || failures / expected <= widest) continue
    widest = failures / expected
    faulty = tools.slice(0, number).map(({ tool }) => tool)
  }
  return faulty
}
