// String literals: their prefixes, where they end, and what their escapes stand for. The replacement fields of formatted
// strings are formatted-strings.ts's.

export const RAW = 1;
export const BYTES = 2;
/** f-strings and t-strings: fields between braces. */
export const FORMATTED = 4;
/** t-strings. */
export const TEMPLATE = 8;
export const TRIPLE = 16;
/** A backslash or a carriage return inside: the value is not the text. */
export const ESCAPED = 32;
/** A prefix that says nothing, as `u`. */
const PLAIN = 0;
export const NO_PREFIX = -1;

const BACKSLASH = 92;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Flags of the prefix between `start` and `end`; NO_PREFIX where it is none. */
export function prefixFlags(text: string, start: number, end: number): number {
  const first = text.charCodeAt(start) | 32;
  if (end - start === 1) return singlePrefix(first);
  const second = text.charCodeAt(start + 1) | 32;
  if (end - start !== 2 || first === second) return NO_PREFIX;
  const a = singlePrefix(first);
  const b = singlePrefix(second);
  // Two letters are `r` and one of b, f, t.
  return a > 0 && b > 0 && (a === RAW || b === RAW) ? a | b : NO_PREFIX;
}

function singlePrefix(lowerCase: number): number {
  switch (lowerCase) {
    case 114: // r
      return RAW;
    case 98: // b
      return BYTES;
    case 102: // f
      return FORMATTED;
    case 116: // t
      return FORMATTED | TEMPLATE;
    case 117: // u
      return PLAIN;
    default:
      return NO_PREFIX;
  }
}

/** What the scanner learns from passing over the body of a string. */
export interface StringEnd {
  /** Offset of the closing quotes, or of the place where they are missing. */
  bodyEnd: number;
  closed: boolean;
  escaped: boolean;
  /** Line ends inside. */
  lines: number;
}

/** Finds the closing quotes of the string whose body begins at `from`, reading it as if it had no fields; fills `into`. */
export function findStringEnd(text: string, from: number, quote: number, triple: boolean, into: StringEnd): void {
  const { length } = text;
  let at = from;
  let lines = 0;
  let escaped = false;
  for (; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      if (!triple) break;
      if (text.charCodeAt(at + 1) === quote && text.charCodeAt(at + 2) === quote) break;
    } else if (code === BACKSLASH) {
      escaped = true;
      at++;
      if (at + 1 < length && text.charCodeAt(at) === CARRIAGE_RETURN && text.charCodeAt(at + 1) === LINE_FEED) at++;
      if (isLineEnd(text, at)) lines++;
    } else if (code === LINE_FEED || code === CARRIAGE_RETURN) {
      if (!triple) break;
      if (code === CARRIAGE_RETURN) escaped = true;
      if (isLineEnd(text, at)) lines++;
    }
  }
  into.bodyEnd = Math.min(at, length);
  into.closed = at < length && text.charCodeAt(at) === quote;
  into.escaped = escaped;
  into.lines = lines;
}

/** Whether a line ends with the character at `at`; the first half of \r\n does not count, its second does. */
function isLineEnd(text: string, at: number): boolean {
  if (at >= text.length) return false;
  const code = text.charCodeAt(at);
  return (
    code === LINE_FEED || (code === CARRIAGE_RETURN && (at + 1 >= text.length || text.charCodeAt(at + 1) !== LINE_FEED))
  );
}

/** The text a literal stands for. An unknown escape stands for itself, a `\N{…}` for one replacement character. */
export function decodeString(text: string, start: number, end: number, raw: boolean): string {
  const body = text.slice(start, end);
  const lines = body.includes('\r') ? body.replace(/\r\n?/g, '\n') : body;
  return raw || !lines.includes('\\') ? lines : lines.replace(ESCAPE, decodeEscape);
}

const ESCAPE = /\\(?:[0-7]{1,3}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|N\{[^{}]*\}|[\s\S])/g;

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const REPLACEMENT = '\ufffd';
const LAST_CODE_POINT = 0x10ffff;

function decodeEscape(sequence: string): string {
  const kind = sequence[1]!;
  if (sequence.length === 2) {
    const simple = SIMPLE_ESCAPES[kind];
    if (simple !== undefined) return simple;
  }
  if (kind >= '0' && kind <= '7') return String.fromCharCode(Number.parseInt(sequence.slice(1), 8));
  if (sequence.length === 2) return sequence;
  if (kind === 'N') return REPLACEMENT;
  const code = Number.parseInt(sequence.slice(2), 16);
  return code > LAST_CODE_POINT ? REPLACEMENT : String.fromCodePoint(code);
}
