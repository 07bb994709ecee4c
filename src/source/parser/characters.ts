// What a character can begin: tables for ASCII, Unicode's identifier properties beyond it.

export const SPACE = 1;
export const LINE_END = 2;
export const HASH = 3;
export const BACKSLASH = 4;
export const LETTER = 5;
export const DIGIT = 6;
export const QUOTE = 7;
export const DOT = 8;
export const OPEN = 9;
export const CLOSE = 10;
export const OPERATOR = 11;

/** Class of every ASCII character; 0 for what Python's grammar does not know. Beyond ASCII, see endOfUnicodeName. */
export const CLASSES = new Uint8Array(128);
/** 1 for ASCII characters that continue a name. */
export const NAME_PART = new Uint8Array(128);

for (const [characters, kind] of [
  [' \t\f', SPACE],
  ['\n\r', LINE_END],
  ['#', HASH],
  ['\\', BACKSLASH],
  ['abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_', LETTER],
  ['0123456789', DIGIT],
  ['"\'', QUOTE],
  ['.', DOT],
  ['([{', OPEN],
  [')]}', CLOSE],
  [',:;=@!~+-*/%<>&|^', OPERATOR],
] as const) {
  for (const character of characters) {
    CLASSES[character.charCodeAt(0)] = kind;
    if (kind === LETTER || kind === DIGIT) NAME_PART[character.charCodeAt(0)] = 1;
  }
}

const UNICODE_NAME = /[_\p{XID_Start}]\p{XID_Continue}*/uy;

/** The end of the name at `start`; `start` itself where no name can begin. */
export function endOfUnicodeName(text: string, start: number): number {
  UNICODE_NAME.lastIndex = start;
  return UNICODE_NAME.test(text) ? UNICODE_NAME.lastIndex : start;
}

/** Where the line end at `at` (\n, \r or \r\n) ends; `at` itself where there is none. */
export function pastLineEnd(text: string, at: number): number {
  if (at >= text.length) return at;
  const code = text.charCodeAt(at);
  if (code === 10) return at + 1;
  if (code !== 13) return at;
  return at + 1 < text.length && text.charCodeAt(at + 1) === 10 ? at + 2 : at + 1;
}

/** In CPython's words, why the character at `at` is no part of a program. */
export function describeInvalidCharacter(text: string, at: number): string {
  const code = text.codePointAt(at) ?? 0;
  if (code === 0) return 'source code cannot contain null bytes';
  const hex = code.toString(16).toUpperCase().padStart(4, '0');
  const character = String.fromCodePoint(code);
  if (code < 128) return /[\x20-\x7e]/.test(character) ? 'invalid syntax' : `invalid non-printable character U+${hex}`;
  return /[\p{C}\p{Z}]/u.test(character)
    ? `invalid non-printable character U+${hex}`
    : `invalid character '${character}' (U+${hex})`;
}
