// Statements with clauses: `if`, `for`, `while`, `try`, `with` and `match`.

import type {
  ExceptHandler,
  Expr,
  For,
  If,
  Match,
  MatchCase,
  Stmt,
  Try,
  While,
  With,
  WithItem,
} from '../python-ast.ts';
import { DefinitionParser } from './definitions.ts';
import { adopt, adoptAll, adoptInPlace } from './parser-base.ts';
import * as T from './tokens.ts';

/** An `if` or `elif` whose last clauses are still to come. */
type OpenIf = { -readonly [Field in keyof If]: If[Field] };

export abstract class CompoundStatementParser extends DefinitionParser {
  /** Each `elif` is an `if` in the `orelse` of the one above: a chain, read in a loop, whose parts all end together. */
  protected parseIf(): If {
    const first = this.parseIfClause("'if' statement");
    const chain = [first];
    let last = first;
    while (this.token === T.ELIF) {
      const next = this.clause(() => this.parseIfClause("'elif' statement"));
      if (next === undefined) continue;
      last.orelse = [next];
      next.parent = last;
      chain.push(next);
      last = next;
    }
    if (this.token === T.ELSE) {
      last.orelse = this.parseElse();
      adoptAll(last.orelse, last);
    }
    for (const part of chain) {
      part.end = this.prevEnd;
      part.endLine = this.prevEndLine;
    }
    return first;
  }

  private parseIfClause(owner: string): OpenIf {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    const test = this.parseNamedExpression();
    const body = this.parseBlock(owner, line);
    const node: OpenIf = {
      kind: 'If',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      test,
      body,
      orelse: [],
    };
    adopt(test, node);
    adoptAll(body, node);
    return node;
  }

  /** The block of an `else` clause; none where there is no such clause. */
  private parseElse(): readonly Stmt[] {
    if (this.token !== T.ELSE) return [];
    return this.clause(() => this.parseKeywordBlock("'else' statement")) ?? [];
  }

  /** A clause of nothing but a keyword and a block. */
  private parseKeywordBlock(owner: string): Stmt[] {
    const line = this.tokenLine;
    this.advance();
    return this.parseBlock(owner, line);
  }

  protected parseWhile(): While {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    const test = this.parseNamedExpression();
    const body = this.parseBlock("'while' statement", line);
    const orelse = this.parseElse();
    const node: While = {
      kind: 'While',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      test,
      body,
      orelse,
    };
    adopt(test, node);
    adoptAll(body, node);
    adoptAll(orelse, node);
    return node;
  }

  /** From `for` on; `start` is that of an `async` before it. */
  protected parseFor(kind: For['kind'], start: number, line: number): For {
    this.advance();
    const target = this.parseTargets('Store');
    this.expect(T.IN, "'in'");
    const iter = this.parseStarExpressions();
    const body = this.parseBlock("'for' statement", line);
    const orelse = this.parseElse();
    const node: For = {
      kind,
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      target,
      iter,
      body,
      orelse,
    };
    adopt(target, node);
    adopt(iter, node);
    adoptAll(body, node);
    adoptAll(orelse, node);
    return node;
  }

  protected parseTry(): Try {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const body = this.parseKeywordBlock("'try' statement");
    const handlers: ExceptHandler[] = [];
    let isStar = false;
    let hasHandlers = false;
    while (this.token === T.EXCEPT) {
      hasHandlers = true;
      const handler = this.clause(() => this.parseHandler());
      if (handler === undefined) continue;
      handlers.push(handler.node);
      isStar ||= handler.isStar;
    }
    const orelse = this.parseElse();
    const hasFinally = this.token === T.FINALLY;
    const finalbody = hasFinally ? (this.clause(() => this.parseKeywordBlock("'finally' statement")) ?? []) : [];
    if (!hasHandlers && !hasFinally) this.report("expected 'except' or 'finally' block", this.tokenLine);
    const node: Try = {
      kind: isStar ? 'TryStar' : 'Try',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      body,
      handlers,
      orelse,
      finalbody,
    };
    adoptAll(body, node);
    adoptAll(handlers, node);
    adoptAll(orelse, node);
    adoptAll(finalbody, node);
    return node;
  }

