// The patterns of `case` clauses (PEP 634).

import type { Expr, MatchClass, MatchList, MatchMapping, Pattern } from '../python-ast.ts';
import { ExpressionParser } from './expressions.ts';
import { adopt, adoptAll } from './parser-base.ts';
import * as T from './tokens.ts';

export abstract class PatternParser extends ExpressionParser {
  /** The whole pattern of a clause: with a comma, a sequence without brackets. */
  protected parseCasePattern(): Pattern {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const first = this.parseMaybeStarPattern();
    if (this.token !== T.COMMA) {
      if (first.kind === 'MatchStar') this.failAtToken();
      return first;
    }
    const patterns = [first];
    while (this.accept(T.COMMA)) {
      if (this.token === T.COLON || this.token === T.IF) break;
      patterns.push(this.parseMaybeStarPattern());
    }
    return this.patternList('MatchSequence', patterns, start, line);
  }

  private parseMaybeStarPattern(): Pattern {
    const start = this.tokenStart;
    const line = this.tokenLine;
    if (!this.accept(T.STAR)) return this.parsePattern();
    const name = this.takeCapture();
    return { kind: 'MatchStar', line, endLine: this.prevEndLine, start, end: this.prevEnd, parent: undefined, name };
  }

  /** The name a pattern binds; `_` binds nothing. */
  private takeCapture(): string | undefined {
    const name = this.takeName();
    return name === '_' ? undefined : name;
  }

  private parsePattern(): Pattern {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const pattern = this.parseOrPattern();
    if (!this.accept(T.AS)) return pattern;
    const name = this.takeName();
    if (name === '_') this.fail("cannot use '_' as a target");
    return this.matchAs(pattern, name, start, line);
  }

  private matchAs(pattern: Pattern | undefined, name: string | undefined, start: number, line: number): Pattern {
    const node: Pattern = {
      kind: 'MatchAs',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      pattern,
      name,
    };
    adopt(pattern, node);
    return node;
  }

  private parseOrPattern(): Pattern {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const first = this.parseClosedPattern();
    if (this.token !== T.BAR) return first;
    const patterns = [first];
    while (this.accept(T.BAR)) patterns.push(this.parseClosedPattern());
    return this.patternList('MatchOr', patterns, start, line);
  }

  private parseClosedPattern(): Pattern {
    const start = this.tokenStart;
    const line = this.tokenLine;
    switch (this.token) {
      case T.NAME:
        return this.parseNamePattern(start, line);
      case T.LPAREN:
        return this.parseGroupPattern(start, line);
      case T.LSQUARE: {
        this.advance();
        const patterns = this.parsePatternsUpTo(T.RSQUARE, []);
        return this.patternList('MatchSequence', patterns, start, line);
      }
      case T.LBRACE:
        return this.parseMappingPattern(start, line);
      case T.NONE:
        return this.parseSingleton(null, start, line);
      case T.TRUE:
        return this.parseSingleton(true, start, line);
      case T.FALSE:
        return this.parseSingleton(false, start, line);
      default:
        return this.matchValue(this.parseLiteral());
    }
  }

  private parseSingleton(value: boolean | null, start: number, line: number): Pattern {
    this.advance();
    return {
      kind: 'MatchSingleton',
      line,
      endLine: line,
      start,
      end: this.prevEnd,
      parent: undefined,
      value,
    };
  }

  private matchValue(value: Expr): Pattern {
    const { line, endLine, start, end } = value;
    const node: Pattern = { kind: 'MatchValue', line, endLine, start, end, parent: undefined, value };
    adopt(value, node);
    return node;
  }

  /** A capture, a dotted name to compare with, or a class with its patterns. */
  private parseNamePattern(start: number, line: number): Pattern {
    const name = this.parseDottedName();
    if (this.token === T.LPAREN) return this.parseClassPattern(name, start, line);
    if (name.kind !== 'Name') return this.matchValue(name);
    return this.matchAs(undefined, name.id === '_' ? undefined : name.id, start, line);
  }

  private parseDottedName(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    let name = this.parseNameExpression();
    while (this.token === T.DOT) name = this.parseAttribute(name, start, line);
    return name;
  }

