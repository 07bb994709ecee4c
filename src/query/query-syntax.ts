// The grammar of the query language, by recursive descent:
//
//   query      = or
//   or         = and { "or" and }
//   and        = not { [ "and" ] not }
//   not        = ( "not" | "-" ) not | "(" or ")" | term
//   term       = TEXT-FIELD ":" value | NUMBER-FIELD operator number | value
//   value      = word | '"' characters '"'
//
// Words end at white space and parentheses, so that `make.<locals>.Node` is one. A value alone is part of a type's name.

import { LeakscopeError } from '../base/errors.ts';
import {
  CONDITIONS,
  type Condition,
  isCondition,
  isNumberField,
  isTextField,
  NUMBER_FIELDS,
  type NumberField,
  OPERATORS,
  type Operator,
  TEXT_FIELDS,
  type TextField,
} from './query-fields.ts';

export type Query =
  /** The empty query. */
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Query[] }
  | { readonly kind: 'not'; readonly part: Query }
  | { readonly kind: 'text'; readonly field: Exclude<TextField, 'is' | 'address'>; readonly value: string }
  | { readonly kind: 'address'; readonly address: number }
  | { readonly kind: 'is'; readonly condition: Condition }
  | { readonly kind: 'number'; readonly field: NumberField; readonly operator: Operator; readonly value: number }
  | { readonly kind: 'word'; readonly text: string };

/** E_USAGE: a query that cannot be read; `start` and `end` are the UTF-16 offsets of what is wrong in it. */
export class QueryError extends LeakscopeError {
  readonly start: number;
  readonly end: number;

  constructor(message: string, hint: string, start: number, end: number) {
    super('E_USAGE', message, { hint });
    this.name = 'QueryError';
    this.start = start;
    this.end = end;
  }
}

/** Parentheses and negations inside each other: far above what a person writes, far below what ends the stack. */
const DEEPEST = 200;
const LONGEST = 10_000;

/** Throws QueryError. */
export function parseQuery(text: string): Query {
  if (text.length > LONGEST) {
    throw new QueryError(
      `a query of ${text.length} characters is too long`,
      `at most ${LONGEST}`,
      LONGEST,
      text.length,
    );
  }
  const tokens = tokenize(text);
  if (tokens.length === 1) return { kind: 'all' };
  const parser = new Parser(tokens);
  return parser.parse();
}

export type TokenKind = 'open' | 'close' | 'and' | 'or' | 'not' | 'term' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** As it stands in the query. */
  readonly text: string;
  /** Of a term: what stands before its operator; absent for a value alone. */
  readonly field?: string;
  readonly operator?: Operator | ':';
  /** Of a term; without its quotes. */
  readonly value: string;
  /** Of a term: where its value begins. */
  readonly valueStart: number;
  /** Of a term: a quote that is never closed. */
  readonly isUnclosed: boolean;
}

