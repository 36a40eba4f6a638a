import { signal } from '@preact/signals'
import { type Address, formatAddress, nowhere, parseAddress } from '../../model/address.ts'

/** What the page shows. Everything that can be shared is in it. */
export const address = signal<Address>(parseAddress(location.search))

addEventListener('popstate', () => {
  address.value = parseAddress(location.search)
})

/** Goes somewhere: a new entry of the history. */
export function go(to: Partial<Address>): void {
  address.value = { ...nowhere, ...to }
  history.pushState(null, '', formatAddress(address.value))
}

/** Stays, and says in the address what has changed. */
export function note(change: Partial<Address>): void {
  address.value = { ...address.peek(), ...change }
  history.replaceState(null, '', formatAddress(address.value))
}

/** A link within the page, that also opens in a new tab. */
export function link(to: Partial<Address>) {
  return {
    href: formatAddress({ ...nowhere, ...to }),
    onClick: (event: MouseEvent) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
      event.preventDefault()
      go(to)
    },
  }
}
