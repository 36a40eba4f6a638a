export * from '../../scripts/pair.ts'
