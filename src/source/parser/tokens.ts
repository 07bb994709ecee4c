// The tokens of Python: their numbers, what operators they stand for and how tightly those bind. Finding them in text is
// scanner.ts's work. They are of type number, not of their own: comparing the current token must not narrow what it can be
// after the next call.

/** Layout tokens come first: a node never ends with one. */
export const EOF: number = 0;
export const NEWLINE: number = 1;
export const INDENT: number = 2;
export const DEDENT: number = 3;
/** Tokens up to this one are of the layout. */
export const LAST_LAYOUT: number = 3;
/** Text that is no token; Scanner.problem says why. */
export const ERROR: number = 4;

/** Soft keywords (match, case, type, lazy, _) are names too. */
export const NAME: number = 5;
export const NUMBER: number = 6;
/** A string literal; of a formatted one only the prefix and the opening quotes. */
export const STRING: number = 7;

export const LPAREN: number = 8;
export const LSQUARE: number = 9;
export const LBRACE: number = 10;
export const RPAREN: number = 11;
export const RSQUARE: number = 12;
export const RBRACE: number = 13;
export const COMMA: number = 14;
export const COLON: number = 15;
export const SEMICOLON: number = 16;
export const DOT: number = 17;
export const ELLIPSIS: number = 18;
export const EQUAL: number = 19;
export const ARROW: number = 20;
export const COLON_EQUAL: number = 21;
export const AT: number = 22;
export const EXCLAMATION: number = 23;
export const TILDE: number = 24;

export const PLUS: number = 25;
export const MINUS: number = 26;
export const STAR: number = 27;
export const SLASH: number = 28;
export const DOUBLE_SLASH: number = 29;
export const PERCENT: number = 30;
export const DOUBLE_STAR: number = 31;
export const LEFT_SHIFT: number = 32;
export const RIGHT_SHIFT: number = 33;
export const AMPERSAND: number = 34;
export const BAR: number = 35;
export const CIRCUMFLEX: number = 36;

export const LESS: number = 37;
export const GREATER: number = 38;
export const LESS_EQUAL: number = 39;
export const GREATER_EQUAL: number = 40;
export const EQUAL_EQUAL: number = 41;
export const NOT_EQUAL: number = 42;

export const PLUS_EQUAL: number = 43;
export const MINUS_EQUAL: number = 44;
export const STAR_EQUAL: number = 45;
export const SLASH_EQUAL: number = 46;
export const DOUBLE_SLASH_EQUAL: number = 47;
export const PERCENT_EQUAL: number = 48;
export const DOUBLE_STAR_EQUAL: number = 49;
export const LEFT_SHIFT_EQUAL: number = 50;
export const RIGHT_SHIFT_EQUAL: number = 51;
export const AMPERSAND_EQUAL: number = 52;
export const BAR_EQUAL: number = 53;
export const CIRCUMFLEX_EQUAL: number = 54;
export const AT_EQUAL: number = 55;

export const FALSE: number = 56;
export const NONE: number = 57;
export const TRUE: number = 58;
export const AND: number = 59;
export const AS: number = 60;
export const ASSERT: number = 61;
export const ASYNC: number = 62;
export const AWAIT: number = 63;
export const BREAK: number = 64;
export const CLASS: number = 65;
export const CONTINUE: number = 66;
export const DEF: number = 67;
export const DEL: number = 68;
export const ELIF: number = 69;
export const ELSE: number = 70;
export const EXCEPT: number = 71;
export const FINALLY: number = 72;
export const FOR: number = 73;
export const FROM: number = 74;
export const GLOBAL: number = 75;
export const IF: number = 76;
export const IMPORT: number = 77;
export const IN: number = 78;
export const IS: number = 79;
export const LAMBDA: number = 80;
export const NONLOCAL: number = 81;
export const NOT: number = 82;
export const OR: number = 83;
export const PASS: number = 84;
export const RAISE: number = 85;
export const RETURN: number = 86;
export const TRY: number = 87;
export const WHILE: number = 88;
export const WITH: number = 89;
export const YIELD: number = 90;

const TOKEN_COUNT = 91;

/**
 * How tightly an operator between two operands binds; 0 for a token that is none. `not` stands for `not in`; `and` is 2.
 */
export const PRECEDENCE = new Uint8Array(TOKEN_COUNT);
export const OR_PRECEDENCE: number = 1;
/** Of the prefix `not`: its operand may be a comparison. */
export const NOT_PRECEDENCE: number = 3;
export const COMPARISON_PRECEDENCE: number = 4;
export const BIT_OR_PRECEDENCE: number = 5;

const BY_PRECEDENCE: readonly (readonly number[])[] = [
  [],
  [OR],
  [AND],
  [],
  [LESS, GREATER, LESS_EQUAL, GREATER_EQUAL, EQUAL_EQUAL, NOT_EQUAL, IN, IS, NOT],
  [BAR],
  [CIRCUMFLEX],
  [AMPERSAND],
  [LEFT_SHIFT, RIGHT_SHIFT],
  [PLUS, MINUS],
  [STAR, SLASH, DOUBLE_SLASH, PERCENT, AT],
];
BY_PRECEDENCE.forEach((tokens, precedence) => {
  for (const token of tokens) PRECEDENCE[token] = precedence;
});

