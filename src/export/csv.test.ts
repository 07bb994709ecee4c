import { expect, test } from 'vitest';
import { drawnFacts, drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { reportHeap } from '../diagnose/heap-report.ts';
import { computeRetention } from '../diagnose/retention.ts';
import { csvLines } from './csv.ts';
import { holdersCsv, rootsCsv, typesCsv } from './csv-tables.ts';

const retention = computeRetention(drawServiceHeap(3));

test('cells are quoted as RFC 4180 says, and no cell is a formula', () => {
  const rows = [
    ['a,b', 'say "hi"', 'two\r\nlines', undefined],
    ['=1+1', '+1', '@sum', '-2+3'],
    [-1, 0.5, '\tx', '=",'],
  ];
  expect([...csvLines(['w', 'x', 'y', 'z'], rows)]).toEqual([
    'w,x,y,z\r\n',
    '"a,b","say ""hi""","two\r\nlines",\r\n',
    "'=1+1,'+1,'@sum,'-2+3\r\n",
    `-1,0.5,'\tx,"'="","\r\n`,
  ]);
});

test('types', () => {
  expect([...typesCsv(retention)].slice(0, 4)).toEqual([
    'type,module,count,shallow_bytes,retained_bytes\r\n',
    'str,builtins,3,6144,6144\r\n',
    'dict,builtins,8,5328,12256\r\n',
    'deque,collections,1,640,640\r\n',
  ]);
});

test('holders', () => {
  const report = reportHeap(retention, { snapshot: drawnFacts('a.heap', 12), top: 1, problems: [] });
  const [header, row, ...others] = holdersCsv(report);
  expect(header).toBe('rank,path,type,address,entries,retained_objects,retained_bytes,retained_share\r\n');
  expect(row).toMatch(/^1,module shop\.users › global user_cache,dict,0x1300,3,10,7152,0\.\d+\r\n$/);
  expect(others).toEqual([]);
});

test('roots', () => {
  expect([...rootsCsv(retention)]).toEqual([
    'kind,label,name,address,shallow_bytes,retained_bytes\r\n',
    'modules,sys.modules,dict,0x1000,64,8160\r\n',
    'threads,MainThread,thread MainThread,0x1500,8,4112\r\n',
  ]);
});
