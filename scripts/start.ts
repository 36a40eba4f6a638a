// npm start: all services as processes of this machine, until Ctrl-C.
import { EnvironmentError } from 'service-kit/environment'
import { runMain } from 'service-kit/main'
import { guide } from './guide.ts'
import { findPortTrouble } from './ports.ts'
import { readSetup } from './services.ts'
import { supervise } from './supervisor.ts'

await runMain('npm start', async () => {
  const setup = readSetup(process.env)
  const trouble = await findPortTrouble(setup)
  if (trouble.length > 0) throw new EnvironmentError(trouble.map((line) => `\n  ${line}`).join(''))
  process.exit(await supervise(setup, process.env, () => console.log(guide(setup))))
})
