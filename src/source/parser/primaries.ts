// Atoms and what can follow them: attributes, calls and subscripts.

import type { Call, Constant, Expr, Keyword } from '../python-ast.ts';
import { DisplayParser } from './displays.ts';
import { valueOfNumber } from './number-literals.ts';
import { adopt, adoptAll } from './parser-base.ts';
import * as T from './tokens.ts';

export abstract class PrimaryParser extends DisplayParser {
  /** An atom with all its attributes, calls and subscripts: a loop, for chains are long. */
  protected parsePrimary(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    let expr = this.parseAtom();
    for (;;) {
      switch (this.token) {
        case T.DOT:
          expr = this.parseAttribute(expr, start, line);
          break;
        case T.LPAREN:
          expr = this.parseCall(expr, start, line);
          break;
        case T.LSQUARE:
          expr = this.parseSubscript(expr, start, line);
          break;
        default:
          return expr;
      }
    }
  }

  private parseAtom(): Expr {
    switch (this.token) {
      case T.NAME:
        return this.parseNameExpression();
      case T.STRING:
        return this.parseStrings();
      case T.NUMBER:
        return this.parseNumber();
      case T.LPAREN:
        return this.parseParentheses();
      case T.LSQUARE:
        return this.parseList();
      case T.LBRACE:
        return this.parseBraces();
      case T.NONE:
        return this.constant(null);
      case T.TRUE:
        return this.constant(true);
      case T.FALSE:
        return this.constant(false);
      case T.ELLIPSIS:
        return this.constant(undefined);
      default:
        this.failAtToken();
    }
  }

  protected parseNameExpression(): Expr {
    const line = this.tokenLine;
    const start = this.tokenStart;
    const end = this.tokenEnd;
    const id = this.takeName();
    return { kind: 'Name', line, endLine: line, start, end, parent: undefined, id, ctx: 'Load' };
  }

  protected parseNumber(): Constant {
    if (this.token !== T.NUMBER) this.failAtToken();
    return this.constant(valueOfNumber(this.text, this.tokenStart, this.tokenEnd));
  }

  /** The current token, which is passed, as a constant. */
  protected constant(value: Constant['value']): Constant {
    const line = this.tokenLine;
    const start = this.tokenStart;
    const end = this.tokenEnd;
    this.advance();
    return { kind: 'Constant', line, endLine: line, start, end, parent: undefined, value };
  }

  protected parseAttribute(value: Expr, start: number, line: number): Expr {
    this.advance();
    const attr = this.takeName();
    const node: Expr = {
      kind: 'Attribute',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      value,
      attr,
      ctx: 'Load',
    };
    adopt(value, node);
    return node;
  }

  private parseCall(func: Expr, start: number, line: number): Expr {
    const args: Expr[] = [];
    const keywords: Keyword[] = [];
    this.parseArguments(args, keywords);
    const node: Call = {
      kind: 'Call',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      func,
      args,
      keywords,
    };
    adopt(func, node);
    adoptAll(args, node);
    adoptAll(keywords, node);
    return node;
  }

  /** From the opening parenthesis to behind the closing one. */
  protected parseArguments(args: Expr[], keywords: Keyword[]): void {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    while (this.token !== T.RPAREN) {
      if (this.token === T.DOUBLE_STAR) {
        keywords.push(this.parseKeywordMapping());
      } else {
        const argument = this.parseArgument();
        if (argument.kind === 'keyword') {
          keywords.push(argument);
        } else if (this.atComprehension()) {
          if (args.length > 0 || keywords.length > 0) {
            this.fail('Generator expression must be parenthesized', argument.line);
          }
          args.push(this.parseGeneratorArgument(argument, start, line));
          return;
        } else {
          args.push(argument);
        }
      }
      if (this.token !== T.COMMA) break;
      this.advance();
    }
    this.expectClosing(T.RPAREN);
  }

  private parseArgument(): Expr | Keyword {
    const start = this.tokenStart;
    const line = this.tokenLine;
    if (this.accept(T.STAR)) return this.starred(this.parseExpression(), start, line);
    const isNameFirst = this.token === T.NAME;
    const expr = this.parseNamedExpression();
    if (this.token !== T.EQUAL) return expr;
    if (!isNameFirst || expr.kind !== 'Name') {
      this.fail('expression cannot contain assignment, perhaps you meant "=="?', line);
    }
    this.advance();
    return this.keyword(expr.id, this.parseExpression(), start, line);
  }

  private parseKeywordMapping(): Keyword {
    const start = this.tokenStart;
    const line = this.tokenLine;
    this.advance();
    return this.keyword(undefined, this.parseExpression(), start, line);
  }

  private keyword(arg: string | undefined, value: Expr, start: number, line: number): Keyword {
    const node: Keyword = {
      kind: 'keyword',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      arg,
      value,
    };
    adopt(value, node);
    return node;
  }

  private parseSubscript(value: Expr, start: number, line: number): Expr {
    this.advance();
    const slice = this.parseSlices();
    this.expectClosing(T.RSQUARE);
    const node: Expr = {
      kind: 'Subscript',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      value,
      slice,
      ctx: 'Load',
    };
    adopt(value, node);
    adopt(slice, node);
    return node;
  }

  private parseSlices(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const first = this.parseSlice();
    // `a[*b]` (PEP 646) is a tuple of one.
    if (this.token !== T.COMMA && first.kind !== 'Starred') return first;
    const elts = [first];
    while (this.accept(T.COMMA)) {
      if (this.token === T.RSQUARE) break;
      elts.push(this.parseSlice());
    }
    return this.sequence('Tuple', elts, start, line);
  }

  private parseSlice(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    if (this.token === T.STAR) return this.parseStarred();
    let lower: Expr | undefined;
    if (this.token !== T.COLON) {
      lower = this.parseNamedExpression();
      if (this.token !== T.COLON) return lower;
    }
    this.advance();
    const upper = this.parseSlicePart();
    const step = this.accept(T.COLON) ? this.parseSlicePart() : undefined;
    const node: Expr = {
      kind: 'Slice',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      lower,
      upper,
      step,
    };
    adopt(lower, node);
    adopt(upper, node);
    adopt(step, node);
    return node;
  }

  private parseSlicePart(): Expr | undefined {
    return this.token === T.COLON || this.token === T.COMMA || this.token === T.RSQUARE
      ? undefined
      : this.parseExpression();
  }
}
