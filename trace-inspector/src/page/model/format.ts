export * from 'findings/format'
