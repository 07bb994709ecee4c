// The columns of every table of objects.

import type { ObjectRow } from '../../../src/protocol/web/heap-views.ts';
import { linkTo } from '../../state/route.ts';
import { Bytes, Count, percent, ShareBar } from '../figures.tsx';
import { PathText } from '../path-text.tsx';
import { Term } from '../term.tsx';
import type { TableColumn } from './window-table.tsx';

export function objectColumns(heapBytes: number): readonly TableColumn<ObjectRow>[] {
  return [
    {
      key: 'type',
      title: 'Type',
      width: 'minmax(9rem, 1.2fr)',
      sort: 'type',
      render: ({ type, address }) => (
        <a href={linkTo('object', address)} title={address}>
          {type}
        </a>
      ),
    },
    {
      key: 'retained',
      title: <Term of="retained">Retained</Term>,
      align: 'right',
      width: '10.5rem',
      sort: 'retained_bytes',
      render: ({ retained_bytes }) => {
        const share = heapBytes === 0 ? 0 : retained_bytes / heapBytes;
        return (
          <>
            <Bytes of={retained_bytes} /> <ShareBar of={share} title={`${percent(share)} of the heap`} />
          </>
        );
      },
    },
    {
      key: 'own size',
      title: <Term of="own size">Own size</Term>,
      align: 'right',
      width: '7rem',
      sort: 'bytes',
      render: ({ bytes }) => <Bytes of={bytes} />,
    },
    {
      key: 'entries',
      title: <Term of="entries">Entries</Term>,
      align: 'right',
      width: '7rem',
      sort: 'entries',
      render: ({ entries }) => (entries === undefined ? '' : <Count of={entries} />),
    },
    {
      key: 'held by',
      title: <Term of="held by">Held by</Term>,
      width: 'minmax(14rem, 3fr)',
      render: ({ path }) => (
        <span title={path}>
          <PathText path={path} />
        </span>
      ),
    },
  ];
}
