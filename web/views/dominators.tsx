// Dominators: what keeps what alive. Every row retains all rows below it; siblings are largest first.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { DominatorPath, DominatorRow, Window } from '../../src/protocol/web/heap-views.ts';
import { Bytes, Count, percent, ShareBar } from '../components/figures.tsx';
import { Section } from '../components/section.tsx';
import { Answered, Failure, Loading } from '../components/states.tsx';
import { Term } from '../components/term.tsx';
import { fetchKept, useAnswer } from '../state/answer.ts';
import { type ApiFailure, withQuery } from '../state/api.ts';
import { goTo, linkTo, route } from '../state/route.ts';
import { currentSnapshot } from '../state/workspace.ts';

/** Children asked for at once. */
const CHILDREN = 50;

export function DominatorsView(): JSX.Element {
  const { id, bytes = 0 } = currentSnapshot.value!;
  const { at } = route.value.params;
  const path = useAnswer<DominatorPath>(
    at === undefined ? undefined : withQuery(`/api/snapshots/${id}/dominators/path`, { of: at }),
  );
  const top = useAnswer<Window<DominatorRow>>(withQuery(`/api/snapshots/${id}/dominators`, { limit: CHILDREN }));
  const opened = path.state === 'ready' ? path.value.map(({ address }) => address) : [];
  return (
    <Section
      wide
      title={<Term of="dominator">Dominators</Term>}
      note={`of ${formatBytes(bytes)}; each row retains what is below it`}
    >
      <Answered answer={top} what="computing what keeps what alive">
        {(first) => (
          <div class="tree" role="treegrid" aria-label="dominator tree" onKeyDown={onTreeKey}>
            <div class="tree-head" role="row">
              <span role="columnheader">Object</span>
              <span role="columnheader" class="right">
                <Term of="retained">Retained</Term>
              </span>
              <span role="columnheader" class="right">
                <Term of="retained objects">Objects</Term>
              </span>
              <span role="columnheader" class="right">
                <Term of="entries">Entries</Term>
              </span>
            </div>
            <Children key={opened.join()} snapshot={id} first={first} level={1} opened={opened} />
          </div>
        )}
      </Answered>
      {path.state === 'failed' ? <Failure failure={path.failure} /> : null}
    </Section>
  );
}

function Children(props: {
  snapshot: string;
  parent?: string;
  first: Window<DominatorRow>;
  level: number;
  /** Addresses of rows that are open from the start, from the top down. */
  opened: readonly string[];
}): JSX.Element {
  const { snapshot, parent, first, level, opened } = props;
  const [rows, setRows] = useState(first.rows);
  const [failure, setFailure] = useState<ApiFailure>();
  const more = first.total - rows.length;
  const showMore = async (): Promise<void> => {
    const path = withQuery(`/api/snapshots/${snapshot}/dominators`, { parent, offset: rows.length, limit: CHILDREN });
    try {
      const next = await fetchKept<Window<DominatorRow>>(path);
      setRows([...rows, ...next.rows]);
    } catch (error) {
      setFailure(error as ApiFailure);
    }
  };
  return (
    <>
      {rows.map((row) => (
        <TreeRow key={row.address} snapshot={snapshot} row={row} level={level} opened={opened} />
      ))}
      {failure === undefined ? null : <Failure failure={failure} />}
      {more > 0 ? (
        <div class="tree-more" role="row">
          <span role="gridcell" style={{ paddingLeft: `${level * 1.1}rem` }}>
            <button type="button" class="button quiet" onClick={() => void showMore()}>
              {formatCount(more)} smaller ones: show more
            </button>
          </span>
        </div>
      ) : null}
    </>
  );
}

function TreeRow(props: {
  snapshot: string;
  row: DominatorRow;
  level: number;
  opened: readonly string[];
}): JSX.Element {
  const { snapshot, row, level, opened } = props;
  const isOnPath = opened[level - 1] === row.address;
  const isTarget = isOnPath && level === opened.length;
  const [isOpen, setOpen] = useState(isOnPath && !isTarget);
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isTarget) return;
    element.current?.scrollIntoView({ block: 'center' });
    element.current?.focus();
  }, [isTarget]);
  const children = useAnswer<Window<DominatorRow>>(
    isOpen ? withQuery(`/api/snapshots/${snapshot}/dominators`, { parent: row.address, limit: CHILDREN }) : undefined,
  );
  return (
    <>
      <div
        ref={element}
        class={isTarget ? 'tree-row target' : 'tree-row'}
        role="row"
        tabIndex={0}
        aria-level={level}
        {...(row.has_children ? { 'aria-expanded': isOpen } : {})}
        data-level={level}
        onKeyDown={(event) => {
          if (event.target !== event.currentTarget) return;
          if (event.key === 'Enter') goTo('object', row.address);
          else if (event.key === 'ArrowRight' && row.has_children && !isOpen) setOpen(true);
          else if (event.key === 'ArrowLeft' && isOpen) setOpen(false);
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        <span role="gridcell" class="tree-name" style={{ paddingLeft: `${(level - 1) * 1.1}rem` }}>
          {row.has_children ? (
            <button
              type="button"
              class="twist"
              tabIndex={-1}
              aria-label={isOpen ? 'close' : 'open'}
              onClick={() => setOpen(!isOpen)}
            >
              {isOpen ? '▾' : '▸'}
            </button>
          ) : (
            <span class="twist" />
          )}
          <a href={linkTo('object', row.address)} tabIndex={-1} title={row.path}>
            {row.type}
          </a>{' '}
          <span class="faint path">{level === 1 && row.path !== '' ? row.path : row.name}</span>
        </span>
        <span role="gridcell" class="right">
          <Bytes of={row.retained_bytes} /> <ShareBar of={row.retained_share} title={percent(row.retained_share)} />
        </span>
        <span role="gridcell" class="right">
          <Count of={row.retained_objects} />
        </span>
        <span role="gridcell" class="right">
          {row.entries === undefined ? '' : <Count of={row.entries} />}
        </span>
      </div>
      {children.state === 'loading' ? <Loading what="asking" /> : null}
      {children.state === 'failed' ? <Failure failure={children.failure} /> : null}
      {children.state === 'ready' && isOpen ? (
        <Children
          snapshot={snapshot}
          parent={row.address}
          first={children.value}
          level={level + 1}
          opened={isOnPath ? opened : []}
        />
      ) : null}
    </>
  );
}

/** Up and down go from row to row in the order they stand; left from a closed row goes to the row above it in the tree. */
function onTreeKey(event: KeyboardEvent): void {
  const tree = event.currentTarget as HTMLElement;
  const row = (event.target as HTMLElement).closest<HTMLElement>('.tree-row');
  if (row === null) return;
  const rows = [...tree.querySelectorAll<HTMLElement>('.tree-row')];
  const index = rows.indexOf(row);
  let next: HTMLElement | undefined;
  if (event.key === 'ArrowDown') next = rows[index + 1];
  else if (event.key === 'ArrowUp') next = rows[index - 1];
  else if (event.key === 'ArrowLeft') {
    const level = Number(row.dataset['level']);
    next = rows.slice(0, index).findLast((other) => Number(other.dataset['level']) < level);
  }
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
