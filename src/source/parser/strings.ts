// String literals to nodes: implicit concatenation, bytes, and f- and t-strings with their replacement fields, whose
// expressions the scanner and the parser read in place. Where a literal ends and what its escapes mean: string-literals.ts.

import type { Constant, Expr, FormattedValue, JoinedStr } from '../python-ast.ts';
import { pastLineEnd } from './characters.ts';
import { adopt, adoptAll, ParserBase } from './parser-base.ts';
import { BYTES, decodeString, ESCAPED, FORMATTED, RAW, TEMPLATE, TRIPLE } from './string-literals.ts';
import * as T from './tokens.ts';

const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const BACKSLASH = 92;
const LETTER_N = 78;

/** Literal text between two fields: a Constant to be, as long as more of it may follow. */
interface Piece {
  value: string;
  readonly start: number;
  readonly line: number;
  end: number;
  endLine: number;
}

/** What a chain of literals has come to. */
interface Parts {
  readonly values: Expr[];
  piece: Piece | undefined;
}

export abstract class StringParser extends ParserBase {
  /** What may stand in a replacement field: a `yield`, or expressions with commas and stars. */
  protected abstract parseYieldOrStarExpressions(): Expr;

  /** One or more string literals side by side. */
  protected parseStrings(): Constant | JoinedStr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const flags = this.stringFlags;
    if ((flags & FORMATTED) !== 0) return this.parseConcatenation(start, line, { values: [], piece: undefined });
    const value = (flags & BYTES) === 0 ? this.decode(this.bodyStart, this.bodyEnd, flags) : '';
    this.advance();
    if (this.token === T.STRING) {
      if ((flags & BYTES) !== 0) return this.parseBytes(start, line);
      const piece: Piece = { value, start, line, end: this.prevEnd, endLine: this.prevEndLine };
      return this.parseConcatenation(start, line, { values: [], piece });
    }
    return this.stringConstant((flags & BYTES) === 0 ? value : undefined, start, line);
  }

  private stringConstant(value: string | undefined, start: number, line: number): Constant {
    return { kind: 'Constant', line, endLine: this.prevEndLine, start, end: this.prevEnd, parent: undefined, value };
  }

  /** The rest of a chain of bytes literals. */
  private parseBytes(start: number, line: number): Constant {
    while (this.token === T.STRING) {
      if ((this.stringFlags & BYTES) === 0) this.fail(MIXED_BYTES);
      this.advance();
    }
    return this.stringConstant(undefined, start, line);
  }

  private parseConcatenation(start: number, line: number, parts: Parts): Constant | JoinedStr {
    let kinds = 0;
    while (this.token === T.STRING) {
      const flags = this.stringFlags;
      if ((flags & BYTES) !== 0) this.fail(MIXED_BYTES);
      kinds |= flags;
      if ((flags & FORMATTED) !== 0) {
        this.readFormatted(parts);
      } else {
        const value = this.decode(this.bodyStart, this.bodyEnd, flags);
        addText(parts, value, this.tokenStart, this.tokenLine, this.tokenEnd, this.line);
        this.advance();
      }
    }
    if ((kinds & FORMATTED) === 0) return this.stringConstant(parts.piece?.value ?? '', start, line);
    return this.joined((kinds & TEMPLATE) === 0 ? 'JoinedStr' : 'TemplateStr', parts, start, line);
  }

  private joined(kind: JoinedStr['kind'], parts: Parts, start: number, line: number): JoinedStr {
    endPiece(parts);
    const { values } = parts;
    const node: JoinedStr = {
      kind,
      line,
      endLine: this.prevEndLine,
      start,
      end: this.prevEnd,
      parent: undefined,
      values,
    };
    adoptAll(values, node);
    return node;
  }

  private decode(start: number, end: number, flags: number): string {
    return (flags & ESCAPED) === 0
      ? this.text.slice(start, end)
      : decodeString(this.text, start, end, (flags & RAW) !== 0);
  }

  /** One f- or t-string, whose opening quotes are the current token; passes its closing ones. */
  private readFormatted(parts: Parts): void {
    const isOutermost = this.enterFormattedString();
    const flags = this.stringFlags;
    this.readLiteralText(parts, flags, this.text.charCodeAt(this.bodyStart - 1), false);
    this.tokenEnd += (flags & TRIPLE) === 0 ? 1 : 3;
    if (isOutermost) this.leaveFormattedString();
    this.advance();
  }

  /** From `tokenEnd`, text and fields up to the closing quotes or, in a format specification, the closing brace. */
  private readLiteralText(parts: Parts, flags: number, quote: number, isSpec: boolean): void {
    const { text } = this;
    const { length } = text;
    let from = this.tokenEnd;
    let fromLine = this.line;
    let at = from;
    while (at < length) {
      const code = text.charCodeAt(at);
      if (code === quote && this.closesAt(at, flags)) {
        if (isSpec) this.fail("f-string: expecting '}'", this.line);
        break;
      }
      if (code === OPEN_BRACE || code === CLOSE_BRACE) {
        const isDoubled = !isSpec && at + 1 < length && text.charCodeAt(at + 1) === code;
        if (code === CLOSE_BRACE && isSpec) break;
        if (code === CLOSE_BRACE && !isDoubled) this.fail("f-string: single '}' is not allowed", this.line);
        if (isDoubled) {
          // Of `{{` and `}}` the first half is text.
          this.addRaw(parts, flags, { from, fromLine, to: at + 1, end: at + 2 });
          at += 2;
        } else {
          this.addRaw(parts, flags, { from, fromLine, to: at, end: at });
          this.readField(parts, flags, quote, at);
          at = this.tokenEnd;
        }
        from = at;
        fromLine = this.line;
      } else if (code === BACKSLASH) {
        at = this.pastEscape(at + 1, flags);
      } else if (code === 10 || code === 13) {
        if ((flags & TRIPLE) === 0) this.fail(unterminated(flags), this.line);
        at = pastLineEnd(text, at);
        this.line++;
      } else {
        at++;
      }
    }
    if (at >= length) this.fail(unterminated(flags), this.line);
    this.addRaw(parts, flags, { from, fromLine, to: at, end: at });
    this.tokenEnd = at;
    this.token = T.STRING;
  }

  private closesAt(at: number, flags: number): boolean {
    if ((flags & TRIPLE) === 0) return true;
    const quote = this.text.charCodeAt(at);
    return this.text.charCodeAt(at + 1) === quote && this.text.charCodeAt(at + 2) === quote;
  }

  /** Where what a backslash makes of the character at `at` ends. A brace keeps its meaning, but in `\N{…}`. */
  private pastEscape(at: number, flags: number): number {
    const { text } = this;
    if (at >= text.length) return at;
    const code = text.charCodeAt(at);
    if (code === OPEN_BRACE || code === CLOSE_BRACE) return at;
    if (code === LETTER_N && (flags & RAW) === 0 && text.charCodeAt(at + 1) === OPEN_BRACE) {
      let end = at + 2;
      while (end < text.length && isInCharacterName(text.charCodeAt(end))) end++;
      return text.charCodeAt(end) === CLOSE_BRACE ? end + 1 : at + 1;
    }
    const lineEnd = pastLineEnd(text, at);
    if (lineEnd === at) return at + 1;
    this.line++;
    return lineEnd;
  }

  private addRaw(
    parts: Parts,
    flags: number,
    {
      from,
      fromLine,
      to,
      end,
    }: { readonly from: number; readonly fromLine: number; readonly to: number; readonly end: number },
  ): void {
    if (end === from) return;
    addText(parts, decodeString(this.text, from, to, (flags & RAW) !== 0), from, fromLine, end, this.line);
  }

  /** The replacement field whose brace is at `start`; leaves `tokenEnd` behind its closing brace. */
  private readField(parts: Parts, flags: number, quote: number, start: number): void {
    const line = this.line;
    if (!this.open(OPEN_BRACE)) this.fail('too many nested parentheses', line);
    const depth = this.depth;
    const firstComment = this.comments.length;
    this.tokenEnd = start + 1;
    this.advance();
    const value = this.parseYieldOrStarExpressions();
    if (this.accept(T.EQUAL)) {
      // `{x = }` shows its own text first.
      const shown = this.textWithoutComments(start + 1, this.tokenStart, firstComment);
      addText(parts, shown, start + 1, line, this.tokenStart, this.tokenLine);
    }
    if (this.accept(T.EXCLAMATION)) this.takeName();
    let format_spec: Expr | undefined;
    if (this.token === T.COLON || this.token === T.COLON_EQUAL) {
      format_spec = this.readFormatSpec(flags, quote);
      this.tokenEnd++;
      this.depth = depth - 1;
    } else if (this.token !== T.RBRACE) {
      this.failToFind("'}' in f-string");
    }
    endPiece(parts);
    parts.values.push(this.field(flags, value, format_spec, start, line));
  }

  private textWithoutComments(start: number, end: number, firstComment: number): string {
    let text = '';
    let from = start;
    for (let i = firstComment; i < this.comments.length; i++) {
      const comment = this.comments[i]!;
      text += this.text.slice(from, comment.start);
      from = comment.end;
    }
    return text + this.text.slice(from, end);
  }

  private field(flags: number, value: Expr, format_spec: Expr | undefined, start: number, line: number): Expr {
    const node: FormattedValue = {
      kind: (flags & TEMPLATE) === 0 ? 'FormattedValue' : 'Interpolation',
      line,
      endLine: this.line,
      start,
      end: this.tokenEnd,
      parent: undefined,
      value,
      format_spec,
    };
    adopt(value, node);
    adopt(format_spec, node);
    return node;
  }

  /** From the current `:` to the field's closing brace, which it leaves. */
  private readFormatSpec(flags: number, quote: number): JoinedStr {
    const start = this.tokenStart;
    const line = this.tokenLine;
    const parts: Parts = { values: [], piece: undefined };
    // Behind the colon even where the scanner took `:=` for one token.
    this.tokenEnd = start + 1;
    // What it is formatted with is text, in a template too.
    this.readLiteralText(parts, flags & ~TEMPLATE, quote, true);
    this.prevEnd = this.tokenEnd;
    this.prevEndLine = this.line;
    return this.joined('JoinedStr', parts, start, line);
  }
}

const MIXED_BYTES = 'cannot mix bytes and nonbytes literals';

function unterminated(flags: number): string {
  return (flags & TRIPLE) === 0 ? 'unterminated f-string literal' : 'unterminated triple-quoted f-string literal';
}

/** Letters, digits, spaces and hyphens: what names of characters are made of. */
function isInCharacterName(code: number): boolean {
  return code === 32 || code === 45 || (code >= 48 && code <= 57) || ((code | 32) >= 97 && (code | 32) <= 122);
}

/** Text behind the parts so far: more of the last piece, or a new one. */
function addText(parts: Parts, value: string, start: number, line: number, end: number, endLine: number): void {
  const { piece } = parts;
  if (piece === undefined) {
    parts.piece = { value, start, line, end, endLine };
    return;
  }
  piece.value += value;
  piece.end = end;
  piece.endLine = endLine;
}

function endPiece(parts: Parts): void {
  const { piece } = parts;
  parts.piece = undefined;
  if (piece === undefined || piece.value === '') return;
  const { line, endLine, start, end, value } = piece;
  parts.values.push({ kind: 'Constant', line, endLine, start, end, parent: undefined, value });
}
