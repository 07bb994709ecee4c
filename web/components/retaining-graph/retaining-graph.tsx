// Who keeps an object alive, drawn: roots at the left, the object at the right, every node a link. Referrers that are not
// drawn are counted and can be added; those that are can be folded away. The arrow keys go from node to node, + and − add
// and fold.

import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RetainingGraph } from '../../../src/protocol/web/heap-views.ts';
import { shown, useAnswer } from '../../state/answer.ts';
import { withQuery } from '../../state/api.ts';
import { isPlainKey } from '../../state/keys.ts';
import { linkTo } from '../../state/route.ts';
import { ChartExport } from '../saved-drawings/chart-export.tsx';
import { svgWithStyle } from '../saved-drawings/styled-svg.ts';
import { Failure, Loading } from '../states.tsx';
import {
  type Branches,
  foldGraph,
  isFull,
  NO_BRANCHES,
  referrerCounts,
  showLess,
  showMore,
} from './retaining-branches.ts';
import { MARGIN, NODE_HEIGHT, NODE_WIDTH, nodeBeside, placeNodes } from './retaining-layout.ts';
import { Edge, Node } from './retaining-node.tsx';

/** Nodes drawn at first, and with more ways. */
const NODES = { few: 14, many: 60 };

export function RetainingGraphView({ snapshot, address }: { snapshot: string; address: string }): JSX.Element {
  const [branches, setBranches] = useState(NO_BRANCHES);
  const [isLarge, setLarge] = useState(false);
  const answer = useAnswer<RetainingGraph>(
    withQuery(`/api/snapshots/${snapshot}/objects/${address}/retaining-graph`, {
      nodes: isLarge ? NODES.many : NODES.few,
      expand: branches.expanded.join(),
    }),
  );
  if (answer.state === 'failed') return <Failure failure={answer.failure} />;
  const graph = shown(answer);
  if (graph === undefined) return <Loading what="finding who keeps it alive" />;
  return (
    <Drawing
      graph={graph}
      object={address}
      snapshot={snapshot}
      branches={branches}
      onBranches={setBranches}
      isLarge={isLarge}
      onLarge={() => {
        setBranches(NO_BRANCHES);
        setLarge(!isLarge);
      }}
    />
  );
}

function Drawing(props: {
  graph: RetainingGraph;
  /** Its address. */
  object: string;
  snapshot: string;
  branches: Branches;
  onBranches: (branches: Branches) => void;
  isLarge: boolean;
  onLarge: () => void;
}): JSX.Element {
  const { graph, object, snapshot, branches, onBranches, isLarge, onLarge } = props;
  const visible = useMemo(() => foldGraph(graph, object, branches.folded), [graph, object, branches.folded]);
  const referrers = useMemo(() => referrerCounts(graph), [graph]);
  const placed = useMemo(() => placeNodes(visible), [visible]);
  const width = Math.max(...placed.map(({ x }) => x)) + NODE_WIDTH + MARGIN;
  const height = Math.max(...placed.map(({ y }) => y)) + NODE_HEIGHT + MARGIN;
  const svg = useRef<SVGSVGElement>(null);
  // The one tab stop of the drawing.
  const [entered, setEntered] = useState(object);
  const placeOf = (address: string) => placed.find(({ node }) => node.address === address);
  const current = placeOf(entered) ?? placeOf(object)!;
  const takesFocus = useRef(false);
  useLayoutEffect(() => {
    if (!takesFocus.current) return;
    takesFocus.current = false;
    const link = svg.current?.querySelector<SVGAElement>('a[tabindex="0"]');
    link?.focus({ preventScroll: true });
    // Of what is drawn, browsers scroll to no more than a part by themselves.
    link?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });

  const enter = (address: string): void => {
    setEntered(address);
    takesFocus.current = true;
  };
  const change = (to: typeof showMore, address: string): void => {
    onBranches(to(branches, graph, address));
    enter(address);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!isPlainKey(event)) return;
    const beside = nodeBeside(visible, placed, current, event.key);
    if (beside !== undefined) enter(beside.node.address);
    // Without Shift it is the same key on many keyboards.
    else if (event.key === '+' || event.key === '=') change(showMore, current.node.address);
    else if (event.key === '-') change(showLess, current.node.address);
    // An arrow at the edge must not scroll the page.
    else if (!event.key.startsWith('Arrow')) return;
    event.preventDefault();
  };
  return (
    <figure class="retaining">
      <figcaption>
        <span class="faint">Arrows point from what refers to what it refers to.</span>
        <span class="chart-export">
          <button type="button" class="button quiet" onClick={onLarge}>
            {isLarge ? 'Fewer' : 'More ways'}
          </button>
        </span>
        <ChartExport name={`why ${object} is alive`} svg={() => svgWithStyle(svg.current!, '.node-less')} />
      </figcaption>
      <div class="retaining-scroll" role="group" aria-label="who keeps it alive, drawn" onKeyDown={onKeyDown}>
        <svg ref={svg} width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
          <title>Who keeps {object} alive</title>
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path class="arrow-head" d="M0 0 8 4 0 8Z" />
            </marker>
          </defs>
          {visible.edges.map(({ from, to, name }, i) => (
            <Edge key={`${i}`} from={placed[from]!} to={placed[to]!} name={name} />
          ))}
          {placed.map((at) => {
            const { address } = at.node;
            return (
              <Node
                key={address}
                at={at}
                link={linkTo('object', address, { s: snapshot })}
                isObject={address === object}
                isCurrent={at === current}
                referrers={referrers.get(address) ?? 0}
                isFolded={branches.folded.has(address)}
                isExpanded={branches.expanded.includes(address)}
                onEnter={() => setEntered(address)}
                onMore={() => change(showMore, address)}
                onLess={() => change(showLess, address)}
              />
            );
          })}
        </svg>
      </div>
      <p class="retaining-full faint" role="status">
        {isFull(branches, graph) ? 'No more can be added: hide referrers that were, first.' : null}
      </p>
    </figure>
  );
}
