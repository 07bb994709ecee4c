// Statements without a block: assignments, imports, `del`, `return` and the like.

import type { Alias, AugAssign, Expr, Stmt } from '../python-ast.ts';
import { adopt, adoptAll } from './parser-base.ts';
import { PatternParser } from './patterns.ts';
import * as T from './tokens.ts';

export abstract class SimpleStatementParser extends PatternParser {
  /** The statements of one logical line, into `body`; passes its end. */
  protected parseSimpleStatements(body: Stmt[]): void {
    do {
      const statement = this.parseSimpleStatement();
      if (this.token !== T.SEMICOLON && this.token !== T.NEWLINE) this.failBehind(statement);
      body.push(statement);
    } while (this.accept(T.SEMICOLON) && this.token !== T.NEWLINE);
    this.advance();
  }

  private failBehind(statement: Stmt): never {
    const printed = statement.kind === 'Expr' && statement.value.kind === 'Name' ? statement.value.id : '';
    if (printed === 'print' || printed === 'exec') {
      this.failAtToken(`Missing parentheses in call to '${printed}'. Did you mean ${printed}(...)?`);
    }
    this.failAtToken();
  }

  private parseSimpleStatement(): Stmt {
    const start = this.tokenStart;
    const line = this.tokenLine;
    switch (this.token) {
      case T.RETURN:
        return this.parseReturn(start, line);
      case T.IMPORT:
        return this.parseImport(false, start, line);
      case T.FROM:
        return this.parseImportFrom(false, start, line);
      case T.RAISE:
        return this.parseRaise(start, line);
      case T.PASS:
        return this.parseKeyword('Pass', start, line);
      case T.BREAK:
        return this.parseKeyword('Break', start, line);
      case T.CONTINUE:
        return this.parseKeyword('Continue', start, line);
      case T.DEL:
        return this.parseDelete(start, line);
      case T.ASSERT:
        return this.parseAssert(start, line);
      case T.GLOBAL:
        return this.parseDeclaration('Global', start, line);
      case T.NONLOCAL:
        return this.parseDeclaration('Nonlocal', start, line);
      case T.NAME:
        return this.parseSoftKeyword(start, line) ?? this.parseExpressionStatement(start, line);
      default:
        return this.parseExpressionStatement(start, line);
    }
  }

  private parseKeyword(kind: 'Pass' | 'Break' | 'Continue', start: number, line: number): Stmt {
    const end = this.tokenEnd;
    this.advance();
    return { kind, line, endLine: line, start, end, parent: undefined };
  }