  private parseGroupPattern(start: number, line: number): Pattern {
    this.advance();
    if (this.token === T.RPAREN) {
      this.advance();
      return this.patternList('MatchSequence', [], start, line);
    }
    const first = this.parseMaybeStarPattern();
    if (this.token === T.RPAREN && first.kind !== 'MatchStar') {
      this.advance();
      return first;
    }
    if (this.token !== T.COMMA) this.failToSeparate();
    this.advance();
    const patterns = this.parsePatternsUpTo(T.RPAREN, [first]);
    return this.patternList('MatchSequence', patterns, start, line);
  }

  /** Patterns with commas between them, behind those given; passes the closing bracket. */
  private parsePatternsUpTo(closing: number, patterns: Pattern[]): Pattern[] {
    while (this.token !== closing) {
      patterns.push(this.parseMaybeStarPattern());
      if (!this.accept(T.COMMA)) break;
    }
    this.expectClosing(closing);
    return patterns;
  }

  private patternList(kind: MatchList['kind'], patterns: readonly Pattern[], start: number, line: number): Pattern {
    const node: MatchList = {
      kind,
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      patterns,
    };
    adoptAll(patterns, node);
    return node;
  }

  private parseMappingPattern(start: number, line: number): Pattern {
    const keys: Expr[] = [];
    const patterns: Pattern[] = [];
    let rest: string | undefined;
    this.advance();
    while (this.token !== T.RBRACE) {
      if (this.accept(T.DOUBLE_STAR)) {
        rest = this.takeName();
      } else {
        keys.push(this.parseMappingKey());
        this.expect(T.COLON, "':'");
        patterns.push(this.parsePattern());
      }
      if (!this.accept(T.COMMA)) break;
    }
    this.expectClosing(T.RBRACE);
    const node: MatchMapping = {
      kind: 'MatchMapping',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      keys,
      patterns,
      rest,
    };
    adoptAll(keys, node);
    adoptAll(patterns, node);
    return node;
  }

  private parseMappingKey(): Expr {
    switch (this.token) {
      case T.NAME:
        return this.parseDottedName();
      case T.NONE:
        return this.constant(null);
      case T.TRUE:
        return this.constant(true);
      case T.FALSE:
        return this.constant(false);
      default:
        return this.parseLiteral();
    }
  }

  private parseClassPattern(cls: Expr, start: number, line: number): Pattern {
    const patterns: Pattern[] = [];
    const kwd_attrs: string[] = [];
    const kwd_patterns: Pattern[] = [];
    this.advance();
    while (this.token !== T.RPAREN) {
      const pattern = this.parsePattern();
      if (this.token === T.EQUAL && pattern.kind === 'MatchAs' && pattern.pattern === undefined) {
        this.advance();
        kwd_attrs.push(pattern.name ?? '_');
        kwd_patterns.push(this.parsePattern());
      } else if (kwd_attrs.length > 0) {
        this.fail('positional patterns follow keyword patterns', pattern.line);
      } else {
        patterns.push(pattern);
      }
      if (!this.accept(T.COMMA)) break;
    }
    this.expectClosing(T.RPAREN);
    const node: MatchClass = {
      kind: 'MatchClass',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      cls,
      patterns,
      kwd_attrs,
      kwd_patterns,
    };
    adopt(cls, node);
    adoptAll(patterns, node);
    adoptAll(kwd_patterns, node);
    return node;
  }

  /** A string, or a number with a sign or an imaginary part. */
  private parseLiteral(): Expr {
    if (this.token === T.STRING) return this.parseStrings();
    const start = this.tokenStart;
    const line = this.tokenLine;
    const real = this.parseSignedNumber();
    if (this.token !== T.PLUS && this.token !== T.MINUS) return real;
    const op = T.BINARY_OPERATORS[this.token]!;
    this.advance();
    return this.binary(real, op, this.parseNumber(), start, line);
  }

  private parseSignedNumber(): Expr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    if (!this.accept(T.MINUS)) return this.parseNumber();
    return this.unary('USub', this.parseNumber(), start, line);
  }
}
