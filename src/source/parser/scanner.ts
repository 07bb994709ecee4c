// Python text to tokens, one at a time and without objects: the current token is in the fields. Line structure
// (NEWLINE, INDENT, DEDENT) is made here; what the tokens mean together is the parser's business. Text that is no token
// becomes an ERROR token with a `problem`; nothing is thrown.

import * as C from './characters.ts';
import { Indentation, TOO_MANY_INDENTS } from './indentation.ts';
import { endOfNumber, hasForbiddenLeadingZero } from './number-literals.ts';
import { lengthOfOperator, operatorAt } from './operators.ts';
import {
  ESCAPED,
  FORMATTED,
  findStringEnd,
  NO_PREFIX,
  prefixFlags,
  type StringEnd,
  TRIPLE,
} from './string-literals.ts';
import { TokenState } from './token-state.ts';
import * as T from './tokens.ts';

export abstract class Scanner extends TokenState {
  private readonly indentation = new Indentation();
  private pendingDedents = 0;
  private readonly stringEnd: StringEnd = { bodyEnd: 0, closed: false, escaped: false, lines: 0 };

  /** Records a syntax error that needs nothing skipped. */
  protected abstract report(message: string, line: number): void;

  advance(): void {
    if (this.token > T.LAST_LAYOUT) {
      this.prevEnd = this.tokenEnd;
      this.prevEndLine = this.line;
    }
    if (this.pendingDedents > 0) {
      this.pendingDedents--;
      this.dedent();
    } else if (!this.atLineStart || !this.startLine()) {
      this.scanToken();
    }
  }

  /** Passes over a formatted string that begins on `line`, its fields unread; never back. */
  protected passFormattedString(bodyStart: number, flags: number, line: number): void {
    findStringEnd(this.text, bodyStart, this.text.charCodeAt(bodyStart - 1), (flags & TRIPLE) !== 0, this.stringEnd);
    const { bodyEnd, closed, lines } = this.stringEnd;
    const end = closed ? bodyEnd + quotesOf(flags) : bodyEnd;
    if (end < this.tokenEnd) return;
    this.token = T.ERROR;
    this.tokenEnd = end;
    this.line = line + lines;
    this.atLineStart = false;
  }

  /** Drops open brackets and reads the line that the current token is the first of as a new logical line. */
  protected restartLine(): void {
    const start = this.lineStartBefore(this.tokenStart);
    this.depth = 0;
    this.token = T.NEWLINE;
    this.tokenEnd = start;
    this.line = this.tokenLine;
    this.atLineStart = true;
  }

  private scanToken(): void {
    const { text } = this;
    const { length } = text;
    let at = this.tokenEnd;
    while (at < length) {
      const code = text.charCodeAt(at);
      switch (code < 128 ? C.CLASSES[code] : C.LETTER) {
        case C.SPACE:
          at++;
          break;
        case C.LETTER:
          this.scanName(at);
          return;
        case C.OPERATOR: {
          const operator = operatorAt(text, at);
          this.setToken(operator, at, at + lengthOfOperator(operator));
          return;
        }
        case C.DOT:
          this.scanDot(at);
          return;
        case C.OPEN:
          this.scanOpen(code, at);
          return;
        case C.CLOSE:
          this.scanClose(code, at);
          return;
        case C.LINE_END: {
          const end = C.pastLineEnd(text, at);
          if (this.depth === 0) {
            this.setToken(T.NEWLINE, at, end);
            this.line++;
            this.atLineStart = true;
            return;
          }
          this.line++;
          at = end;
          break;
        }
        case C.QUOTE:
          this.scanString(at, at, 0);
          return;
        case C.DIGIT:
          this.scanNumber(at);
          return;
        case C.HASH:
          at = this.scanComment(at);
          break;
        case C.BACKSLASH: {
          const end = C.pastLineEnd(text, at + 1);
          if (end === at + 1) {
            this.setProblem('unexpected character after line continuation character', at, end);
            return;
          }
          this.line++;
          at = end;
          break;
        }
        default:
          this.setProblem(C.describeInvalidCharacter(text, at), at, at + 1);
          return;
      }
    }
    this.endText();
  }

