// Functions and classes with their decorators.

import type { Arguments, ClassDef, Expr, FunctionDef, Keyword, Stmt } from '../python-ast.ts';
import { BlockParser } from './blocks.ts';
import { adopt, adoptAll, adoptInPlace } from './parser-base.ts';
import * as T from './tokens.ts';

export abstract class DefinitionParser extends BlockParser {
  /** From the first `@`. A decorated definition begins at its `def` or `class` all the same. */
  protected parseDecorated(): Stmt {
    const decorators: Expr[] = [];
    while (this.accept(T.AT)) {
      decorators.push(this.parseNamedExpression());
      this.expect(T.NEWLINE, 'end of line');
    }
    const start = this.tokenStart;
    const line = this.tokenLine;
    if (this.token === T.CLASS) return this.parseClass(decorators);
    const isAsync = this.accept(T.ASYNC);
    if (this.token !== T.DEF) this.failToFind('a function or class behind decorators');
    return this.parseFunction(isAsync ? 'AsyncFunctionDef' : 'FunctionDef', decorators, start, line);
  }

  /** From `def` on; `start` is that of an `async` before it. */
  protected parseFunction(
    kind: FunctionDef['kind'],
    decorator_list: readonly Expr[],
    start: number,
    line: number,
  ): FunctionDef {
    this.advance();
    const name = this.takeName();
    const type_params = this.parseTypeParameters();
    const args = this.parseFunctionParameters();
    const returns = this.accept(T.ARROW) ? this.parseExpression() : undefined;
    const body = this.parseBlock('function definition', line);
    const node: FunctionDef = {
      kind,
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      name,
      args,
      body,
      decorator_list,
      returns,
      type_params,
    };
    adoptInPlace(args, node);
    adoptAll(body, node);
    adoptAll(decorator_list, node);
    adopt(returns, node);
    adoptAll(type_params, node);
    return node;
  }

  private parseFunctionParameters(): Arguments {
    this.expect(T.LPAREN, "'('");
    const parameters = this.parseParameters(T.RPAREN, true);
    this.expectClosing(T.RPAREN);
    return parameters;
  }

  protected parseClass(decorator_list: readonly Expr[]): ClassDef {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    const name = this.takeName();
    const type_params = this.parseTypeParameters();
    const bases: Expr[] = [];
    const keywords: Keyword[] = [];
    if (this.token === T.LPAREN) this.parseArguments(bases, keywords);
    const body = this.parseBlock('class definition', line);
    const node: ClassDef = {
      kind: 'ClassDef',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      name,
      bases,
      keywords,
      body,
      decorator_list,
      type_params,
    };
    adoptAll(bases, node);
    adoptAll(keywords, node);
    adoptAll(body, node);
    adoptAll(decorator_list, node);
    adoptAll(type_params, node);
    return node;
  }
}
