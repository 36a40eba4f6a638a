// npm run certificate: what classifiers and a solver make of blind runs, in full. Tests do the same at small size.
import { drawSecret } from 'contract/secret'
import { scenarios } from 'engine/scenarios/index'
import { defineCommand, readWhole, runCommand, UsageError } from '../../cli/command.ts'
import { type Column, renderHead, renderRow } from '../../cli/table.ts'
import { type Attack, attack, isNoBetterThanChance } from './attack.ts'
import { type Certificate, certify, isBlind, lateRuns, together } from './certificate.ts'
import type { Separation } from './separation.ts'

const columns: Column[] = [
  { title: 'scenario', width: 13 },
  { title: 'late runs', align: 'right' },
  { title: 'controls', align: 'right' },
  { title: 'against peers', width: 14 },
  { title: 'against all alike', width: 17 },
  { title: 'late or control', width: 15 },
]
const shown = ({ auc, error, culprits }: Separation) => (culprits > 1 ? `${auc.toFixed(3)} ± ${error.toFixed(3)}` : '–')
const render = ({ scenario, faulty, controls, peers, all, runs }: Certificate) =>
  renderRow(columns, [scenario, String(faulty), String(controls), shown(peers), shown(all), shown(runs)])

const known = scenarios.flatMap(({ name, levels }) => (levels ? [name] : []))

async function certifyAll(names: readonly string[], level: string, wanted: number, secret: string): Promise<boolean> {
  console.log(`Blind runs of level ${level}: AUC of the better of two classifiers, by all but times, status and events`)
  console.log(renderHead(columns))
  const certificates: Certificate[] = []
  for (const name of names) {
    const certificate = certify(await lateRuns(name, level, wanted, secret))
    certificates.push(certificate)
    console.log(render(certificate))
  }
  const sum = together(certificates)
  console.log(render(sum))
  return isBlind(sum.peers) && isBlind(sum.runs)
}

function renderAttack(who: string, { runs, found, named, hits, byLot }: Attack): string {
  const lot = `${byLot.mean.toFixed(1)} ± ${byLot.deviation.toFixed(1)} by lot`
  return `${who}: the seed of ${found} of ${runs} runs found; ${hits} of ${named} calls that were named are culprits (${lot})`
}

await runCommand(
  defineCommand({
    name: 'npm run certificate --',
    description: 'Tries to tell culprits of blind runs by what is no symptom, and to find their seeds by trying',
    args: {
      scenario: { type: 'string', valueHint: 'NAME…', description: 'only these; all that have levels where absent' },
      runs: { type: 'string', valueHint: 'N', description: 'late runs of each scenario', default: '300' },
      level: { type: 'string', valueHint: 'N', description: 'of these runs, 2 to 4', default: '2' },
      seeds: {
        type: 'string',
        valueHint: 'N',
        description: 'that a solver tries; 0 for no attack',
        default: '1000000',
      },
    },
    list: 'scenario',
    notes:
      'Exits 1 where a classifier is better than 0.55, the solver better than chance, or it fails at open runs. docs/blind.md says more.',
    async run({ runs, level, seeds }, named) {
      for (const name of named)
        if (!known.includes(name)) throw new UsageError(`--scenario ${name}: expected one of ${known.join(', ')}`)
      const names = named.length > 0 ? named : known
      const wanted = readWhole('--runs', runs, 0, 100_000)
      if (!/^[234]$/.test(level)) throw new UsageError(`--level ${level}: expected 2, 3 or 4`)
      const secret = drawSecret()
      const isSealed = wanted === 0 || (await certifyAll(names, level, wanted, secret))
      const tried = Array.from({ length: readWhole('--seeds', seeds, 0, 100_000_000) }, (_, seed) => String(seed))
      if (tried.length === 0) return isSealed ? 0 : 1
      const [open, blind] = [await attack(tried, 10), await attack(tried, 40, { secret })]
      console.log(`A solver that knows the source tries ${tried.length.toLocaleString('en')} seeds`)
      console.log(renderAttack('open runs', open))
      console.log(renderAttack('blind runs', blind))
      return isSealed && open.found === open.runs && isNoBetterThanChance(blind) ? 0 : 1
    },
  }),
)
