// Number literals: where one ends, whether it is well formed, and its value. No tokens, no positions but offsets.

const DIGIT_0 = 48;
const DIGIT_9 = 57;
/** Digits whose value a double always holds. */
const SAFE_DIGITS = 15;
/** CPython's own limit on decimal integers (sys.int_info.default_max_str_digits): converting costs more than linear time. */
const MAX_DECIMAL_DIGITS = 4300;

/** Every form of a number, greedily; what may not follow it is the scanner's to see. */
const NUMBER =
  /0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?[jJ]?/y;

/** The end of the number at `start`, which has a digit there or behind a point. */
export function endOfNumber(text: string, start: number): number {
  let end = start;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  if (!canContinueNumber(text.charCodeAt(end))) return end;
  NUMBER.lastIndex = start;
  return NUMBER.test(text) ? NUMBER.lastIndex : end;
}

/** Number, bigint beyond the safe integers; undefined for an imaginary one or one too long to convert. */
export function valueOfNumber(text: string, start: number, end: number): number | bigint | undefined {
  if (end - start <= SAFE_DIGITS) {
    let value = 0;
    let at = start;
    while (at < end && isDigit(text.charCodeAt(at))) value = value * 10 + text.charCodeAt(at++) - DIGIT_0;
    if (at === end) return value;
  }
  const digits = text.slice(start, end).replaceAll('_', '');
  if (/^0[xXoObB]/.test(digits)) return integer(digits);
  if (/[jJ]$/.test(digits)) return undefined;
  if (/[.eE]/.test(digits)) return Number(digits);
  return digits.length > MAX_DECIMAL_DIGITS ? undefined : integer(digits);
}

/** `0777` was octal in Python 2; `00` and `0_0` are zero in both. */
export function hasForbiddenLeadingZero(text: string, start: number, end: number): boolean {
  if (end - start < 2 || text.charCodeAt(start) !== DIGIT_0) return false;
  const digits = text.slice(start, end);
  return /^[\d_]+$/.test(digits) && /[1-9]/.test(digits);
}

function integer(digits: string): number | bigint {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : BigInt(digits);
}

function isDigit(code: number): boolean {
  return code >= DIGIT_0 && code <= DIGIT_9;
}

/** A point, an underscore or a letter; NaN at the end of the text is none. */
function canContinueNumber(code: number): boolean {
  return code === 46 || code === 95 || (code >= 65 && code <= 122);
}
