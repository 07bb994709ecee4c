// Names that are longer than the room for them.

/** At most `length` characters, with the middle left out: the start and the end of a name tell most. */
export function elided(text: string, length: number): string {
  if (text.length <= length) return text;
  const head = Math.ceil((length - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (length - 1 - head))}`;
}
