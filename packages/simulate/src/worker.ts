// One shard in a thread of its own.
import { parentPort, workerData } from 'node:worker_threads'
import { connect } from './remote.ts'
import { Shard, type ShardOptions, type Surroundings } from './shard.ts'

if (!parentPort) throw new Error('This is to be started as a worker thread')
const { remote } = connect<Surroundings>(parentPort, {
  play: (...args: Parameters<Shard['play']>) => shard.play(...args),
  end: () => shard.end(),
  hurry: (...args: Parameters<Shard['hurry']>) => shard.hurry(...args),
  state: () => shard.state(),
  spansBefore: (...args: Parameters<Shard['spansBefore']>) => shard.spansBefore(...args),
})
const shard = new Shard(workerData as ShardOptions, {
  write: (file, bytes) => remote.write(file, bytes),
  tell: (line) => void remote.tell(line),
})
