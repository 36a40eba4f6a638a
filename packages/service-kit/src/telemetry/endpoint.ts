import { isIPv6 } from 'node:net'
import { z } from 'zod'
import { typedPath } from '../typed-path.ts'

export const isHttpUrl = (text: string) => /^https?:\/\//i.test(text) && URL.canParse(text)

/**
 * Where an exporter sends to: a URL, or a name as gRPC takes it, in the plainest form that means the same.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#configuration-options
 */
export function endpoint(description: string) {
  const error = 'an http or https URL, or for gRPC also host:port, dns:, unix:, ipv4: or ipv6:'
  const parse = (text: unknown) => {
    if (typeof text !== 'string' || text === '') return undefined
    return isHttpUrl(text) ? text : (grpcName(text) ?? null)
  }
  return z.preprocess(parse, z.string({ error }).optional().meta({ description }))
}

/** `host`, `host:port`, `[::1]:port`. */
const authority = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i
const plain = (name: string) => (authority.test(name) ? name : undefined)

/** https://github.com/grpc/grpc/blob/master/doc/naming.md */
function grpcName(text: string): string | undefined {
  const [, scheme = '', name = ''] = /^(dns|ipv4|ipv6|unix):(?!\d+$)(\S+)$/i.exec(text) ?? []
  switch (scheme.toLowerCase()) {
    case 'unix':
      return `unix://${typedPath(name.replace(/^\/\/(?=\/)/, ''))}`
    case 'dns':
      // With a name server of one's own, `dns://server/host`, there is no plainer form.
      return /^\/\/[^/]+\/./.test(name) ? text : plain(name.replace(/^\/\/\//, ''))
    case 'ipv4':
    case 'ipv6':
      if (name.includes(',')) return text
      return plain(isIPv6(name) ? `[${name}]` : name)
    default:
      return plain(text)
  }
}
