import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** An address where nobody accepts connections any more, nor refuses them: the kernel lets further ones wait. */
export interface DeafListener {
  url: string
  end(): void
}

const listen = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
  process.stdout.write(String(this.address().port))
})`

export async function startDeafListener(): Promise<DeafListener> {
  const child: ChildProcess = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  child.kill('SIGSTOP')
  // A stopped process accepts nothing: these fill what the kernel holds for it.
  const sockets: Socket[] = Array.from({ length: 8 }, () => connect(Number(port), '127.0.0.1').on('error', () => {}))
  await Promise.race(sockets.map((socket) => once(socket, 'connect')))
  return {
    url: `http://127.0.0.1:${String(port)}`,
    end() {
      for (const socket of sockets) socket.destroy()
      child.kill('SIGKILL')
    },
  }
}
