import { expect, test } from 'vitest';
import { findingsIn, fixed } from '../../../../test/support/scan-cases.ts';
import { moduleContainerGrows } from './module-container-grows.ts';

test('the subject is what a live process calls it', () => {
  const [finding] = findingsIn(moduleContainerGrows, 'SEEN = []\ndef view(request):\n    SEEN.append(request)\n');
  expect(finding!.subject).toEqual({ form: 'global', module: 'app', name: 'SEEN' });
});

test('the fix drops the oldest where it grows', () => {
  expect(
    fixed(
      moduleContainerGrows,
      `LOG = []

def view(request):
    LOG.append(request.path)  # for the report
    return "ok"
`,
    ),
  ).toBe(`LOG = []

def view(request):
    LOG.append(request.path)  # for the report
    del LOG[:-1000]
    return "ok"
`);
  expect(
    fixed(
      moduleContainerGrows,
      'SEEN = {}\r\ndef view(request):\r\n\tif request:\r\n\t\tSEEN[request.id] = (\r\n\t\t\t1\r\n\t\t)',
    ),
  ).toBe(
    'SEEN = {}\r\ndef view(request):\r\n\tif request:\r\n\t\tSEEN[request.id] = (\r\n\t\t\t1\r\n\t\t)\r\n' +
      '\t\tif len(SEEN) > 1024:\r\n\t\t\tSEEN.pop(next(iter(SEEN)), None)\r\n',
  );
  expect(
    fixed(
      moduleContainerGrows,
      'from collections import OrderedDict\nSEEN = OrderedDict()\ndef view(request):\n    SEEN[request.id] = 1\n',
    ),
  ).toContain('    if len(SEEN) > 1024:\n        SEEN.popitem(last=False)\n');
  expect(
    fixed(
      moduleContainerGrows,
      'import collections\nLOG = collections.deque([])\ndef view(request):\n    LOG.append(request)\n',
    ),
  ).toContain('LOG = collections.deque([], maxlen=1000)');
});

test('no fix where one guard is not enough or the statement shares its line', () => {
  expect(fixed(moduleContainerGrows, 'S = set()\ndef view(request):\n    S.add(request)\n')).toBeUndefined();
  expect(
    fixed(moduleContainerGrows, 'L = []\ndef view(request):\n    L.append(request)\n    L.append(request.user)\n'),
  ).toBeUndefined();
  expect(
    fixed(moduleContainerGrows, 'L = []\ndef view(request):\n    if request: L.append(request)\n'),
  ).toBeUndefined();
  expect(fixed(moduleContainerGrows, 'L = []\ndef view(request):\n    L.append(request); return 1\n')).toBeUndefined();
});
