import fc from 'fast-check'

const { PROPERTY_SEED = '1' } = process.env
if (!/^\d{1,9}$/.test(PROPERTY_SEED))
  throw new Error(`PROPERTY_SEED ${PROPERTY_SEED}: expected a number of up to 9 digits`)

// The same examples each time: a test that is green here is green everywhere, and what it finds it finds again. Whoever
// looks for more sets another seed.
fc.configureGlobal({ seed: Number(PROPERTY_SEED) })

export { fc }
