/** Tells what is under way, where somebody looks at it: one line that is written over, and goes with an empty text. */
export function statusLine(isSilent = false): (text: string) => void {
  const { stderr } = process
  if (isSilent || !stderr.isTTY) return () => {}
  return (text) => stderr.write(`\r\u001b[K${text.slice(0, stderr.columns - 1)}`)
}