  private parseHandler(): { readonly node: ExceptHandler; readonly isStar: boolean } {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    const isStar = this.accept(T.STAR);
    // Several types need no parentheses (PEP 758).
    const type = this.token === T.COLON ? undefined : this.parseStarExpressions();
    const name = type !== undefined && this.accept(T.AS) ? this.takeName() : undefined;
    const body = this.parseBlock(isStar ? "'except*' statement" : "'except' statement", line);
    const node: ExceptHandler = {
      kind: 'ExceptHandler',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      type,
      name,
      body,
    };
    adopt(type, node);
    adoptAll(body, node);
    return { node, isStar };
  }

  /** From `with` on; `start` is that of an `async` before it. */
  protected parseWith(kind: With['kind'], start: number, line: number): With {
    this.advance();
    // `with (a as b, c):` or `with (a).b as c:`, which only the closing parenthesis tells apart.
    const inParentheses = this.token === T.LPAREN ? this.attempt(() => this.parseParenthesizedItems()) : undefined;
    const items = inParentheses ?? this.parseItems(T.COLON);
    const body = this.parseBlock("'with' statement", line);
    const node: With = {
      kind,
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      items,
      body,
    };
    for (const item of items) adoptInPlace(item, node);
    adoptAll(body, node);
    return node;
  }

  private parseParenthesizedItems(): WithItem[] {
    this.advance();
    const items = this.parseItems(T.RPAREN);
    this.expect(T.RPAREN, "')'");
    if (this.token !== T.COLON) this.failToFind("':'");
    return items;
  }

  /** Items with commas between them; one may stand before the closing parenthesis, none before a colon. */
  private parseItems(closing: number): WithItem[] {
    const items = [this.parseItem()];
    while (this.accept(T.COMMA)) {
      if (closing === T.RPAREN && this.token === closing) break;
      items.push(this.parseItem());
    }
    return items;
  }

  private parseItem(): WithItem {
    const context_expr = this.parseExpression();
    let optional_vars: Expr | undefined;
    if (this.accept(T.AS)) {
      optional_vars = this.parseTarget();
      this.setContext(optional_vars, 'Store');
    }
    const node: WithItem = {
      kind: 'withitem',
      line: 0,
      endLine: 0,
      start: 0,
      end: 0,
      parent: undefined,
      context_expr,
      optional_vars,
    };
    adopt(context_expr, node);
    adopt(optional_vars, node);
    return node;
  }

  /** The statement, if the name `match` begins one here: if what follows it is an expression, a colon and a line end. */
  protected parseMatch(): Match | undefined {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const subject = this.attempt(() => this.parseMatchSubject());
    if (subject === undefined) return undefined;
    this.advance();
    if (this.token !== T.INDENT) this.fail(`expected an indented block after 'match' statement on line ${line}`);
    this.advance();
    const cases: MatchCase[] = [];
    while (this.token !== T.DEDENT && this.token !== T.EOF) {
      const clause = this.clause(() => this.parseCase());
      if (clause !== undefined) cases.push(clause);
    }
    this.accept(T.DEDENT);
    const node: Match = {
      kind: 'Match',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      subject,
      cases,
    };
    adopt(subject, node);
    for (const clause of cases) adoptInPlace(clause, node);
    return node;
  }

  private parseMatchSubject(): Expr {
    this.advance();
    const start = this.tokenStart;
    const line = this.tokenLine;
    const first = this.parseStarNamedExpression();
    const elts = [first];
    let subject = first;
    if (this.token === T.COMMA) {
      while (this.accept(T.COMMA)) {
        if (T.STARTS_EXPRESSION[this.token] === 0) break;
        elts.push(this.parseStarNamedExpression());
      }
      subject = this.sequence('Tuple', elts, start, line);
    }
    this.expect(T.COLON, "':'");
    if (this.token !== T.NEWLINE) this.failAtToken();
    return subject;
  }

  private parseCase(): MatchCase {
    if (!this.isName('case')) this.failToFind("'case'");
    const line = this.tokenLine;
    this.advance();
    const pattern = this.parseCasePattern();
    const guard = this.accept(T.IF) ? this.parseNamedExpression() : undefined;
    const body = this.parseBlock("'case' statement", line);
    const node: MatchCase = {
      kind: 'match_case',
      line: 0,
      endLine: 0,
      start: 0,
      end: 0,
      parent: undefined,
      pattern,
      guard,
      body,
    };
    adopt(pattern, node);
    adopt(guard, node);
    adoptAll(body, node);
    return node;
  }
}
