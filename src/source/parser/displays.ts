// What stands in brackets of its own: groups, tuples, lists, sets, dictionaries and comprehensions; and targets, which are
// expressions that a name is bound through.

import type { Comprehension, ElementComp, Expr, ExprContext, Sequence } from '../python-ast.ts';
import { adopt, adoptAll, adoptInPlace } from './parser-base.ts';
import { StringParser } from './strings.ts';
import * as T from './tokens.ts';

export abstract class DisplayParser extends StringParser {
  protected abstract parseExpression(): Expr;
  protected abstract parseNamedExpression(): Expr;
  /** Operators that bind at least as tightly as `precedence`. */
  protected abstract parseOperators(precedence: number): Expr;

  /** `*operand`, or what `named expression` allows. */
  protected parseStarNamedExpression(): Expr {
    return this.token === T.STAR ? this.parseStarred() : this.parseNamedExpression();
  }

  protected parseStarred(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    return this.starred(this.parseOperators(T.BIT_OR_PRECEDENCE), start, line);
  }

  protected starred(value: Expr, start: number, line: number): Expr {
    const node: Expr = {
      kind: 'Starred',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      value,
      ctx: 'Load',
    };
    adopt(value, node);
    return node;
  }

  /** Whether a comprehension's first clause begins here. */
  protected atComprehension(): boolean {
    return this.token === T.FOR || this.token === T.ASYNC;
  }

  protected expectClosing(token: number): void {
    if (this.token !== token) this.failToSeparate();
    this.advance();
  }

  /** `(`: a group, a tuple, a generator or a `yield`. */
  protected parseParentheses(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    if (this.token === T.RPAREN) {
      this.advance();
      return this.sequence('Tuple', [], start, line);
    }
    if (this.token === T.YIELD) {
      const expr = this.parseYieldOrStarExpressions();
      this.expectClosing(T.RPAREN);
      return expr;
    }
    const first = this.parseStarNamedExpression();
    if (this.atComprehension()) return this.parseElementComprehension('GeneratorExp', T.RPAREN, first, start, line);
    if (this.token === T.COMMA) return this.parseElements('Tuple', T.RPAREN, first, start, line);
    if (this.token === T.RPAREN && first.kind === 'Starred') {
      this.fail('cannot use starred expression here', first.line);
    }
    this.expectClosing(T.RPAREN);
    return first;
  }

  /** `[`: a list or its comprehension. */
  protected parseList(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    if (this.token === T.RSQUARE) {
      this.advance();
      return this.sequence('List', [], start, line);
    }
    const first = this.parseStarNamedExpression();
    if (this.atComprehension()) return this.parseElementComprehension('ListComp', T.RSQUARE, first, start, line);
    return this.parseElements('List', T.RSQUARE, first, start, line);
  }

  /** `{`: a dictionary, a set or the comprehension of one. */
  protected parseBraces(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    if (this.token === T.RBRACE || this.token === T.DOUBLE_STAR) return this.parseDict(undefined, start, line);
    const first = this.parseStarNamedExpression();
    if (this.token === T.COLON) return this.parseDict(first, start, line);
    if (this.atComprehension()) return this.parseElementComprehension('SetComp', T.RBRACE, first, start, line);
    return this.parseElements('Set', T.RBRACE, first, start, line);
  }

  /** The elements behind `first`, up to the closing bracket, which is passed. */
  private parseElements(kind: Sequence['kind'], closing: number, first: Expr, start: number, line: number): Expr {
    const elts = [first];
    while (this.token === T.COMMA) {
      this.advance();
      if (this.token === closing) break;
      elts.push(this.parseStarNamedExpression());
    }
    this.expectClosing(closing);
    return this.sequence(kind, elts, start, line);
  }

  protected sequence(kind: Sequence['kind'], elts: readonly Expr[], start: number, line: number): Expr {
    const node: Sequence = {
      kind,
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      elts,
      ctx: kind === 'Set' ? undefined : 'Load',
    };
    adoptAll(elts, node);
    return node;
  }

  private parseElementComprehension(
    kind: ElementComp['kind'],
    closing: number,
    elt: Expr,
    start: number,
    line: number,
  ): Expr {
    const generators = this.parseComprehensionClauses();
    this.expectClosing(closing);
    return this.elementComprehension(kind, elt, generators, start, line);
  }

  private elementComprehension(
    kind: ElementComp['kind'],
    elt: Expr,
    generators: readonly Comprehension[],
    start: number,
    line: number,
  ): Expr {
    const node: ElementComp = {
      kind,
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      elt,
      generators,
    };
    adopt(elt, node);
    for (const generator of generators) adoptInPlace(generator, node);
    return node;
  }

  /** The generator that is the only argument of a call: its place is that of the call's parentheses. */
  protected parseGeneratorArgument(elt: Expr, start: number, line: number): Expr {
    const generators = this.parseComprehensionClauses();
    if (this.token !== T.RPAREN) this.fail('Generator expression must be parenthesized', elt.line);
    this.advance();
    return this.elementComprehension('GeneratorExp', elt, generators, start, line);
  }

