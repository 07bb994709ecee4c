// Parameters of functions and lambdas, and type parameters. Their places in the tree are their owner's to give.

import type { Arg, Arguments, Expr, TypeParam } from '../python-ast.ts';
import { adopt, adoptAll } from './parser-base.ts';
import { PrimaryParser } from './primaries.ts';
import * as T from './tokens.ts';

/** Parameters as they are being read. */
interface Reading {
  posonlyargs: readonly Arg[];
  args: Arg[];
  vararg: Arg | undefined;
  readonly kwonlyargs: Arg[];
  readonly kw_defaults: (Expr | undefined)[];
  kwarg: Arg | undefined;
  readonly defaults: Expr[];
  /** Behind a `*`. */
  keywordOnly: boolean;
}

export abstract class ParameterParser extends PrimaryParser {
  /** Up to the closing parenthesis or, without annotations, a lambda's colon; neither is passed. */
  protected parseParameters(closing: number, annotated: boolean): Arguments {
    const reading: Reading = {
      posonlyargs: [],
      args: [],
      vararg: undefined,
      kwonlyargs: [],
      kw_defaults: [],
      kwarg: undefined,
      defaults: [],
      keywordOnly: false,
    };
    while (this.token !== closing) {
      this.readParameter(reading, annotated);
      if (!this.accept(T.COMMA)) break;
    }
    return argumentsNode(reading);
  }

  private readParameter(reading: Reading, annotated: boolean): void {
    if (this.accept(T.SLASH)) {
      if (reading.keywordOnly || reading.posonlyargs.length > 0) this.fail("'/' may appear only once, ahead of '*'");
      if (reading.args.length === 0) this.fail("at least one argument must precede '/'");
      reading.posonlyargs = reading.args;
      reading.args = [];
    } else if (this.accept(T.DOUBLE_STAR)) {
      reading.kwarg = this.parseParameter(annotated, false);
    } else if (this.accept(T.STAR)) {
      if (reading.keywordOnly) this.fail("'*' may appear only once");
      reading.keywordOnly = true;
      if (this.token !== T.COMMA) reading.vararg = this.parseParameter(annotated, true);
    } else {
      this.readNamedParameter(reading, annotated);
    }
  }

  private readNamedParameter(reading: Reading, annotated: boolean): void {
    const parameter = this.parseParameter(annotated, false);
    const value = this.accept(T.EQUAL) ? this.parseExpression() : undefined;
    if (reading.keywordOnly) {
      reading.kwonlyargs.push(parameter);
      reading.kw_defaults.push(value);
      return;
    }
    reading.args.push(parameter);
    if (value !== undefined) reading.defaults.push(value);
    else if (reading.defaults.length > 0) {
      this.fail('parameter without a default follows parameter with a default', parameter.line);
    }
  }

  private parseParameter(annotated: boolean, mayBeStarred: boolean): Arg {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const arg = this.takeName();
    let annotation: Expr | undefined;
    if (annotated && this.accept(T.COLON)) {
      annotation = mayBeStarred && this.token === T.STAR ? this.parseStarred() : this.parseExpression();
    }
    const node: Arg = {
      kind: 'arg',
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      arg,
      annotation,
    };
    adopt(annotation, node);
    return node;
  }

  /** `[T, *Ts, **P]` behind the name of a function, a class or a type alias; none where there is no bracket. */
  protected parseTypeParameters(): TypeParam[] {
    const parameters: TypeParam[] = [];
    if (this.token !== T.LSQUARE) return parameters;
    this.advance();
    if (this.token === T.RSQUARE) this.fail('Type parameter list cannot be empty');
    while (this.token !== T.RSQUARE) {
      parameters.push(this.parseTypeParameter());
      if (!this.accept(T.COMMA)) break;
    }
    this.expectClosing(T.RSQUARE);
    return parameters;
  }

  private parseTypeParameter(): TypeParam {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const kind = this.accept(T.STAR) ? 'TypeVarTuple' : this.accept(T.DOUBLE_STAR) ? 'ParamSpec' : 'TypeVar';
    const name = this.takeName();
    const bound = kind === 'TypeVar' && this.accept(T.COLON) ? this.parseExpression() : undefined;
    let default_value: Expr | undefined;
    if (this.accept(T.EQUAL)) {
      default_value = kind === 'TypeVarTuple' && this.token === T.STAR ? this.parseStarred() : this.parseExpression();
    }
    const node: TypeParam = {
      kind,
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      name,
      bound,
      default_value,
    };
    adopt(bound, node);
    adopt(default_value, node);
    return node;
  }
}

/** Without a place, which is its function's. */
function argumentsNode({ posonlyargs, args, vararg, kwonlyargs, kw_defaults, kwarg, defaults }: Reading): Arguments {
  const node: Arguments = {
    kind: 'arguments',
    line: 0,
    endLine: 0,
    start: 0,
    end: 0,
    parent: undefined,
    posonlyargs,
    args,
    vararg,
    kwonlyargs,
    kw_defaults,
    kwarg,
    defaults,
  };
  adoptAll(posonlyargs, node);
  adoptAll(args, node);
  adopt(vararg, node);
  adoptAll(kwonlyargs, node);
  adoptAll(kw_defaults, node);
  adopt(kwarg, node);
  adoptAll(defaults, node);
  return node;
}
