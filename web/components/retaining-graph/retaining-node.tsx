// One node of the drawing of who keeps an object alive, and one link between two.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../../src/base/units.ts';
import { counted } from '../figures.tsx';
import { elided } from '../saved-drawings/elided.ts';
import { GAP_X, NODE_HEIGHT, NODE_WIDTH, type PlacedNode } from './retaining-layout.ts';

export interface NodeProps {
  readonly at: PlacedNode;
  readonly link: string;
  readonly isObject: boolean;
  /** The one that Tab comes to. */
  readonly isCurrent: boolean;
  /** Referrers in the graph, folded away or not. */
  readonly referrers: number;
  readonly isFolded: boolean;
  readonly isExpanded: boolean;
  readonly onEnter: () => void;
  readonly onMore: () => void;
  readonly onLess: () => void;
}

const MORE_WIDTH = 46;
const LESS_WIDTH = 22;
const CONTROL_HEIGHT = 20;

export function Node(props: NodeProps): JSX.Element {
  const { at, isObject, isFolded, isExpanded, referrers } = props;
  const { node, x, y } = at;
  const { type, label, retained_bytes, is_root, more_referrers } = node;
  const kind = isObject ? ' node-object' : is_root ? ' node-root' : '';
  const title = label === '' ? type : label;
  const hidden = isFolded ? referrers : more_referrers;
  return (
    <g transform={`translate(${x} ${y})`}>
      <a
        href={props.link}
        // Preact sets it as it is written: of SVG only the small form is known.
        tabindex={props.isCurrent ? 0 : -1}
        {...(referrers === 0 ? {} : { 'aria-expanded': !isFolded })}
        onFocus={props.onEnter}
      >
        <title>{described(props)}</title>
        <rect class={`node${kind}${isFolded ? ' node-folded' : ''}`} width={NODE_WIDTH} height={NODE_HEIGHT} rx="6" />
        <text class="node-title" x="9" y="20">
          {elided(title, 23)}
        </text>
        <text class="node-detail" x="9" y="39">
          {is_root ? 'root · ' : ''}retains {formatBytes(retained_bytes)}
        </text>
      </a>
      {referrers === 0 || isFolded ? null : (
        <Control
          class="node-less"
          label={`${isExpanded ? 'take back the added referrers' : 'hide the referrers'} of ${title}`}
          text="−"
          x={NODE_WIDTH - LESS_WIDTH - 4}
          y={4}
          width={LESS_WIDTH}
          onClick={props.onLess}
        />
      )}
      {hidden === 0 ? null : (
        <Control
          class="node-more"
          label={
            isFolded
              ? `show ${counted(referrers, 'referrer')} of ${title} again`
              : `draw more referrers of ${title}: ${formatCount(more_referrers)} not drawn`
          }
          text={`+${hidden > 999 ? '999+' : hidden}`}
          x={NODE_WIDTH - MORE_WIDTH - 4}
          y={NODE_HEIGHT - CONTROL_HEIGHT - 4}
          width={MORE_WIDTH}
          onClick={props.onMore}
        />
      )}
    </g>
  );
}

/** For the mouse, and for readers that go from button to button; the keys + and − do the same from the node. */
function Control(props: {
  class: string;
  label: string;
  text: string;
  x: number;
  y: number;
  width: number;
  onClick: () => void;
}): JSX.Element {
  const { label, text, x, y, width, onClick } = props;
  return (
    <g
      class={`node-control ${props.class}`}
      role="button"
      tabindex={-1}
      onClick={onClick}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onClick();
      }}
    >
      <title>{label}</title>
      <rect x={x} y={y} width={width} height={CONTROL_HEIGHT} rx={CONTROL_HEIGHT / 2} />
      <text x={x + width / 2} y={y + 14}>
        {text}
      </text>
    </g>
  );
}

function described({ at: { node }, referrers, isFolded }: NodeProps): string {
  const { type, address, label, is_root, retained_bytes, more_referrers } = node;
  return [
    `${type} ${address}`,
    ...(label === '' ? [] : [label]),
    ...(is_root ? ['root'] : []),
    `retains ${formatBytes(retained_bytes)}`,
    ...(referrers === 0 ? [] : [`${counted(referrers, 'referrer')} ${isFolded ? 'hidden' : 'drawn'}`]),
    ...(more_referrers === 0 ? [] : [`${formatCount(more_referrers)} not drawn`]),
  ].join(', ');
}

export function Edge({ from, to, name }: { from: PlacedNode; to: PlacedNode; name: string }): JSX.Element {
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
          {elided(name, to.x - from.x > NODE_WIDTH + GAP_X ? 45 : 18)}
        </text>
      ) : null}
    </>
  );
}
