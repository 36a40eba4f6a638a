import { keepLoopbackDirect } from 'service-kit/loopback'
import { main } from '../trace-inspector/src/cli/main.ts'

keepLoopbackDirect(process.env)
process.exitCode = await main(process.argv.slice(2))
