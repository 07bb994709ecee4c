// What every part of the parser shares: expecting tokens, failing, and going on behind a syntax error. No grammar.

import type { ParseError } from '../parse.ts';
import type { Node } from '../python-ast.ts';
import { Scanner } from './scanner.ts';
import { FORMATTED } from './string-literals.ts';
import * as T from './tokens.ts';

/** How deep expressions may nest otherwise than by brackets (`not not …`, `lambda: lambda: …`); bounds the stack. */
const MAX_NESTING = 200;
/** Errors kept; of the others only the number. */
const MAX_ERRORS = 20;

/**
 * Unwinds to the statement or clause that is given up, where recover() takes it. Not an Error: nobody looks at the stack,
 * and collecting one costs more than the parse of a line.
 */
export class SyntaxFailure {
  /** Undefined where everything wrong was reported already. */
  readonly message: string | undefined;
  readonly line: number;

  constructor(message: string | undefined, line: number) {
    this.message = message;
    this.line = line;
  }
}

export abstract class ParserBase extends Scanner {
  private readonly kept: ParseError[] = [];
  private dropped = 0;
  private nesting = 0;
  /** The outermost formatted string being read, for recover(): its body's offset (-1 for none), its flags, line and depth. */
  private stringBody = -1;
  private outerFlags = 0;
  private stringLine = 0;
  private stringDepth = 0;

  get errors(): readonly ParseError[] {
    if (this.dropped === 0) return this.kept;
    return [...this.kept, { message: `${this.dropped} more syntax errors`, line: undefined }];
  }

  protected override report(message: string, line: number): void {
    if (this.kept.length < MAX_ERRORS) this.kept.push({ message, line });
    else this.dropped++;
  }

  /** Gives up the statement or clause being read. */
  protected fail(message: string, line: number = this.tokenLine): never {
    throw new SyntaxFailure(message, line);
  }

  /** Gives up a clause of whose block nothing is left. */
  protected failWithoutStatements(): never {
    throw new SyntaxFailure(undefined, this.tokenLine);
  }

  protected expect(token: number, spelling: string): void {
    if (this.token !== token) this.failToFind(spelling);
    this.advance();
  }

  protected failToFind(spelling: string): never {
    this.failAtToken(`expected ${spelling}`);
  }

  /** Fails because of the current token: for what it says itself, for a bracket left open before it, or for `reason`. */
  protected failAtToken(reason = 'invalid syntax'): never {
    if (this.token === T.ERROR) this.fail(this.problem);
    const bracket = this.openBracket();
    if (bracket !== undefined && (this.token === T.EOF || this.isStrayStatement())) {
      this.fail(`'${bracket.character}' was never closed`, bracket.line);
    }
    this.fail(reason);
  }

  /** Passes over the token if it is the one asked for. */
  protected accept(token: number): boolean {
    if (this.token !== token) return false;
    this.advance();
    return true;
  }

  /** The text of the current name, which is passed. */
  protected takeName(): string {
    if (this.token !== T.NAME) this.failAtToken();
    const name = this.nameText();
    this.advance();
    return name;
  }

  /** Goes one level of nesting deeper; leave() must follow. */
  protected enter(): void {
    if (++this.nesting > MAX_NESTING) this.fail('too many nested expressions');
  }

  protected leave(): void {
    this.nesting--;
  }

  protected enterFormattedString(): boolean {
    if (this.stringBody >= 0) return false;
    this.stringBody = this.bodyStart;
    this.outerFlags = this.stringFlags;
    this.stringLine = this.tokenLine;
    this.stringDepth = this.depth;
    return true;
  }

  protected leaveFormattedString(): void {
    this.stringBody = -1;
  }

  /** Runs `read` from here; where it meets a syntax error, goes back and answers undefined. Outside brackets only. */
  protected attempt<Result>(read: () => Result): Result | undefined {
    const mark = this.mark();
    try {
      return read();
    } catch (failure) {
      if (!(failure instanceof SyntaxFailure)) throw failure;
      this.reset(mark);
      this.nesting = 0;
      this.stringBody = -1;
      return undefined;
    }
  }