const FIELD = new RegExp(String.raw`([A-Za-z][A-Za-z_-]*)[ \t]*(:|${OPERATORS.join('|')})[ \t]*`, 'y');
const WORD = /[^\s()"]+/y;
const QUOTED = /"([^"]*)("?)/y;
const SPACE = /\s*/y;

/** Always ends with an `end` token; reads anything, for completion has to. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at += found[0].length;
    return found;
  };
  const push = (kind: TokenKind, start: number, rest: Partial<Token> = {}): void => {
    tokens.push({
      kind,
      start,
      end: at,
      text: text.slice(start, at),
      value: '',
      valueStart: at,
      isUnclosed: false,
      ...rest,
    });
  };
  while (true) {
    match(SPACE);
    const start = at;
    const first = text[at];
    if (first === undefined) {
      push('end', start);
      return tokens;
    }
    if (first === '(' || first === ')') {
      at++;
      push(first === '(' ? 'open' : 'close', start);
      continue;
    }
    // A minus before a word or a parenthesis negates; alone it is a word like others.
    if (first === '-' && /[^\s)]/.test(text[at + 1] ?? ' ')) {
      at++;
      push('not', start);
      continue;
    }
    const field = match(FIELD);
    const valueStart = at;
    const quoted = match(QUOTED);
    const value = quoted === null ? (match(WORD)?.[0] ?? '') : quoted[1]!;
    const isUnclosed = quoted !== null && quoted[2] === '';
    if (field !== null) {
      const operator = field[2] as Operator | ':';
      push('term', start, { field: field[1]!.toLowerCase(), operator, value, valueStart, isUnclosed });
    } else if (quoted === null && (value === 'and' || value === 'or' || value === 'not')) {
      push(value, start);
    } else {
      push('term', start, { value, valueStart, isUnclosed });
    }
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Query {
    const query = this.#or();
    const token = this.#peek();
    if (token.kind === 'end') return query;
    throw wrongAt(token, 'this parenthesis closes nothing', 'remove it, or open one before');
  }

  #or(): Query {
    const parts = [this.#and()];
    while (this.#peek().kind === 'or') {
      this.#at++;
      parts.push(this.#and());
    }
    return joined('or', parts);
  }

  #and(): Query {
    const parts = [this.#not()];
    while (true) {
      const { kind } = this.#peek();
      if (kind === 'and') this.#at++;
      else if (kind === 'end' || kind === 'or' || kind === 'close') return joined('and', parts);
      parts.push(this.#not());
    }
  }

  #not(): Query {
    const token = this.#peek();
    if (this.#depth >= DEEPEST) throw wrongAt(token, 'too many parentheses inside each other', `at most ${DEEPEST}`);
    this.#at++;
    switch (token.kind) {
      case 'not': {
        this.#depth++;
        const part = this.#not();
        this.#depth--;
        return { kind: 'not', part };
      }
      case 'open': {
        this.#depth++;
        const query = this.#or();
        this.#depth--;
        if (this.#peek().kind !== 'close') throw wrongAt(token, 'this parenthesis is never closed', 'add a )');
        this.#at++;
        return query;
      }
      case 'term':
        return readTerm(token);
      case 'end':
        throw wrongAt(token, 'the query ends where a condition should stand', 'for example: type:dict retained>1MB');
      default:
        throw wrongAt(token, 'a condition should stand here', 'for example: type:dict retained>1MB');
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at]!;
  }
}

function joined(kind: 'and' | 'or', parts: readonly Query[]): Query {
  return parts.length === 1 ? parts[0]! : { kind, parts };
}

function readTerm(token: Token): Query {
  const { field, operator, value } = token;
  if (token.isUnclosed) throw wrongAt(token, 'this quotation mark is never closed', 'add a " at its end');
  if (field === undefined || operator === undefined) return { kind: 'word', text: value };
  if (isNumberField(field)) return readComparison(token, field, operator);
  if (!isTextField(field)) {
    const known = [...Object.keys(TEXT_FIELDS), ...Object.keys(NUMBER_FIELDS)];
    const hint = `there is ${known.join(', ')}; a type’s name with such a sign goes into quotation marks`;
    throw wrongAt(token, `there is no field called ${field}`, hint);
  }
  if (operator !== ':' && operator !== '=') {
    throw wrongAt(
      token,
      `${field} is no number: it cannot be compared with ${operator}`,
      `write ${field}:${value || '…'}`,
    );
  }
  if (value === '') throw wrongAt(token, `${field}: needs a value`, `for example ${EXAMPLES[field]}`);
  switch (field) {
    case 'is':
      if (isCondition(value)) return { kind: 'is', condition: value };
      throw wrongAt(token, `there is no condition called ${value}`, `there is ${Object.keys(CONDITIONS).join(', ')}`);
    case 'address':
      if (ADDRESS.test(value)) return { kind: 'address', address: Number(value) };
      throw wrongAt(token, `${value} is no address`, `for example ${EXAMPLES.address}`);
    default:
      return { kind: 'text', field, value };
  }
}

/** As printed everywhere: hexadecimal. */
export const ADDRESS = /^0x[0-9a-f]{1,16}$/i;

const EXAMPLES: Readonly<Record<TextField, string>> = {
  type: 'type:Session',
  module: 'module:shop',
  name: 'name:shop.users',
  has: 'has:connection',
  'refers-to': 'refers-to:socket.socket',
  'held-by': 'held-by:dict',
  under: 'under:shop.users',
  address: 'address:0x7f31c0a41200',
  is: 'is:garbage',
};

function readComparison(token: Token, field: NumberField, operator: Operator | ':'): Query {
  const { unit } = NUMBER_FIELDS[field];
  const value = unit === 'bytes' ? parseBytes(token.value) : parseCount(token.value);
  if (value === undefined) {
    const example = unit === 'bytes' ? `${field}>1.5MB` : `${field}>=1000`;
    throw wrongAt(token, `${field} needs ${unit === 'bytes' ? 'a size' : 'a whole number'}`, `for example ${example}`);
  }
  return { kind: 'number', field, operator: operator === ':' ? '=' : operator, value };
}

const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `1.5MB`, `64KiB`, `2g`, `4096`: binary units, as leakscope prints them. */
function parseBytes(text: string): number | undefined {
  const match = /^(\d[\d_,]*(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(text);
  if (match === null) return undefined;
  return Number(match[1]!.replaceAll(/[_,]/g, '')) * UNIT_BYTES[match[2]!.toLowerCase()]!;
}

/** `1000`, `1,000`, `1_000`. */
function parseCount(text: string): number | undefined {
  return /^\d[\d_,]*$/.test(text) ? Number(text.replaceAll(/[_,]/g, '')) : undefined;
}

function wrongAt(token: Token, message: string, hint: string): QueryError {
  const place = token.text === '' ? '' : `, at ${token.text}`;
  return new QueryError(`${message}${place}`, hint, token.start, token.end);
}
