import { askedOf } from 'exam/asked'

/** Of docs/examples: \`make --level 3 --traces 20 --seed example --secret …\` with these. */
export const example = {
  scenarios: Object.keys(askedOf),
  level: 3,
  traces: 20,
  seed: 'example',
  secret: '00112233445566778899aabbccddeeff',
  startMs: Date.parse('2026-11-01T00:00:00Z'),
}
