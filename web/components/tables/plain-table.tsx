// A table short enough to be there whole. What may be long is a WindowTable.

import type { ComponentChildren, JSX } from 'preact';

export interface PlainColumn<Row> {
  readonly key: string;
  readonly title: ComponentChildren;
  readonly align?: 'right';
  readonly render: (row: Row) => ComponentChildren;
}

export function PlainTable<Row>(props: {
  label: string;
  columns: readonly PlainColumn<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row, index: number) => string;
}): JSX.Element {
  const { label, columns, rows, rowKey } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by the keyboard
    <div class="table-scroll" tabIndex={0} role="group" aria-label={`table: ${label}`}>
      <table class="plain" aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ key, title, align }) => (
              <th key={key} scope="col" class={align ?? ''}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={rowKey(row, index)}>
              {columns.map(({ key, align, render }) => (
                <td key={key} class={align ?? ''}>
                  {render(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
