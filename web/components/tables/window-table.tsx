// A table of any length: of its rows only those in sight are asked for and drawn. Columns sort, arrow keys move through it,
// Enter opens a row.

import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';
import type { Window } from '../../../src/protocol/web/heap-views.ts';
import { fetchKept } from '../../state/answer.ts';
import type { ApiFailure } from '../../state/api.ts';
import { Failure, Loading } from '../states.tsx';
import {
  canvasHeight,
  isScaled,
  ROW_PIXELS,
  type RowScroll,
  rowsInSight,
  rowTopAt,
  rowTopShowing,
  scrollTopAt,
  within,
} from './row-scroll.ts';

export interface TableColumn<Row> {
  readonly key: string;
  readonly title: ComponentChildren;
  readonly align?: 'left' | 'right';
  /** Share of the width, as in CSS grid: `minmax(8rem, 1fr)`. */
  readonly width: string;
  /** Name to sort by; absent where the column cannot be sorted by. */
  readonly sort?: string;
  readonly render: (row: Row) => ComponentChildren;
}

export interface WindowTableProps<Row> {
  readonly label: string;
  readonly columns: readonly TableColumn<Row>[];
  /** Address of a window of rows. A different function is a different table. */
  readonly windowPath: (offset: number, limit: number) => string;
  readonly rowKey: (row: Row) => string;
  readonly onOpen?: (row: Row) => void;
  readonly sort?: string;
  readonly order?: 'ascending' | 'descending';
  readonly onSort?: (sort: string) => void;
  /** Told what came with the first window. */
  readonly onAnswer?: (answer: Window<Row>) => void;
  readonly empty: ComponentChildren;
  /** Rows in sight at most; the table scrolls beyond. */
  readonly height?: number;
}

const WINDOW_ROWS = 100;
/** Columns that a phone has room for side by side. */
const MOST_NARROW = 4;

