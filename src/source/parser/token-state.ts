// What the scanner knows: the current token, where it is, and the brackets open around it; and how to go back to an earlier
// state. It reads no text on: that is scanner.ts's.

import type { Comment } from '../parse.ts';
import { CLASSES, pastLineEnd, SPACE } from './characters.ts';
import * as T from './tokens.ts';

/** CPython's MAXLEVEL: what it refuses need not be read, and the parser's stack is bounded. */
const MAX_DEPTH = 200;

/**
 * Where the scanner stood, to try one reading of the text and then another. Valid within one logical line, whose brackets
 * are all closed but the one that the current token may be.
 */
export interface Mark {
  readonly token: number;
  readonly tokenStart: number;
  readonly tokenEnd: number;
  readonly tokenLine: number;
  readonly line: number;
  readonly prevEnd: number;
  readonly prevEndLine: number;
  readonly comments: number;
  readonly depth: number;
  readonly bracket: number;
  readonly bracketLine: number;
}

export abstract class TokenState {
  readonly text: string;
  readonly comments: Comment[] = [];

  /** Kind of the current token, one of tokens.ts. */
  token = T.NEWLINE;
  tokenStart = 0;
  /** Also where scanning goes on: nothing is read ahead. */
  tokenEnd = 0;
  /** Line of the token's first character. */
  tokenLine = 1;
  /** Line of `tokenEnd`. */
  line = 1;
  /** End of the last token passed that was not layout, and its line: where the node just read ends. */
  prevEnd = 0;
  prevEndLine = 1;

  /** Of a STRING token: flags of string-literals.ts, and the offsets between the quotes. */
  stringFlags = 0;
  bodyStart = 0;
  bodyEnd = 0;
  /** Of an ERROR token: what is wrong. */
  problem = '';

  /** Open brackets, replacement fields among them. */
  depth = 0;
  /** INDENT tokens given less DEDENT tokens given. */
  level = 0;

  private readonly brackets = new Uint8Array(MAX_DEPTH);
  private readonly bracketLines = new Uint32Array(MAX_DEPTH);
  /** End of the last name with other characters than ASCII. */
  protected unicodeNameEnd = -1;
  protected atLineStart = true;

  constructor(text: string) {
    this.text = text;
    if (text.charCodeAt(0) === 0xfeff) this.tokenEnd = 1;
  }

  mark(): Mark {
    const { token, tokenStart, tokenEnd, tokenLine, line, prevEnd, prevEndLine } = this;
    return {
      token,
      tokenStart,
      tokenEnd,
      tokenLine,
      line,
      prevEnd,
      prevEndLine,
      comments: this.comments.length,
      depth: this.depth,
      bracket: this.brackets[0]!,
      bracketLine: this.bracketLines[0]!,
    };
  }

  reset(mark: Mark): void {
    this.token = mark.token;
    this.tokenStart = mark.tokenStart;
    this.tokenEnd = mark.tokenEnd;
    this.tokenLine = mark.tokenLine;
    this.line = mark.line;
    this.prevEnd = mark.prevEnd;
    this.prevEndLine = mark.prevEndLine;
    this.comments.length = mark.comments;
    this.depth = mark.depth;
    this.brackets[0] = mark.bracket;
    this.bracketLines[0] = mark.bracketLine;
    this.atLineStart = false;
  }

  /** Whether the current token is the name `word`: soft keywords are asked for so. */
  isName(word: string): boolean {
    return (
      this.token === T.NAME &&
      this.tokenEnd - this.tokenStart === word.length &&
      this.text.startsWith(word, this.tokenStart)
    );
  }

  /** The current name as Python knows it: normalized where it is not ASCII. */
  protected nameText(): string {
    const name = this.text.slice(this.tokenStart, this.tokenEnd);
    return this.tokenEnd === this.unicodeNameEnd ? name.normalize('NFKC') : name;
  }

  /** What the innermost open bracket is, for a message; undefined outside brackets. */
  protected openBracket(): { readonly character: string; readonly line: number } | undefined {
    if (this.depth === 0) return undefined;
    return { character: String.fromCharCode(this.brackets[this.depth - 1]!), line: this.bracketLines[this.depth - 1]! };
  }

  /** Opens a bracket that the parser found itself (a replacement field's) or that the scanner is at. */
  protected open(code: number): boolean {
    if (this.depth === MAX_DEPTH) return false;
    this.brackets[this.depth] = code;
    this.bracketLines[this.depth] = this.line;
    this.depth++;
    return true;
  }

  /** Whether nothing but space stands before the current token on its line, which continues none above. */
  protected isFirstOnLine(): boolean {
    const { text } = this;
    let at = this.tokenStart - 1;
    while (at >= 0 && text.charCodeAt(at) !== 10 && text.charCodeAt(at) !== 13) {
      if (CLASSES[text.charCodeAt(at)] !== SPACE) return false;
      at--;
    }
    if (at > 0 && text.charCodeAt(at) === 10 && text.charCodeAt(at - 1) === 13) at--;
    return at <= 0 || text.charCodeAt(at - 1) !== 92;
  }

  /** Characters of the indentation of the line that `offset` is on. */
  protected indentAt(offset: number): number {
    const lineStart = this.lineStartBefore(offset);
    let end = lineStart;
    while (end < offset && CLASSES[this.text.charCodeAt(end)] === SPACE) end++;
    return end - lineStart;
  }

  protected lineStartBefore(offset: number): number {
    let start = offset;
    while (start > 0 && pastLineEnd(this.text, start - 1) === start - 1) start--;
    return start;
  }

  protected setToken(token: number, start: number, end: number): void {
    this.token = token;
    this.tokenStart = start;
    this.tokenEnd = end;
    this.tokenLine = this.line;
  }

  protected setProblem(problem: string, start: number, end: number): void {
    this.problem = problem;
    this.setToken(T.ERROR, start, end);
  }
}
