/** Breaks each line of a text between words where it is longer than `columns`; what follows stands two further in. */
export function fold(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => foldLine(line, columns))
    .join('\n')
}

function foldLine(line: string, columns: number): string {
  const indent = ' '.repeat(line.search(/\S|$/) + 2)
  let folded = ''
  let width = 0
  for (const [piece, word = ''] of line.matchAll(/ *(\S+)/g)) {
    const isFull = folded !== '' && width + piece.length > columns
    folded += isFull ? `\n${indent}${word}` : piece
    width = isFull ? indent.length + word.length : width + piece.length
  }
  return folded
}

/** The same for whoever looks at it; a file or a pipe gets the lines whole. */
export function foldFor(stream: NodeJS.WriteStream, text: string): string {
  return stream.isTTY ? fold(text, stream.columns) : text
}