export function WindowTable<Row>(props: WindowTableProps<Row>): JSX.Element {
  const { columns, rowKey, onOpen } = props;
  const { total, rowAt, failure, isWaiting } = useWindows<Row>(props);
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const viewport = Math.min(total ?? 0, props.height ?? 18) * ROW_PIXELS;
  const scroll = useRowScroll(scroller, { rows: total ?? 0, viewport });
  // Another list begins at its top.
  useLayoutEffect(() => {
    setActive(0);
    scroll.show(0);
  }, [props.windowPath]);
  const grid = columns.map(({ width }) => width).join(' ');

  const move = (to: number): void => {
    const next = Math.max(0, Math.min((total ?? 1) - 1, to));
    setActive(next);
    scroll.show(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(viewport / ROW_PIXELS) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: (total ?? 1) - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) move(to);
    else if (event.key === 'Enter' && onOpen !== undefined) {
      const row = rowAt(active);
      if (row !== undefined) onOpen(row);
    } else return;
    event.preventDefault();
  };

  if (failure !== undefined) return <Failure failure={failure} />;
  if (total === undefined) return <Loading what="asking" />;
  if (total === 0) return <>{props.empty}</>;
  const { first, end } = rowsInSight({ rows: total, viewport }, scroll.rowTop);
  // Rows are placed on the canvas from where it is scrolled to.
  const offset = scrollTopAt({ rows: total, viewport }, scroll.rowTop) - scroll.rowTop;
  return (
    <div
      class={`table${columns.length > MOST_NARROW ? ' table-wide' : ''}${isWaiting ? ' stale' : ''}`}
      role="grid"
      aria-label={props.label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length}
    >
      <div class="table-head" role="row" tabIndex={-1} aria-rowindex={1} style={{ gridTemplateColumns: grid }}>
        {columns.map((column) => (
          <HeadCell key={column.key} column={column} table={props} />
        ))}
      </div>
      <div
        class="table-body"
        role="rowgroup"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the rows are moved through with the arrow keys
        tabIndex={0}
        aria-label={`${props.label}: rows`}
        style={{ height: `${viewport}px` }}
        onKeyDown={onKeyDown}
        onScroll={scroll.onScroll}
      >
        <div class="table-canvas" role="presentation" style={{ height: `${canvasHeight(total)}px` }}>
          {Array.from({ length: end - first }, (_, i) => first + i).map((index) => {
            const row = rowAt(index);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on the row in the body opens it
              <div
                key={row === undefined ? `waiting ${index}` : rowKey(row)}
                class={index === active ? 'table-row active' : 'table-row'}
                role="row"
                tabIndex={-1}
                aria-rowindex={index + 2}
                aria-selected={index === active}
                style={{ transform: `translateY(${index * ROW_PIXELS + offset}px)`, gridTemplateColumns: grid }}
                onClick={(event) => {
                  setActive(index);
                  // A link or button in the row does what it says itself.
                  if (row !== undefined && (event.target as Element).closest('a, button') === null) onOpen?.(row);
                }}
              >
                {columns.map((column) => (
                  <div
                    key={column.key}
                    role="gridcell"
                    tabIndex={-1}
                    class={column.align === 'right' ? 'cell right' : 'cell'}
                  >
                    {row === undefined ? <span class="waiting">·</span> : column.render(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function HeadCell<Row>({ column, table }: { column: TableColumn<Row>; table: WindowTableProps<Row> }): JSX.Element {
  const { sort, title, align } = column;
  const isSorted = sort !== undefined && sort === table.sort;
  const descending = table.order !== 'ascending';
  return (
    <div
      role="columnheader"
      tabIndex={-1}
      class={align === 'right' ? 'cell right' : 'cell'}
      aria-sort={isSorted ? (descending ? 'descending' : 'ascending') : 'none'}
    >
      {title}
      {sort === undefined || table.onSort === undefined ? null : (
        <button type="button" class="sort" aria-label={`sort by ${column.key}`} onClick={() => table.onSort?.(sort)}>
          {isSorted ? (descending ? '▼' : '▲') : '↕'}
        </button>
      )}
    </div>
  );
}

/** The windows that are there, and those on their way. A new `windowPath` starts anew; the rows before stay until then. */
function useWindows<Row>({ windowPath, onAnswer }: WindowTableProps<Row>): {
  readonly total: number | undefined;
  readonly rowAt: (index: number) => Row | undefined;
  readonly failure: ApiFailure | undefined;
  readonly isWaiting: boolean;
} {
  interface Loaded {
    readonly path: WindowTableProps<Row>['windowPath'];
    readonly total: number;
    readonly windows: Map<number, readonly Row[]>;
    readonly asked: Set<number>;
  }
  const [loaded, setLoaded] = useState<Loaded>();
  const [failure, setFailure] = useState<ApiFailure>();
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  // Asked before the page is painted, not after: the answer is there a frame earlier.
  useLayoutEffect(() => {
    const controller = new AbortController();
    setFailure(undefined);
    fetchKept<Window<Row>>(windowPath(0, WINDOW_ROWS), controller.signal).then(
      (answer) => {
        setLoaded({ path: windowPath, total: answer.total, windows: new Map([[0, answer.rows]]), asked: new Set([0]) });
        onAnswer?.(answer);
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setFailure(error as ApiFailure);
      },
    );
    return () => controller.abort();
  }, [windowPath]);
  const rowAt = (index: number): Row | undefined => {
    if (loaded === undefined) return undefined;
    const offset = index - (index % WINDOW_ROWS);
    if (!loaded.asked.has(offset)) {
      loaded.asked.add(offset);
      fetchKept<Window<Row>>(loaded.path(offset, WINDOW_ROWS)).then(
        ({ rows }) => {
          loaded.windows.set(offset, rows);
          redraw(0);
        },
        // Asked again when it is scrolled to again.
        () => loaded.asked.delete(offset),
      );
    }
    return loaded.windows.get(offset)?.[index - offset];
  };
  return { total: loaded?.total, rowAt, failure, isWaiting: loaded !== undefined && loaded.path !== windowPath };
}

/** Where the rows are. The browser scrolls the canvas; of a scaled one it would pass hundreds of rows at a turn of the wheel. */
function useRowScroll(
  scroller: { readonly current: HTMLDivElement | null },
  scroll: RowScroll,
): {
  readonly rowTop: number;
  readonly show: (row: number) => void;
  readonly onScroll: () => void;
} {
  const [asked, setRowTop] = useState(0);
  const rowTop = within(scroll, asked);
  // Wheels turn more often than the table is drawn.
  const latest = useRef(rowTop);
  latest.current = rowTop;
  const moveTo = (next: number): void => {
    latest.current = next;
    setRowTop(next);
    if (scroller.current !== null) scroller.current.scrollTop = scrollTopAt(scroll, next);
  };
  useEffect(() => {
    const element = scroller.current;
    if (element === null || !isScaled(scroll.rows)) return;
    const onWheel = (event: WheelEvent): void => {
      if (event.deltaY === 0 || event.ctrlKey) return;
      const next = within(scroll, latest.current + pixelsOf(event, scroll));
      if (next === latest.current) return;
      event.preventDefault();
      moveTo(next);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  });
  return {
    rowTop,
    show: (row) => moveTo(rowTopShowing(scroll, latest.current, row)),
    onScroll: () => {
      const scrollTop = scroller.current?.scrollTop ?? 0;
      // A place that was asked for here is known more exactly than the canvas can be scrolled to.
      if (Math.abs(scrollTop - scrollTopAt(scroll, latest.current)) >= 1) setRowTop(rowTopAt(scroll, scrollTop));
    },
  };
}

function pixelsOf({ deltaY, deltaMode }: WheelEvent, { viewport }: RowScroll): number {
  switch (deltaMode) {
    case WheelEvent.DOM_DELTA_LINE:
      return deltaY * ROW_PIXELS;
    case WheelEvent.DOM_DELTA_PAGE:
      return deltaY * viewport;
    default:
      return deltaY;
  }
}
