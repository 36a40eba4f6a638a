import { expect } from 'vitest'

/** Within 5 %, or 5 (milliseconds): clocks and encodings are not what is looked for. */
export function expectAlike(actual: unknown, expected: unknown, path = 'observed'): void {
  if (typeof expected === 'number' && typeof actual === 'number') {
    const isNear = Math.abs(actual - expected) <= Math.max(5, Math.abs(expected) * 0.05)
    expect(isNear, `${path}: ${actual} is near ${expected}`).toBe(true)
  } else if (typeof expected === 'object' && expected !== null && typeof actual === 'object' && actual !== null) {
    expect(Object.keys(actual), path).toEqual(Object.keys(expected))
    for (const [name, value] of Object.entries(expected))
      expectAlike((actual as Record<string, unknown>)[name], value, `${path}.${name}`)
  } else expect(actual, path).toEqual(expected)
}

/** A sentence without its figures. */
export const wordsOf = (sentence: string): string => sentence.replaceAll(/\d+(\.\d+)?/g, '…')