  private endText(): void {
    const ended = this.token <= T.LAST_LAYOUT || this.depth > 0;
    this.setToken(ended ? T.EOF : T.NEWLINE, this.text.length, this.text.length);
    if (!ended) this.atLineStart = true;
  }

  private scanName(start: number): void {
    const { text } = this;
    const { length } = text;
    let end = start;
    let code = 0;
    while (end < length) {
      code = text.charCodeAt(end);
      if (code > 127 || C.NAME_PART[code] === 0) break;
      end++;
    }
    if (end < length) {
      if (code > 127) {
        this.scanUnicodeName(start);
        return;
      }
      if ((code === 34 || code === 39) && end - start <= 2) {
        const flags = prefixFlags(text, start, end);
        if (flags !== NO_PREFIX) {
          this.scanString(start, end, flags);
          return;
        }
      }
    }
    this.setToken(T.keywordOrName(text, start, end), start, end);
  }

  private scanUnicodeName(start: number): void {
    const end = C.endOfUnicodeName(this.text, start);
    if (end > start) {
      // Keywords are ASCII: what looks like one here is followed by a character that is no part of a name.
      this.setToken(T.keywordOrName(this.text, start, end), start, end);
      this.unicodeNameEnd = end;
    } else {
      const width = this.text.codePointAt(start)! > 0xffff ? 2 : 1;
      this.setProblem(C.describeInvalidCharacter(this.text, start), start, start + width);
    }
  }

  private scanDot(at: number): void {
    const { text } = this;
    const next = at + 1 < text.length ? text.charCodeAt(at + 1) : 0;
    if (next < 128 && C.CLASSES[next] === C.DIGIT) {
      this.scanNumber(at);
    } else if (next === 46 && at + 2 < text.length && text.charCodeAt(at + 2) === 46) {
      this.setToken(T.ELLIPSIS, at, at + 3);
    } else {
      this.setToken(T.DOT, at, at + 1);
    }
  }

  private scanOpen(code: number, at: number): void {
    if (!this.open(code)) {
      this.setProblem('too many nested parentheses', at, at + 1);
      return;
    }
    this.setToken(code === 40 ? T.LPAREN : code === 91 ? T.LSQUARE : T.LBRACE, at, at + 1);
  }

  private scanClose(code: number, at: number): void {
    const character = String.fromCharCode(code);
    const opened = this.openBracket();
    if (opened === undefined) {
      this.setProblem(`unmatched '${character}'`, at, at + 1);
      return;
    }
    this.depth--;
    const pair = opened.character + character;
    if (pair === '()') this.setToken(T.RPAREN, at, at + 1);
    else if (pair === '[]') this.setToken(T.RSQUARE, at, at + 1);
    else if (pair === '{}') this.setToken(T.RBRACE, at, at + 1);
    else {
      const problem = `closing parenthesis '${character}' does not match opening parenthesis '${opened.character}'`;
      this.setProblem(problem, at, at + 1);
    }
  }

  private scanNumber(start: number): void {
    const { text } = this;
    const end = endOfNumber(text, start);
    if (hasForbiddenLeadingZero(text, start, end)) {
      const problem =
        'leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers';
      this.setProblem(problem, start, end);
      return;
    }
    const next = end < text.length ? text.charCodeAt(end) : 0;
    if (next > 127 || C.CLASSES[next] === C.LETTER) {
      let wordEnd = end;
      while (wordEnd < text.length && C.NAME_PART[text.charCodeAt(wordEnd)] === 1) wordEnd++;
      if (!AFTER_NUMBER.has(T.keywordOrName(text, end, wordEnd))) {
        this.setProblem('invalid decimal literal', start, Math.max(wordEnd, end + 1));
        return;
      }
    }
    this.setToken(T.NUMBER, start, end);
  }