  /**
   * Records what `failure` says about the statement or clause begun at `start`, in a block of depth `level`, and goes on
   * to the first token behind it: behind its logical line, and behind the block that belongs to it.
   */
  protected recover(failure: unknown, start: number, level: number): void {
    this.reportFailure(failure);
    this.resume(start, level);
  }

  private reportFailure(failure: unknown): void {
    if (failure instanceof SyntaxFailure) {
      if (failure.message !== undefined) this.report(failure.message, failure.line);
    } else if (failure instanceof RangeError) {
      // The limits keep the stack small enough; where its size was set lower, the statement is given up all the same.
      this.report('nested too deeply', this.tokenLine);
    } else {
      throw failure;
    }
  }

  /** Goes on behind a statement or clause that was given up, its error reported. */
  protected resume(start: number, level: number): void {
    this.nesting = 0;
    this.passOpenString();
    const atNextLine = this.tokenStart > start && (this.level !== level || this.startsLogicalLine());
    if (!atNextLine) this.passLine(start);
    if (this.level > level) this.passBlock(level);
  }

  private passOpenString(): void {
    if (this.stringBody < 0) return;
    this.passFormattedString(this.stringBody, this.outerFlags, this.stringLine);
    this.depth = this.stringDepth;
    this.stringBody = -1;
  }

  /** Whether the current token is the first behind a NEWLINE. */
  private startsLogicalLine(): boolean {
    return this.depth === 0 && this.isFirstOnLine() && this.token !== T.ERROR;
  }

  /** Behind the logical line of the statement at `start`; where a bracket seems never closed, only to the next line. */
  private passLine(start: number): void {
    const indent = this.indentAt(start);
    while (this.token !== T.NEWLINE && this.token !== T.EOF) {
      if (this.tokenStart > start && (this.isStrayStatement() || this.isOutside(indent))) this.restartLine();
      else this.passToken();
    }
    this.depth = 0;
    this.advance();
  }

  /** On a line inside brackets that is indented no more than a statement: the statement's own lines would be. */
  private isOutside(indent: number): boolean {
    if (this.depth === 0 || this.isClosingBracket() || !this.isFirstOnLine()) return false;
    return this.indentAt(this.tokenStart) <= indent;
  }

  private isClosingBracket(): boolean {
    return this.token === T.RPAREN || this.token === T.RSQUARE || this.token === T.RBRACE;
  }

  /** From inside a deeper block to behind it. */
  private passBlock(level: number): void {
    while (this.level > level && this.token !== T.EOF) {
      if (this.isStrayStatement()) this.restartLine();
      this.passToken();
    }
    if (this.token === T.DEDENT && this.level === level) this.advance();
  }

  private passToken(): void {
    if (this.token === T.STRING && (this.stringFlags & FORMATTED) !== 0) {
      this.passFormattedString(this.bodyStart, this.stringFlags, this.tokenLine);
    }
    this.advance();
  }

  /** A statement that begins a line inside brackets: the bracket was never closed. */
  private isStrayStatement(): boolean {
    return this.depth > 0 && T.STATEMENT_KEYWORDS.has(this.token) && this.isFirstOnLine();
  }
}

/** Makes `parent` the parent of `child`: trees grow from their leaves. */
export function adopt(child: Node | undefined, parent: Node): void {
  if (child === undefined) return;
  const link: { parent: Node | undefined } = child;
  link.parent = parent;
}

export function adoptAll(children: readonly (Node | undefined)[], parent: Node): void {
  for (let i = 0; i < children.length; i++) adopt(children[i], parent);
}

/** Where a node that has no place of its own in CPython's tree gets its parent's. */
export function adoptInPlace(child: Node, parent: Node): void {
  const link: { parent: Node | undefined; line: number; endLine: number; start: number; end: number } = child;
  link.parent = parent;
  link.line = parent.line;
  link.endLine = parent.endLine;
  link.start = parent.start;
  link.end = parent.end;
}
