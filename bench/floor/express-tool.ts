import express from 'express'
import { listen } from './listen.ts'

/** The hop's other end as plain Express has it: a route and an answer like tool-service's. */
const app = express()
app.get('/tool/:tool_name', (req, res) => {
  res.json({ tool: req.params.tool_name, delay_ms: 0, ok: true, payload: '', service: 'floor' })
})
listen('express tool', app)
