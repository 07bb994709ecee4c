// Who keeps an object alive, drawn: roots at the left, the object at the right, every node a link. Referrers that are not
// drawn are counted and can be added.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { RetainingGraph } from '../../src/protocol/web/heap-views.ts';
import { shown, useAnswer } from '../state/answer.ts';
import { withQuery } from '../state/api.ts';
import { linkTo } from '../state/route.ts';
import { ChartExport } from './chart-export.tsx';
import { Failure, Loading } from './states.tsx';
import { elided } from './svg-file.ts';

const NODE_WIDTH = 190;
const NODE_HEIGHT = 46;
const GAP_X = 90;
const GAP_Y = 16;
const MARGIN = 12;
/** Columns drawn from the object on; what is farther away is behind the paths below the drawing. */
const DEEPEST = 12;

interface PlacedNode {
  readonly node: RetainingGraph['nodes'][number];
  readonly x: number;
  readonly y: number;
}

export function RetainingGraphView({ snapshot, address }: { snapshot: string; address: string }): JSX.Element {
  const [expanded, setExpanded] = useState<string>();
  const [isLarge, setLarge] = useState(false);
  const answer = useAnswer<RetainingGraph>(
    withQuery(`/api/snapshots/${snapshot}/objects/${address}/retaining-graph`, {
      nodes: isLarge ? 60 : 14,
      expand: expanded,
    }),
  );
  if (answer.state === 'failed') return <Failure failure={answer.failure} />;
  const graph = shown(answer);
  if (graph === undefined) return <Loading what="finding who keeps it alive" />;
  return (
    <Drawing
      graph={graph}
      address={address}
      isLarge={isLarge}
      onExpand={setExpanded}
      onLarge={() => {
        setExpanded(undefined);
        setLarge(!isLarge);
      }}
    />
  );
}

function Drawing(props: {
  graph: RetainingGraph;
  address: string;
  isLarge: boolean;
  onExpand: (address: string) => void;
  onLarge: () => void;
}): JSX.Element {
  const { graph, address, isLarge, onExpand, onLarge } = props;
  const placed = place(graph);
  const width = Math.max(...placed.map(({ x }) => x)) + NODE_WIDTH + MARGIN;
  const height = Math.max(...placed.map(({ y }) => y)) + NODE_HEIGHT + MARGIN;
  let element: SVGSVGElement | null = null;
  return (
    <figure class="retaining">
      <figcaption>
        <span class="faint">Arrows point from what refers to what it refers to.</span>
        <span class="chart-export">
          <button type="button" class="button quiet" onClick={onLarge}>
            {isLarge ? 'Fewer' : 'More ways'}
          </button>
        </span>
        <ChartExport name={`why ${address} is alive`} svg={() => serialise(element!)} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a wide drawing is scrolled by the keyboard */}
      <div class="retaining-scroll" tabIndex={0} role="group" aria-label="who keeps it alive, drawn">
        <svg
          ref={(node) => {
            element = node;
          }}
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
        >
          <title>Who keeps {address} alive</title>
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path class="arrow-head" d="M0 0 8 4 0 8Z" />
            </marker>
          </defs>
          {graph.edges.map(({ from, to, name }, i) => (
            <Edge key={`${i}`} from={placed[from]!} to={placed[to]!} name={name} />
          ))}
          {placed.map((at) => (
            <Node key={at.node.address} at={at} isObject={at.node.address === address} onExpand={onExpand} />
          ))}
        </svg>
      </div>
    </figure>
  );
}

/** Columns by distance to the object; within a column in the order of the answer, which is that of the paths. */
function place({ nodes }: RetainingGraph): PlacedNode[] {
  const deepest = Math.min(DEEPEST, Math.max(...nodes.map(({ depth }) => depth)));
  const filled = new Map<number, number>();
  return nodes.map((node) => {
    const column = deepest - Math.min(node.depth, deepest);
    const row = filled.get(column) ?? 0;
    filled.set(column, row + 1);
    return { node, x: MARGIN + column * (NODE_WIDTH + GAP_X), y: MARGIN + row * (NODE_HEIGHT + GAP_Y) };
  });
}

function Edge({ from, to, name }: { from: PlacedNode; to: PlacedNode; name: string }): JSX.Element {
  const isForward = to.x > from.x;
  const startX = from.x + NODE_WIDTH;
  const startY = from.y + NODE_HEIGHT / 2;
  const endX = isForward ? to.x : to.x + NODE_WIDTH;
  const endY = to.y + NODE_HEIGHT / 2 + (isForward ? 0 : 8);
  const bend = isForward ? (endX - startX) / 2 : 50;
  return (
    <>
      <path
        class="edge"
        d={`M${startX} ${startY} C${startX + bend} ${startY} ${endX + (isForward ? -bend : bend)} ${endY} ${endX} ${endY}`}
        marker-end="url(#arrow)"
      >
        <title>{name}</title>
      </path>
      {isForward ? (
        <text class="edge-name" x={(startX + endX) / 2} y={(startY + endY) / 2 - 5}>
          {elided(name, to.x - from.x > NODE_WIDTH + GAP_X ? 40 : 13)}
        </text>
      ) : null}
    </>
  );
}

function Node(props: { at: PlacedNode; isObject: boolean; onExpand: (address: string) => void }): JSX.Element {
  const { node, x, y } = props.at;
  const { address, type, label, retained_bytes, is_root, more_referrers } = node;
  const kind = props.isObject ? 'node node-object' : is_root ? 'node node-root' : 'node';
  const title = label === '' ? type : label;
  return (
    <g transform={`translate(${x} ${y})`}>
      <a href={linkTo('object', address)}>
        <title>
          {type} {address}
          {label === '' ? '' : `, ${label}`}
        </title>
        <rect class={kind} width={NODE_WIDTH} height={NODE_HEIGHT} rx="6" />
        <text class="node-title" x="9" y="19">
          {elided(title, 25)}
        </text>
        <text class="node-detail" x="9" y="36">
          {is_root ? 'root · ' : ''}retains {formatBytes(retained_bytes)}
        </text>
      </a>
      {more_referrers === 0 ? null : (
        <g
          class="node-more"
          role="button"
          // Preact sets it as it is written: of SVG only the small form is known.
          tabindex={0}
          onClick={() => props.onExpand(address)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' && event.key !== ' ') return;
            event.preventDefault();
            props.onExpand(address);
          }}
        >
          <title>
            draw {formatCount(more_referrers)} more referrers of {title}
          </title>
          <rect x={NODE_WIDTH - 50} y="26" width="46" height="16" rx="8" />
          <text x={NODE_WIDTH - 27} y="38">
            +{more_referrers > 999 ? '999+' : more_referrers}
          </text>
        </g>
      )}
    </g>
  );
}

/** With the colours of the style sheet written out, which a file of its own does not have. */
function serialise(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = svg.querySelectorAll('rect, path, text');
  copy.querySelectorAll('rect, path, text').forEach((element, i) => {
    const { fill, stroke, fontFamily, fontSize } = getComputedStyle(originals[i]!);
    for (const [name, value] of Object.entries({ fill, stroke, 'font-family': fontFamily, 'font-size': fontSize })) {
      element.setAttribute(name, value);
    }
  });
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return new XMLSerializer().serializeToString(copy);
}
