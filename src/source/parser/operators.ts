// Which operator stands at a place of the text, and how long it is.

import * as T from './tokens.ts';

const EQUALS = 61;

/** The longest operator that begins at `at`, whose character is of the class OPERATOR. */
export function operatorAt(text: string, at: number): number {
  const next = at + 1 < text.length ? text.charCodeAt(at + 1) : 0;
  const assigns = next === EQUALS;
  switch (text.charCodeAt(at)) {
    case 44: // ,
      return T.COMMA;
    case 58: // :
      return assigns ? T.COLON_EQUAL : T.COLON;
    case 59: // ;
      return T.SEMICOLON;
    case 61: // =
      return assigns ? T.EQUAL_EQUAL : T.EQUAL;
    case 64: // @
      return assigns ? T.AT_EQUAL : T.AT;
    case 33: // !
      return assigns ? T.NOT_EQUAL : T.EXCLAMATION;
    case 126: // ~
      return T.TILDE;
    case 43: // +
      return assigns ? T.PLUS_EQUAL : T.PLUS;
    case 45: // -
      if (next === 62) return T.ARROW;
      return assigns ? T.MINUS_EQUAL : T.MINUS;
    case 42: // *
      if (next === 42) return equalsAt(text, at + 2) ? T.DOUBLE_STAR_EQUAL : T.DOUBLE_STAR;
      return assigns ? T.STAR_EQUAL : T.STAR;
    case 47: // /
      if (next === 47) return equalsAt(text, at + 2) ? T.DOUBLE_SLASH_EQUAL : T.DOUBLE_SLASH;
      return assigns ? T.SLASH_EQUAL : T.SLASH;
    case 37: // %
      return assigns ? T.PERCENT_EQUAL : T.PERCENT;
    case 60: // <
      if (next === 60) return equalsAt(text, at + 2) ? T.LEFT_SHIFT_EQUAL : T.LEFT_SHIFT;
      return assigns ? T.LESS_EQUAL : T.LESS;
    case 62: // >
      if (next === 62) return equalsAt(text, at + 2) ? T.RIGHT_SHIFT_EQUAL : T.RIGHT_SHIFT;
      return assigns ? T.GREATER_EQUAL : T.GREATER;
    case 38: // &
      return assigns ? T.AMPERSAND_EQUAL : T.AMPERSAND;
    case 124: // |
      return assigns ? T.BAR_EQUAL : T.BAR;
    default: // ^
      return assigns ? T.CIRCUMFLEX_EQUAL : T.CIRCUMFLEX;
  }
}

function equalsAt(text: string, at: number): boolean {
  return at < text.length && text.charCodeAt(at) === EQUALS;
}

/** Characters of each operator that has more than one. */
const LENGTHS = new Uint8Array(T.AT_EQUAL + 1).fill(1);
for (const token of [
  T.ARROW,
  T.COLON_EQUAL,
  T.DOUBLE_SLASH,
  T.DOUBLE_STAR,
  T.LEFT_SHIFT,
  T.RIGHT_SHIFT,
  T.LESS_EQUAL,
  T.GREATER_EQUAL,
  T.EQUAL_EQUAL,
  T.NOT_EQUAL,
  T.PLUS_EQUAL,
  T.MINUS_EQUAL,
  T.STAR_EQUAL,
  T.SLASH_EQUAL,
  T.PERCENT_EQUAL,
  T.AMPERSAND_EQUAL,
  T.BAR_EQUAL,
  T.CIRCUMFLEX_EQUAL,
  T.AT_EQUAL,
]) {
  LENGTHS[token] = 2;
}
for (const token of [T.DOUBLE_SLASH_EQUAL, T.DOUBLE_STAR_EQUAL, T.LEFT_SHIFT_EQUAL, T.RIGHT_SHIFT_EQUAL]) {
  LENGTHS[token] = 3;
}

export function lengthOfOperator(token: number): number {
  return LENGTHS[token]!;
}
