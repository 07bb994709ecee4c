// Blocks of statements, and where a syntax error ends: at the statement or the clause it is in.

import type { Stmt } from '../python-ast.ts';
import { SimpleStatementParser } from './simple-statements.ts';
import * as T from './tokens.ts';

export abstract class BlockParser extends SimpleStatementParser {
  /** One compound statement, or the simple ones of a line, into `body`. */
  protected abstract parseStatement(body: Stmt[]): void;

  /** Statements of a block of depth `level`, up to its end or that of the text, which is not passed. */
  protected parseStatements(body: Stmt[], level: number): void {
    let hasFailed = false;
    for (;;) {
      switch (this.token) {
        case T.EOF:
          return;
        case T.DEDENT:
          if (this.level < level) return;
          this.advance();
          break;
        case T.NEWLINE:
          this.advance();
          break;
        case T.INDENT:
          this.parseUnexpectedBlock(body);
          break;
        case T.ELIF:
        case T.ELSE:
        case T.EXCEPT:
        case T.FINALLY:
          // A clause of the statement that was given up says nothing new.
          if (hasFailed) this.resume(this.tokenStart, level);
          else hasFailed = !this.parseOrRecover(body, level);
          break;
        default:
          hasFailed = !this.parseOrRecover(body, level);
      }
    }
  }

  private parseOrRecover(body: Stmt[], level: number): boolean {
    const start = this.tokenStart;
    try {
      this.parseStatement(body);
      return true;
    } catch (failure) {
      this.recover(failure, start, level);
      return false;
    }
  }

  /** Statements indented for no reason: an error, and still statements. The depth of indentation bounds the recursion. */
  private parseUnexpectedBlock(body: Stmt[]): void {
    this.report('unexpected indent', this.tokenLine);
    this.parseIndented(body);
  }

  /** Runs `read` for a clause of a statement: an error costs the clause, and the answer is undefined. */
  protected clause<Result>(read: () => Result): Result | undefined {
    const start = this.tokenStart;
    const level = this.level;
    try {
      return read();
    } catch (failure) {
      this.recover(failure, start, level);
      return undefined;
    }
  }

  /** From the colon on: the block, on the same line or indented on those below. `owner` is what a message calls it. */
  protected parseBlock(owner: string, ownerLine: number): Stmt[] {
    this.expect(T.COLON, "':'");
    const body: Stmt[] = [];
    if (this.token !== T.NEWLINE) {
      this.parseSimpleStatements(body);
      return body;
    }
    this.advance();
    if (this.token !== T.INDENT) this.fail(`expected an indented block after ${owner} on line ${ownerLine}`);
    this.parseIndented(body);
    // Every block of the tree has a statement, also where there were errors.
    if (body.length === 0) this.failWithoutStatements();
    return body;
  }

  /** From an INDENT to behind its DEDENT. */
  private parseIndented(body: Stmt[]): void {
    const level = this.level;
    this.advance();
    this.parseStatements(body, level);
    this.accept(T.DEDENT);
  }
}