  private parseReturn(start: number, line: number): Stmt {
    this.advance();
    const value = T.STARTS_EXPRESSION[this.token] === 1 ? this.parseStarExpressions() : undefined;
    const node: Stmt = {
      kind: 'Return',
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

  /** `type X = …` and `lazy import`: names but for what follows them. */
  private parseSoftKeyword(start: number, line: number): Stmt | undefined {
    const isType = this.isName('type');
    if (!isType && !this.isName('lazy')) return undefined;
    const mark = this.mark();
    this.advance();
    if (isType && this.token === T.NAME) return this.parseTypeAlias(start, line);
    if (!isType && this.token === T.IMPORT) return this.parseImport(true, start, line);
    if (!isType && this.token === T.FROM) return this.parseImportFrom(true, start, line);
    this.reset(mark);
    return undefined;
  }

  private parseTypeAlias(start: number, line: number): Stmt {
    const name = this.parseNameExpression();
    this.setContext(name, 'Store');
    const type_params = this.parseTypeParameters();
    this.expect(T.EQUAL, "'='");
    const value = this.parseExpression();
    const node: Stmt = {
      kind: 'TypeAlias',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      name,
      type_params,
      value,
    };
    adopt(name, node);
    adoptAll(type_params, node);
    adopt(value, node);
    return node;
  }

  private parseExpressionStatement(start: number, line: number): Stmt {
    const first = this.parseYieldOrStarExpressions();
    if (this.token === T.EQUAL) return this.parseAssign(first, start, line);
    if (this.token === T.COLON) return this.parseAnnotated(first, start, line);
    if (T.AUGMENTED_OPERATORS[this.token] !== '') return this.parseAugmented(first, start, line);
    const node: Stmt = {
      kind: 'Expr',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      value: first,
    };
    adopt(first, node);
    return node;
  }

  private parseAssign(first: Expr, start: number, line: number): Stmt {
    const targets: Expr[] = [];
    let value = first;
    while (this.accept(T.EQUAL)) {
      this.setContext(value, 'Store');
      targets.push(value);
      value = this.parseYieldOrStarExpressions();
    }
    const node: Stmt = {
      kind: 'Assign',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      targets,
      value,
    };
    adoptAll(targets, node);
    adopt(value, node);
    return node;
  }

  private parseAnnotated(target: Expr, start: number, line: number): Stmt {
    this.checkSingleTarget(target, 'illegal target for annotation');
    this.advance();
    const annotation = this.parseExpression();
    const value = this.accept(T.EQUAL) ? this.parseYieldOrStarExpressions() : undefined;
    const node: Stmt = {
      kind: 'AnnAssign',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      target,
      annotation,
      value,
    };
    adopt(target, node);
    adopt(annotation, node);
    adopt(value, node);
    return node;
  }

  private parseAugmented(target: Expr, start: number, line: number): Stmt {
    this.checkSingleTarget(target, 'illegal expression for augmented assignment');
    const op = T.AUGMENTED_OPERATORS[this.token]!;
    this.advance();
    const value = this.parseYieldOrStarExpressions();
    const node: AugAssign = {
      kind: 'AugAssign',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      target,
      op,
      value,
    };
    adopt(target, node);
    adopt(value, node);
    return node;
  }

  private checkSingleTarget(target: Expr, problem: string): void {
    if (target.kind !== 'Name' && target.kind !== 'Attribute' && target.kind !== 'Subscript') {
      this.fail(problem, target.line);
    }
    this.setContext(target, 'Store');
  }

  private parseDelete(start: number, line: number): Stmt {
    this.advance();
    const targets = [this.parseTarget()];
    while (this.accept(T.COMMA)) {
      if (T.STARTS_EXPRESSION[this.token] === 0) break;
      targets.push(this.parseTarget());
    }
    for (const target of targets) this.setContext(target, 'Del');
    const node: Stmt = {
      kind: 'Delete',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      targets,
    };
    adoptAll(targets, node);
    return node;
  }

  private parseRaise(start: number, line: number): Stmt {
    this.advance();
    const exc = T.STARTS_EXPRESSION[this.token] === 1 ? this.parseExpression() : undefined;
    const cause = exc !== undefined && this.accept(T.FROM) ? this.parseExpression() : undefined;
    const node: Stmt = {
      kind: 'Raise',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      exc,
      cause,
    };
    adopt(exc, node);
    adopt(cause, node);
    return node;
  }

  private parseAssert(start: number, line: number): Stmt {
    this.advance();
    const test = this.parseExpression();
    const msg = this.accept(T.COMMA) ? this.parseExpression() : undefined;
    const node: Stmt = {
      kind: 'Assert',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      test,
      msg,
    };
    adopt(test, node);
    adopt(msg, node);
    return node;
  }

  private parseDeclaration(kind: 'Global' | 'Nonlocal', start: number, line: number): Stmt {
    this.advance();
    const names = [this.takeName()];
    while (this.accept(T.COMMA)) names.push(this.takeName());
    return {
      kind,
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      names,
    };
  }

  /** From `import` on; `start` is that of a `lazy` before it. */
  private parseImport(is_lazy: boolean, start: number, line: number): Stmt {
    this.advance();
    const names = [this.parseAlias(this.tokenStart, this.tokenLine, this.takeDottedName())];
    while (this.accept(T.COMMA)) names.push(this.parseAlias(this.tokenStart, this.tokenLine, this.takeDottedName()));
    const node: Stmt = {
      kind: 'Import',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      names,
      is_lazy,
    };
    adoptAll(names, node);
    return node;
  }

  private takeDottedName(): string {
    let name = this.takeName();
    while (this.accept(T.DOT)) name += `.${this.takeName()}`;
    return name;
  }

  private parseAlias(start: number, line: number, name: string): Alias {
    const asname = this.accept(T.AS) ? this.takeName() : undefined;
    return {
      kind: 'alias',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      name,
      asname,
    };
  }

  private parseImportFrom(is_lazy: boolean, start: number, line: number): Stmt {
    this.advance();
    let level = 0;
    while (this.token === T.DOT || this.token === T.ELLIPSIS) {
      level += this.token === T.DOT ? 1 : 3;
      this.advance();
    }
    const module = level === 0 || this.token === T.NAME ? this.takeDottedName() : undefined;
    this.expect(T.IMPORT, "'import'");
    const names = this.parseImportedNames();
    const node: Stmt = {
      kind: 'ImportFrom',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      module,
      names,
      level,
      is_lazy,
    };
    adoptAll(names, node);
    return node;
  }

  private parseImportedNames(): Alias[] {
    const start = this.tokenStart;
    const line = this.tokenLine;
    if (this.accept(T.STAR)) return [this.parseAlias(start, line, '*')];
    const inParentheses = this.accept(T.LPAREN);
    const names: Alias[] = [];
    do {
      if (inParentheses && this.token === T.RPAREN && names.length > 0) break;
      names.push(this.parseAlias(this.tokenStart, this.tokenLine, this.takeName()));
    } while (this.accept(T.COMMA));
    if (inParentheses) this.expectClosing(T.RPAREN);
    return names;
  }
}
