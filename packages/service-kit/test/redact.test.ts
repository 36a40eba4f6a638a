import { fc } from '../../../test/support/properties.ts'
import { describe, expect, it } from 'vitest'
import { conceal, secretsOf, secretsOfHeaders, urlWithoutCredentials, withoutCredentials } from '../src/redact.ts'

describe('a text for the log', () => {
  it.each([
    ['http://collector:4318/v1/traces', 'http://collector:4318/v1/traces'],
    ['https://otlp.example.com/api/public/otel/v1/traces', 'https://otlp.example.com/api/public/otel/v1/traces'],
    ['http://me:passw0rd@host:4318/v1/traces', 'http://host:4318/v1/traces'],
    ['http://host/t0ps3cret/v1/traces', 'http://host/…/v1/traces'],
    ['http://host/v1/traces?key=t0ps3cret', 'http://host/v1/traces?…'],
    ['http://host/v1/traces?mail=a@b.c', 'http://host/v1/traces?…'],
    ['http://host/v1/traces#t0ps3cret', 'http://host/v1/traces?…'],
    ['http://me:pass/w0rd@host:4318', 'http://host:4318'],
    ['http://me:pass?w0rd@host:4318', 'http://host:4318'],
    ['htp://me:passw0rd@collector:4318: expected an http', 'htp://collector:4318: expected an http'],
    ['(http://host/s3cret, "http://me@other/").', '(http://host/…, "http://other/").'],
    ['no URL at all: a//b@c', 'no URL at all: a//b@c'],
  ])('%s is %s', (text, shown) => {
    expect(withoutCredentials(text)).toBe(shown)
  })

  it.each([
    ['collector.example.com/otlp/t0ps3cret?api-key=t0ps3cret', 'collector.example.com/otlp/…?…'],
    ['me:passw0rd@host:4318', 'host:4318'],
    ['//host/t0ps3cret?key=t0ps3cret', 'host/…?…'],
    ['http:/host/t0ps3cret', 'http:/…/…'],
    ['http://host/v1 ?key=t0ps3cret', 'http://host/…?…'],
    ['https://one, two/t0ps3cret', 'https://one,%20two/…'],
    ['collector:4318', 'collector:4318'],
  ])('that was to be a URL: %s is %s', (text, shown) => {
    expect(urlWithoutCredentials(text)).toBe(shown)
  })

  it('has no part of a URL that may be a token, wherever in it that is', () => {
    const token = fc.stringMatching(/^[A-Za-z0-9_-]{12,40}$/)
    const place = fc.constantFrom(
      'http://T@h/v1',
      'https://u:T@h',
      'h2://h/T',
      'http://h/v1/T/traces',
      'http://h?T',
      'http://h/?k=T',
    )
    fc.assert(
      fc.property(token, place, (secret, url) => {
        const whole = url.replace('T', secret)
        expect(withoutCredentials(`to ${whole} it goes`)).not.toContain(secret)
        expect(urlWithoutCredentials(whole)).not.toContain(secret)
        expect(urlWithoutCredentials(whole.replace(/^.*:\/\//, ''))).not.toContain(secret)
      }),
    )
  })
})

it('what a server quotes of a URL is found, as it stands there and as it reads', () => {
  const secrets = secretsOf('http://somebody:pass%20w0rd@host/t0p%2Fs3cret/v1/traces?key=qu3ry%20key')
  const quoted = 'pass%20w0rd pass w0rd t0p%2Fs3cret t0p/s3cret qu3ry key somebody /v1/traces'
  expect(conceal(secrets, quoted)).toBe('… … … … … … /v1/traces')
})

const token = 'sk-live-0123456789abcdef'

it.each([
  [`token ${token} is expired`, 'token … is expired'],
  [`authorization: Bearer ${token}`, 'authorization: …'],
  ['it was sk-live-0123…', 'it was …'],
  ['{"token":"sk-live-0…, which is no answer of OTLP', '{"token":"…, which is no answer of OTLP'],
  ['nothing secret…', 'nothing secret…'],
])('what a server quotes of a header is found, cut off or not: %s', (text, concealed) => {
  expect(conceal(secretsOfHeaders({ authorization: `Bearer ${token}` }), text)).toBe(concealed)
})
