import { createHash } from 'node:crypto'
import type { Assets } from './assets.ts'

/** The one document of the page, and what it may do: nothing that leaves this server. */
export interface Document {
  html: string
  policy: string
}

export function makeDocument({ root, importMap, modules }: Assets): Document {
  const hash = createHash('sha256').update(importMap).digest('base64')
  const policy = [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>trace-inspector</title>
<link rel="icon" href="${root}icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${root}style.css">
<script type="importmap">${importMap}</script>
${modules.map((path) => `<link rel="modulepreload" href="${path}">`).join('\n')}
<script type="module" src="${root}client/main.ts"></script>
</head>
<body>
<noscript>This page needs JavaScript. The same is told by the JSON at /traces, /traces/:trace_id/verify and /traces/:trace_id/reveal.</noscript>
</body>
</html>
`
  return { html, policy }
}