  private scanString(start: number, quoteAt: number, prefix: number): void {
    const { text, stringEnd } = this;
    const quote = text.charCodeAt(quoteAt);
    const triple = text.charCodeAt(quoteAt + 1) === quote && text.charCodeAt(quoteAt + 2) === quote;
    const flags = triple ? prefix | TRIPLE : prefix;
    const bodyStart = quoteAt + quotesOf(flags);
    this.bodyStart = bodyStart;
    this.stringFlags = flags;
    if ((flags & FORMATTED) !== 0) {
      this.setToken(T.STRING, start, bodyStart);
      return;
    }
    findStringEnd(text, bodyStart, quote, triple, stringEnd);
    const { bodyEnd, lines } = stringEnd;
    if (stringEnd.closed) {
      this.setToken(T.STRING, start, bodyEnd + quotesOf(flags));
    } else {
      this.setProblem(triple ? UNTERMINATED_TRIPLE : 'unterminated string literal', start, bodyEnd);
    }
    this.bodyEnd = bodyEnd;
    if (stringEnd.escaped) this.stringFlags |= ESCAPED;
    this.line += lines;
  }

  private scanComment(start: number): number {
    const { text } = this;
    let end = start;
    while (end < text.length) {
      const code = text.charCodeAt(end);
      if (code === 10 || code === 13) break;
      end++;
    }
    this.comments.push({ start, end, line: this.line });
    return end;
  }

  /** Passes over blank lines and comments to the next line with a token; true when that made an INDENT or DEDENT. */
  private startLine(): boolean {
    const { text } = this;
    let at = this.tokenEnd;
    let column = 0;
    let tabColumn = 0;
    // A line continued by a backslash is indented as its first part is.
    let continued = -1;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === 32) {
        column++;
        tabColumn++;
      } else if (code === 9) {
        column = (column | 7) + 1;
        tabColumn++;
      } else if (code === 12) {
        column = 0;
        tabColumn = 0;
      } else if (code === 35) {
        at = this.scanComment(at);
        continue;
      } else {
        const isContinuation = code === 92;
        const lineEnd = isContinuation ? C.pastLineEnd(text, at + 1) : C.pastLineEnd(text, at);
        if (lineEnd === (isContinuation ? at + 1 : at)) break;
        this.line++;
        at = lineEnd;
        if (isContinuation) {
          if (continued < 0) continued = column;
        } else {
          column = 0;
          tabColumn = 0;
          continued = -1;
        }
        continue;
      }
      at++;
    }
    this.atLineStart = false;
    this.tokenEnd = at;
    if (at >= text.length) return this.indentTo(0, 0);
    return continued < 0 ? this.indentTo(column, tabColumn) : this.indentTo(continued, continued);
  }

  /** True when the column of the line that begins at `tokenEnd` makes a token. */
  private indentTo(column: number, tabColumn: number): boolean {
    const change = this.indentation.moveTo(column, tabColumn);
    const { problem } = this.indentation;
    if (problem === TOO_MANY_INDENTS) {
      this.setProblem(problem, this.tokenEnd, this.tokenEnd);
      return true;
    }
    if (problem !== '') this.report(problem, this.line);
    if (change > 0) {
      this.level++;
      this.setToken(T.INDENT, this.tokenEnd, this.tokenEnd);
    } else if (change < 0) {
      this.pendingDedents = -change - 1;
      this.dedent();
    }
    return change !== 0;
  }

  private dedent(): void {
    this.level--;
    this.setToken(T.DEDENT, this.tokenEnd, this.tokenEnd);
  }
}

const UNTERMINATED_TRIPLE = 'unterminated triple-quoted string literal';

/** Keywords that may stand right behind a number: `1if x else 2`. */
const AFTER_NUMBER: ReadonlySet<number> = new Set([T.AND, T.ELSE, T.FOR, T.IF, T.IN, T.IS, T.NOT, T.OR]);

function quotesOf(flags: number): number {
  return (flags & TRIPLE) === 0 ? 1 : 3;
}