  /** The items of a dictionary; `firstKey` is read already, and the current token is behind it. */
  private parseDict(firstKey: Expr | undefined, start: number, line: number): Expr {
    const keys: (Expr | undefined)[] = [];
    const values: Expr[] = [];
    let key = firstKey;
    while (this.token !== T.RBRACE) {
      if (key === undefined && this.accept(T.DOUBLE_STAR)) {
        const mapping = this.parseOperators(T.BIT_OR_PRECEDENCE);
        if (this.atComprehension() && values.length === 0) {
          return this.parseDictComprehension(mapping, undefined, start, line);
        }
        keys.push(undefined);
        values.push(mapping);
      } else {
        key ??= this.parseExpression();
        this.expect(T.COLON, "':'");
        const value = this.parseExpression();
        if (this.atComprehension() && values.length === 0) {
          return this.parseDictComprehension(key, value, start, line);
        }
        keys.push(key);
        values.push(value);
      }
      key = undefined;
      if (!this.accept(T.COMMA)) break;
    }
    this.expectClosing(T.RBRACE);
    const node: Expr = {
      kind: 'Dict',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      keys,
      values,
    };
    adoptAll(keys, node);
    adoptAll(values, node);
    return node;
  }

  private parseDictComprehension(key: Expr, value: Expr | undefined, start: number, line: number): Expr {
    const generators = this.parseComprehensionClauses();
    this.expectClosing(T.RBRACE);
    const node: Expr = {
      kind: 'DictComp',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      key,
      value,
      generators,
    };
    adopt(key, node);
    adopt(value, node);
    for (const generator of generators) adoptInPlace(generator, node);
    return node;
  }

  private parseComprehensionClauses(): Comprehension[] {
    const clauses: Comprehension[] = [];
    while (this.atComprehension()) {
      this.accept(T.ASYNC);
      this.expect(T.FOR, "'for'");
      const target = this.parseTargets('Store');
      this.expect(T.IN, "'in'");
      const iter = this.parseOperators(T.OR_PRECEDENCE);
      const ifs: Expr[] = [];
      while (this.accept(T.IF)) ifs.push(this.parseOperators(T.OR_PRECEDENCE));
      const node: Comprehension = {
        kind: 'comprehension',
        line: 0,
        endLine: 0,
        start: 0,
        end: 0,
        parent: undefined,
        target,
        iter,
        ifs,
      };
      adopt(target, node);
      adopt(iter, node);
      adoptAll(ifs, node);
      clauses.push(node);
    }
    return clauses;
  }

  /** One target, or several with commas between them as a tuple. Reads no `in`, which ends the targets of a `for`. */
  protected parseTargets(ctx: ExprContext): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const first = this.parseTarget();
    let target = first;
    if (this.token === T.COMMA) {
      const elts = [first];
      while (this.accept(T.COMMA)) {
        if (T.STARTS_EXPRESSION[this.token] === 0) break;
        elts.push(this.parseTarget());
      }
      target = this.sequence('Tuple', elts, start, line);
    }
    this.setContext(target, ctx);
    return target;
  }

  protected parseTarget(): Expr {
    return this.token === T.STAR ? this.parseStarred() : this.parseOperators(T.BIT_OR_PRECEDENCE);
  }

  /** Makes an expression a target. Recursion is bounded by that of the brackets it was read from. */
  protected setContext(target: Expr, ctx: ExprContext): void {
    switch (target.kind) {
      case 'Starred':
        changeContext(target, ctx);
        this.setContext(target.value, ctx);
        break;
      case 'Tuple':
      case 'List':
        changeContext(target, ctx);
        for (const element of target.elts) this.setContext(element, ctx);
        break;
      case 'Name':
      case 'Attribute':
      case 'Subscript':
        changeContext(target, ctx);
        break;
      default:
        this.fail(`cannot ${ctx === 'Del' ? 'delete' : 'assign to'} ${describeTarget(target)}`, target.line);
    }
  }

  protected failToSeparate(): never {
    this.failAtToken('invalid syntax. Perhaps you forgot a comma?');
  }
}

function changeContext(target: { ctx: ExprContext | undefined }, ctx: ExprContext): void {
  target.ctx = ctx;
}

/** CPython's words for what cannot be assigned to. */
function describeTarget(target: Expr): string {
  switch (target.kind) {
    case 'Call':
      return 'function call';
    case 'Constant':
      return target.value === null || typeof target.value === 'boolean' ? 'True, False or None' : 'literal';
    case 'JoinedStr':
      return 'f-string expression';
    case 'Compare':
      return 'comparison';
    case 'IfExp':
      return 'conditional expression';
    case 'Lambda':
      return 'lambda';
    case 'Dict':
      return 'dict literal';
    case 'Set':
      return 'set display';
    default:
      return 'expression';
  }
}
