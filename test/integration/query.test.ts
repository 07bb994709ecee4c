// Queries about a real process, answered as the process itself answers them.

import * as v from 'valibot';
import { expect, test } from 'vitest';
import { HeapQuerySchema } from '../../src/protocol/query.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startPython } from '../support/target-process.ts';

const TARGET = `
import sys, json

class User:
    def __init__(self, number):
        self.name = 'secret-%d' % number
        self.friends = []
        if number % 4 == 0:
            self.connection = object()

class Slotted:
    __slots__ = ('connection',)

users = {number: User(number) for number in range(400)}
slotted = [Slotted() for _ in range(30)]
for one in slotted[:10]:
    one.connection = users[4]
sizes = [list(range(1000, 1000 + n)) for n in (10, 2000, 3000)]
print(json.dumps({
    'big': [hex(id(part)) for part in sizes[1:]],
    'users_dict': hex(id(users)),
    'connected': hex(id(users[4].connection)),
    'user4': hex(id(users[4])),
    'bytes': sys.getsizeof(sizes[2]),
}), flush=True)
input()
`;

/** What the target says of itself; addresses as `0x…`. */
interface Truth {
  readonly big: readonly string[];
  readonly users_dict: string;
  readonly connected: string;
  readonly user4: string;
  readonly bytes: number;
}

test('a live process is asked, and values stay in it', async () => {
  const target = await startPython(anyInterpreter().path, TARGET);
  try {
    const truth = JSON.parse(target.firstLine) as Truth;
    const ask = async (query: string, ...flags: string[]) => {
      const run = await runLeakscope(['query', String(target.pid), query, '--json', ...flags]);
      expect(run.stderr).toBe('');
      expect(run.exitCode).toBe(0);
      expect(run.stdout).not.toContain('secret');
      return v.parse(HeapQuerySchema, JSON.parse(run.stdout));
    };
    expect(await ask('type:__main__.User')).toMatchObject({ objects: 400, type_count: 1 });
    // The slot that is not set is no reference.
    expect(await ask('has:connection type:User or has:connection type:Slotted')).toMatchObject({ objects: 110 });
    const big = await ask('type:list entries>=2000 entries<=3000 under:__main__');
    expect(big.matches.map(({ address }) => address).toSorted()).toEqual(truth.big.toSorted());
    expect((await ask(`type:User under:${truth.users_dict}`)).objects).toBe(399);
    expect((await ask('held-by:Slotted type:User')).matches).toMatchObject([{ address: truth.user4 }]);
    expect((await ask(`address:${truth.connected}`)).matches[0]?.type).toBe('object');
    const largest = await ask('type:list under:__main__', '--order', 'size', '--top', '1');
    expect(largest.matches).toMatchObject([{ entries: 3000 }]);
    expect(largest.matches[0]!.bytes).toBeGreaterThanOrEqual(truth.bytes);
  } finally {
    await target.stop();
  }
});

test('a query that cannot be read is told before the target is', async () => {
  const run = await runLeakscope(['query', '1', 'retained>huge']);
  expect(run).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'error E_USAGE: retained needs a size, at retained>huge\nhint: for example retained>1.5MB\n',
  });
});
