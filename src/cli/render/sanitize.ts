// Makes text read from a target safe to print. A type, module or attribute name can be any string its program chose,
// so it may hold escape sequences, line breaks, or characters that reorder or hide what stands beside them.

/**
 * Controls (escape, line breaks, C1), format characters (bidirectional controls, zero-width, soft hyphen, tags),
 * surrogates without a partner, line and paragraph separators, and whatever else Unicode says to leave undrawn.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** The text with every unsafe character written as a visible escape (`\x1b`, `\u202e`). */
export function sanitize(text: string): string {
  return text.replace(UNSAFE, visibleEscape);
}

/** A copy of plain data with every string in it sanitised: what each renderer does first, so that none can be forgotten. */
export function sanitizeStrings<T>(data: T): T {
  return mapStrings(data, sanitize) as T;
}

/**
 * JSON text in which no character can act on a terminal: the unsafe ones are written as `\uXXXX`, which parses to the
 * same data.
 */
export function safeJson(data: unknown): string {
  return JSON.stringify(data, undefined, 2).replace(UNSAFE, (character) =>
    character === '\n' ? character : jsonEscape(character),
  );
}

function visibleEscape(character: string): string {
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

function jsonEscape(character: string): string {
  let escaped = '';
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

function mapStrings(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, map));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [map(key), mapStrings(item, map)]));
  }
  return value;
}
