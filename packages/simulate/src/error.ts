/** Something that ends a simulation; the message is for people, and says all that they need. */
export class SimulateError extends Error {
  override name = 'SimulateError'
}
