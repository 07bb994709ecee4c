// The open blocks by their columns: whether a line goes deeper, back out or on, and what is wrong with how it is indented.

/** CPython's MAXINDENT: what it refuses need not be read, and the parser's stack is bounded. */
const MAX_INDENTS = 100;

export class Indentation {
  /** Columns with tabs to multiples of 8, and with tabs as 1: the two must tell the same story. */
  private readonly columns: number[] = [0];
  private readonly tabColumns: number[] = [0];
  /** What was wrong with the last line; empty for nothing. */
  problem = '';

  /** How many blocks a line at `column` opens (1, 0) or, negative, closes. */
  moveTo(column: number, tabColumn: number): number {
    const { columns, tabColumns } = this;
    const depth = columns.length;
    this.problem = '';
    if (column > columns[depth - 1]!) return this.deepen(column, tabColumn);
    let top = depth - 1;
    while (top > 0 && columns[top - 1]! >= column) top--;
    columns.length = top + 1;
    tabColumns.length = top + 1;
    if (column < columns[top]!) {
      this.problem = 'unindent does not match any outer indentation level';
    } else if (tabColumn !== tabColumns[top]!) {
      this.problem = INCONSISTENT_TABS;
    }
    // After a problem, read on as if the block had been indented so all along.
    columns[top] = column;
    tabColumns[top] = tabColumn;
    return top + 1 - depth;
  }

  private deepen(column: number, tabColumn: number): number {
    const { columns, tabColumns } = this;
    if (columns.length > MAX_INDENTS) {
      this.problem = TOO_MANY_INDENTS;
      return 0;
    }
    if (tabColumn <= tabColumns.at(-1)!) this.problem = INCONSISTENT_TABS;
    columns.push(column);
    tabColumns.push(tabColumn);
    return 1;
  }
}

export const TOO_MANY_INDENTS = 'too many levels of indentation';
const INCONSISTENT_TABS = 'inconsistent use of tabs and spaces in indentation';
