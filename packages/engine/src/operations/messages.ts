import type { FactsOf, Stated } from 'contract/facts'
import type { Random } from 'contract/random'
import { sentence } from '../model.ts'
import type { Asked } from '../ports.ts'

/** A message as the GenAI conventions' schemas have it. */
export interface Message {
  role: 'user' | 'assistant' | 'tool'
  parts: readonly object[]
}

/** A tool call that a model asks for. */
export interface AskedCall {
  id: string
  tool: string
  asked: Pick<Asked, 'text'>
}

/** Of a conversation the first message is sent, and so many of the last: what a loop says does not grow without bound. */
const mostSent = 20

export const textMessage = (role: 'user' | 'assistant', content: string): Message => ({
  role,
  parts: [{ type: 'text', content }],
})

export const callMessage = ({ id, tool, asked }: AskedCall): Message => ({
  role: 'assistant',
  parts: [{ type: 'tool_call', id, name: tool, arguments: JSON.parse(asked.text) as unknown }],
})

/** What a tool answered, or why it did not. */
export const answerMessage = (id: string, response: unknown): Message => ({
  role: 'tool',
  parts: [{ type: 'tool_call_response', id, response }],
})

/** What was asked and answered, as content. `said` is what the conversation has come to, and grows by the answer. */
export function addMessages(
  response: Partial<Stated<FactsOf<'chat'>>>,
  random: Random,
  toolCall: AskedCall | undefined,
  said: Message[] = [],
): void {
  const answer = toolCall ? callMessage(toolCall) : textMessage('assistant', sentence(random, 16))
  if (said.length === 0) said.push(textMessage('user', sentence(random, 24)))
  response.input_messages = JSON.stringify([...said.slice(0, 1), ...said.slice(1).slice(-mostSent)])
  response.output_messages = JSON.stringify([{ ...answer, finish_reason: response.finish_reason }])
  said.push(answer)
}
