// Shell patterns as Python's fnmatch has them: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`; a `[` without its `]` is itself.
// Matches in time proportional to pattern times text, whatever the pattern.

type Token =
  | { readonly kind: 'any run' }
  | { readonly kind: 'any one' }
  | { readonly kind: 'one of'; readonly ranges: readonly (readonly [number, number])[]; readonly isNegated: boolean };

/** Whether `text` matches the whole of the pattern. */
export function filePattern(pattern: string): (text: string) => boolean {
  const tokens = tokenize(codePoints(pattern));
  return (text) => matches(tokens, codePoints(text));
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0)!);
}

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const NOT = 0x21;
const HYPHEN = 0x2d;

function tokenize(pattern: readonly number[]): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length; ) {
    const point = pattern[i]!;
    const end = point === OPEN ? setEnd(pattern, i + 1) : -1;
    if (end >= 0) {
      tokens.push(setToken(pattern.slice(i + 1, end)));
      i = end + 1;
      continue;
    }
    if (point === STAR) tokens.push({ kind: 'any run' });
    else if (point === QUESTION) tokens.push({ kind: 'any one' });
    else tokens.push({ kind: 'one of', ranges: [[point, point]], isNegated: false });
    i++;
  }
  return tokens;
}

/** Index of the `]` that closes a set whose inside begins at `from`, or -1: one that comes first is a member. */
function setEnd(pattern: readonly number[], from: number): number {
  let i = from;
  if (pattern[i] === NOT) i++;
  if (pattern[i] === CLOSE) i++;
  return pattern.indexOf(CLOSE, i);
}

function setToken(inside: readonly number[]): Token {
  const isNegated = inside[0] === NOT;
  const members = isNegated ? inside.slice(1) : inside;
  const ranges: [number, number][] = [];
  for (let i = 0; i < members.length; ) {
    const isRange = members[i + 1] === HYPHEN && i + 2 < members.length;
    ranges.push([members[i]!, isRange ? members[i + 2]! : members[i]!]);
    i += isRange ? 3 : 1;
  }
  return { kind: 'one of', ranges, isNegated };
}

/** After a mismatch only the last run need give way: earlier ones were matched as short as can be. */
function matches(tokens: readonly Token[], text: readonly number[]): boolean {
  let token = 0;
  let at = 0;
  let runToken = -1;
  let runAt = 0;
  while (at < text.length) {
    const wanted = tokens[token];
    if (wanted?.kind === 'any run') {
      runToken = token++;
      runAt = at;
    } else if (wanted !== undefined && accepts(wanted, text[at]!)) {
      token++;
      at++;
    } else if (runToken >= 0) {
      token = runToken + 1;
      at = ++runAt;
    } else return false;
  }
  while (tokens[token]?.kind === 'any run') token++;
  return token === tokens.length;
}

function accepts(token: Token, point: number): boolean {
  if (token.kind !== 'one of') return true;
  return token.ranges.some(([low, high]) => point >= low && point <= high) !== token.isNegated;
}
