import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { listen } from '../../test/support/apps.ts'
import { askReady } from '../http.ts'

test('whoever takes a question and says nothing is not ready, and may be later', async () => {
  const silent = createServer(() => undefined)
  const url = await listen(silent)
  await expect(askReady('agent-app', `${url}/ready`, 1)).rejects.toMatchObject({
    name: 'ServiceError',
    mayPass: true,
    message: expect.stringContaining(`There is no agent-app at ${url}`),
  })
  silent.closeAllConnections()
  silent.close()
})
