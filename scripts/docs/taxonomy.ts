import { faultCategories, plantedKinds } from 'contract/taxonomy'
import { code, table } from './markdown.ts'

/** Every kind of fault that a key may name. */
export function kindTable(): string {
  const rows = Object.entries(plantedKinds).map(([kind, { category, means }]) => [code(kind), code(category), means])
  return table(['Kind', 'Category', 'What it is'], rows)
}

/** Categories, in the words of others. */
export function categoryTable(): string {
  const rows = Object.entries(faultCategories).map(([category, { elsewhere }]) => [code(category), elsewhere])
  return table(['Category', 'What published taxonomies call it'], rows)
}
