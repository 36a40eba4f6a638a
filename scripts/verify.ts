import { main } from '../trace-inspector/src/cli/main.ts'

process.exitCode = await main(process.argv.slice(2))
