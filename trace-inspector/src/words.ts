/** Words, each kept once and named by its place. */
export class Words {
  readonly list: string[] = []
  readonly #places = new Map<string, number>()

  place(word: string): number {
    const known = this.#places.get(word)
    if (known !== undefined) return known
    this.#places.set(word, this.list.length)
    return this.list.push(word) - 1
  }
}
