// The whole parser: which statement a token begins, and the module around them all. A chain of classes, each with one part
// of the grammar and the state of the scanner under it, since every part needs every other.

import type { Module, Stmt } from '../python-ast.ts';
import { CompoundStatementParser } from './compound-statements.ts';
import { adoptAll } from './parser-base.ts';
import * as T from './tokens.ts';

export class ModuleParser extends CompoundStatementParser {
  parseModule(): Module {
    const body: Stmt[] = [];
    this.advance();
    this.parseStatements(body, 0);
    const node: Module = {
      kind: 'Module',
      line: 1,
      endLine: this.line,
      start: 0,
      end: this.text.length,
      parent: undefined,
      body,
    };
    adoptAll(body, node);
    return node;
  }

  protected override parseStatement(body: Stmt[]): void {
    const statement = this.parseCompoundStatement();
    if (statement === undefined) this.parseSimpleStatements(body);
    else body.push(statement);
  }

  private parseCompoundStatement(): Stmt | undefined {
    const start = this.tokenStart;
    const line = this.tokenLine;
    switch (this.token) {
      case T.DEF:
        return this.parseFunction('FunctionDef', [], start, line);
      case T.CLASS:
        return this.parseClass([]);
      case T.IF:
        return this.parseIf();
      case T.FOR:
        return this.parseFor('For', start, line);
      case T.WHILE:
        return this.parseWhile();
      case T.TRY:
        return this.parseTry();
      case T.WITH:
        return this.parseWith('With', start, line);
      case T.AT:
        return this.parseDecorated();
      case T.ASYNC:
        return this.parseAsync(start, line);
      case T.NAME:
        return this.isName('match') ? this.parseMatch() : undefined;
      default:
        return undefined;
    }
  }

  private parseAsync(start: number, line: number): Stmt {
    this.advance();
    switch (this.token) {
      case T.DEF:
        return this.parseFunction('AsyncFunctionDef', [], start, line);
      case T.FOR:
        return this.parseFor('AsyncFor', start, line);
      case T.WITH:
        return this.parseWith('AsyncWith', start, line);
      default:
        this.failAtToken();
    }
  }
}