/** CPython's names of the operators that make a BinOp, by token. */
export const BINARY_OPERATORS: readonly string[] = byToken([
  [PLUS, 'Add'],
  [MINUS, 'Sub'],
  [STAR, 'Mult'],
  [AT, 'MatMult'],
  [SLASH, 'Div'],
  [PERCENT, 'Mod'],
  [DOUBLE_SLASH, 'FloorDiv'],
  [LEFT_SHIFT, 'LShift'],
  [RIGHT_SHIFT, 'RShift'],
  [BAR, 'BitOr'],
  [CIRCUMFLEX, 'BitXor'],
  [AMPERSAND, 'BitAnd'],
]);

/** Those of comparisons; `not in` and `is not` are two tokens. */
export const COMPARISONS: readonly string[] = byToken([
  [LESS, 'Lt'],
  [GREATER, 'Gt'],
  [LESS_EQUAL, 'LtE'],
  [GREATER_EQUAL, 'GtE'],
  [EQUAL_EQUAL, 'Eq'],
  [NOT_EQUAL, 'NotEq'],
  [IN, 'In'],
  [IS, 'Is'],
  [NOT, 'NotIn'],
]);

/** Those of augmented assignments; empty for any other token. */
export const AUGMENTED_OPERATORS: readonly string[] = byToken([
  [PLUS_EQUAL, 'Add'],
  [MINUS_EQUAL, 'Sub'],
  [STAR_EQUAL, 'Mult'],
  [AT_EQUAL, 'MatMult'],
  [SLASH_EQUAL, 'Div'],
  [PERCENT_EQUAL, 'Mod'],
  [DOUBLE_SLASH_EQUAL, 'FloorDiv'],
  [DOUBLE_STAR_EQUAL, 'Pow'],
  [LEFT_SHIFT_EQUAL, 'LShift'],
  [RIGHT_SHIFT_EQUAL, 'RShift'],
  [BAR_EQUAL, 'BitOr'],
  [CIRCUMFLEX_EQUAL, 'BitXor'],
  [AMPERSAND_EQUAL, 'BitAnd'],
]);

/** Prefix operators other than `not`; empty for any other token. */
export const UNARY_OPERATORS: readonly string[] = byToken([
  [PLUS, 'UAdd'],
  [MINUS, 'USub'],
  [TILDE, 'Invert'],
]);

/** 1 for tokens an expression, starred or not, can begin with; `yield` is none of them. */
export const STARTS_EXPRESSION = new Uint8Array(TOKEN_COUNT);
for (const token of [NAME, NUMBER, STRING, LPAREN, LSQUARE, LBRACE, ELLIPSIS, TILDE, PLUS, MINUS, STAR]) {
  STARTS_EXPRESSION[token] = 1;
}
for (const token of [FALSE, NONE, TRUE, AWAIT, LAMBDA, NOT]) STARTS_EXPRESSION[token] = 1;

/** Tokens that only a statement can contain: inside brackets, the bracket was never closed. */
export const STATEMENT_KEYWORDS: ReadonlySet<number> = new Set([
  ASSERT,
  BREAK,
  CLASS,
  CONTINUE,
  DEF,
  DEL,
  ELIF,
  EXCEPT,
  FINALLY,
  GLOBAL,
  IMPORT,
  NONLOCAL,
  PASS,
  RAISE,
  RETURN,
  TRY,
  WHILE,
  WITH,
]);

function byToken(names: readonly (readonly [number, string])[]): string[] {
  const table = new Array<string>(TOKEN_COUNT).fill('');
  for (const [token, name] of names) table[token] = name;
  return table;
}

const KEYWORDS: readonly (readonly [string, number])[] = [
  ['False', FALSE],
  ['None', NONE],
  ['True', TRUE],
  ['and', AND],
  ['as', AS],
  ['assert', ASSERT],
  ['async', ASYNC],
  ['await', AWAIT],
  ['break', BREAK],
  ['class', CLASS],
  ['continue', CONTINUE],
  ['def', DEF],
  ['del', DEL],
  ['elif', ELIF],
  ['else', ELSE],
  ['except', EXCEPT],
  ['finally', FINALLY],
  ['for', FOR],
  ['from', FROM],
  ['global', GLOBAL],
  ['if', IF],
  ['import', IMPORT],
  ['in', IN],
  ['is', IS],
  ['lambda', LAMBDA],
  ['nonlocal', NONLOCAL],
  ['not', NOT],
  ['or', OR],
  ['pass', PASS],
  ['raise', RAISE],
  ['return', RETURN],
  ['try', TRY],
  ['while', WHILE],
  ['with', WITH],
  ['yield', YIELD],
];

const LONGEST_KEYWORD = 8;
const KEYWORDS_BY_FIRST: readonly (readonly Keyword[])[] = Array.from({ length: 128 }, (_, code) =>
  KEYWORDS.filter(([word]) => word.charCodeAt(0) === code).map(([word, token]) => ({ word, token })),
);

interface Keyword {
  readonly word: string;
  readonly token: number;
}

/** The keyword at `start`, or NAME. Compares in place: most names are no keyword, and none is cut out for the question. */
export function keywordOrName(text: string, start: number, end: number): number {
  const length = end - start;
  const first = text.charCodeAt(start);
  if (length < 2 || length > LONGEST_KEYWORD || first > 127) return NAME;
  const candidates = KEYWORDS_BY_FIRST[first]!;
  for (let i = 0; i < candidates.length; i++) {
    const { word, token } = candidates[i]!;
    if (word.length === length && text.startsWith(word, start)) return token;
  }
  return NAME;
}
