// Expressions from operators up: precedence climbing, conditional expressions, lambdas, `:=`, `await` and `yield`.
// Chains of any length are loops; what can only be nested counts towards a limit.

import type { Expr, Lambda } from '../python-ast.ts';
import { ParameterParser } from './parameters.ts';
import { adopt, adoptAll, adoptInPlace } from './parser-base.ts';
import * as T from './tokens.ts';

export abstract class ExpressionParser extends ParameterParser {
  /** Expressions with commas between them, starred ones too: a tuple where there is a comma. */
  protected parseStarExpressions(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const first = this.parseStarExpression();
    if (this.token !== T.COMMA) return first;
    const elts = [first];
    while (this.accept(T.COMMA)) {
      if (T.STARTS_EXPRESSION[this.token] === 0) break;
      elts.push(this.parseStarExpression());
    }
    return this.sequence('Tuple', elts, start, line);
  }

  private parseStarExpression(): Expr {
    return this.token === T.STAR ? this.parseStarred() : this.parseExpression();
  }

  protected override parseYieldOrStarExpressions(): Expr {
    return this.token === T.YIELD ? this.parseYield() : this.parseStarExpressions();
  }

  private parseYield(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    if (this.accept(T.FROM)) {
      const value = this.parseExpression();
      const node: Expr = {
        kind: 'YieldFrom',
        line,
        endLine: this.prevEndLine,
        start,
        end: this.prevEnd,
        parent: undefined,
        value,
      };
      adopt(value, node);
      return node;
    }
    const value = T.STARTS_EXPRESSION[this.token] === 1 ? this.parseStarExpressions() : undefined;
    const node: Expr = {
      kind: 'Yield',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      value,
    };
    adopt(value, node);
    return node;
  }

  protected override parseNamedExpression(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const target = this.parseExpression();
    if (this.token !== T.COLON_EQUAL) return target;
    // In parentheses, a name begins behind them.
    if (target.kind !== 'Name' || target.start !== start) this.fail('cannot use assignment expressions here');
    this.setContext(target, 'Store');
    this.advance();
    const value = this.parseExpression();
    const node: Expr = {
      kind: 'NamedExpr',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      target,
      value,
    };
    adopt(target, node);
    adopt(value, node);
    return node;
  }

  protected override parseExpression(): Expr {
    if (this.token === T.LAMBDA) return this.parseLambda();
    const start = this.tokenStart;
    const line = this.tokenLine;
    const first = this.parseOperators(T.OR_PRECEDENCE);
    return this.token === T.IF ? this.parseConditional(first, start, line) : first;
  }

  /** `a if b else c if d else …` nests to the right: read in a loop, built from the end. */
  private parseConditional(first: Expr, firstStart: number, firstLine: number): Expr {
    const bodies = [{ expr: first, start: firstStart, line: firstLine }];
    const tests: Expr[] = [];
    while (this.accept(T.IF)) {
      tests.push(this.parseOperators(T.OR_PRECEDENCE));
      if (this.token !== T.ELSE) this.failAtToken("expected 'else' after 'if' expression");
      this.advance();
      const start = this.tokenStart;
      const line = this.tokenLine;
      // A lambda takes all that follows into its body.
      const expr = this.token === T.LAMBDA ? this.parseLambda() : this.parseOperators(T.OR_PRECEDENCE);
      bodies.push({ expr, start, line });
    }
    let orelse = bodies.pop()!.expr;
    while (bodies.length > 0) {
      const { expr: body, start, line } = bodies.pop()!;
      const test = tests.pop()!;
      const node: Expr = {
        kind: 'IfExp',
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
      adopt(body, node);
      adopt(orelse, node);
      orelse = node;
    }
    return orelse;
  }

  private parseLambda(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    this.enter();
    const args = this.parseParameters(T.COLON, false);
    this.expect(T.COLON, "':'");
    const body = this.parseExpression();
    this.leave();
    const node: Lambda = {
      kind: 'Lambda',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      args,
      body,
    };
    adoptInPlace(args, node);
    adopt(body, node);
    return node;
  }

  protected override parseOperators(precedence: number): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    let left = this.token === T.NOT ? this.parseNot(precedence) : this.parseUnary();
    for (;;) {
      const binding = T.PRECEDENCE[this.token]!;
      if (binding < precedence) return left;
      if (binding > T.COMPARISON_PRECEDENCE) left = this.parseBinary(left, binding, start, line);
      else if (binding === T.COMPARISON_PRECEDENCE) left = this.parseComparison(left, start, line);
      else left = this.parseBoolean(left, binding, start, line);
    }
  }

  private parseBinary(left: Expr, precedence: number, start: number, line: number): Expr {
    const op = T.BINARY_OPERATORS[this.token]!;
    this.advance();
    return this.binary(left, op, this.parseOperators(precedence + 1), start, line);
  }

  protected binary(left: Expr, op: string, right: Expr, start: number, line: number): Expr {
    const node: Expr = {
      kind: 'BinOp',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      left,
      op,
      right,
    };
    adopt(left, node);
    adopt(right, node);
    return node;
  }

  private parseComparison(left: Expr, start: number, line: number): Expr {
    const ops: string[] = [];
    const comparators: Expr[] = [];
    while (T.PRECEDENCE[this.token] === T.COMPARISON_PRECEDENCE) {
      ops.push(this.takeComparison());
      comparators.push(this.parseOperators(T.BIT_OR_PRECEDENCE));
    }
    const node: Expr = {
      kind: 'Compare',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      left,
      ops,
      comparators,
    };
    adopt(left, node);
    adoptAll(comparators, node);
    return node;
  }

  private takeComparison(): string {
    const token = this.token;
    this.advance();
    if (token === T.NOT) this.expect(T.IN, "'in'");
    if (token === T.IS && this.accept(T.NOT)) return 'IsNot';
    return T.COMPARISONS[token]!;
  }

  private parseBoolean(left: Expr, precedence: number, start: number, line: number): Expr {
    const token = this.token;
    const values = [left];
    while (this.accept(token)) values.push(this.parseOperators(precedence + 1));
    const node: Expr = {
      kind: 'BoolOp',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      op: token === T.OR ? 'Or' : 'And',
      values,
    };
    adoptAll(values, node);
    return node;
  }

  private parseNot(precedence: number): Expr {
    if (precedence > T.NOT_PRECEDENCE) this.failAtToken();
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    this.enter();
    const operand = this.parseOperators(T.NOT_PRECEDENCE);
    this.leave();
    return this.unary('Not', operand, start, line);
  }

  /** Signs, `await` and `**`, which binds tighter than a sign on its left and looser than one on its right. */
  private parseUnary(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const op = T.UNARY_OPERATORS[this.token]!;
    if (op !== '') {
      this.advance();
      this.enter();
      const operand = this.parseUnary();
      this.leave();
      return this.unary(op, operand, start, line);
    }
    const base = this.token === T.AWAIT ? this.parseAwait() : this.parsePrimary();
    if (this.token !== T.DOUBLE_STAR) return base;
    this.advance();
    this.enter();
    const exponent = this.parseUnary();
    this.leave();
    return this.binary(base, 'Pow', exponent, start, line);
  }

  protected unary(op: string, operand: Expr, start: number, line: number): Expr {
    const node: Expr = {
      kind: 'UnaryOp',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      op,
      operand,
    };
    adopt(operand, node);
    return node;
  }

  private parseAwait(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    const value = this.parsePrimary();
    const node: Expr = {
      kind: 'Await',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      value,
    };
    adopt(value, node);
    return node;
  }
}
