// A scan's answer as tests of its forms need it: two findings with everything a finding may have, and hostile text.

import type { ScanFinding, ScanReport } from '../../src/protocol/scan.ts';

const cacheFinding: ScanFinding = {
  rule: 'cache-on-method',
  code: 'C01',
  cause: 'unbounded cache',
  confidence: 'high',
  path: 'shop/users.py',
  line: 31,
  column: 6,
  end_line: 31,
  end_column: 39,
  message: '`price_of` is cached for the life of the class and its keys hold `self`: no instance is ever freed',
  remedy: 'keep the result on the object (`cached_property`)',
  context: 'Store',
  source: '    @functools.lru_cache(maxsize=None)',
  fingerprint: '0123456789abcdef',
  subject: { form: 'function cache', module: 'shop.users', qualname: 'Store.price_of' },
  evidence: [
    {
      path: 'shop/users.py',
      line: 32,
      column: 5,
      text: '`self` becomes part of every key',
      source: 'def price_of(self, item):',
    },
    { path: 'shop/views.py', line: 107, column: 9, text: 'called here', source: 'price = store.price_of(item)' },
  ],
  live: null,
  fix: {
    title: 'Make it a static method with a bounded cache',
    safety: 'unsafe',
    edits: [{ start: 700, end: 733, text: 'functools.lru_cache(maxsize=1024)' }],
  },
};

const fileFinding: ScanFinding = {
  rule: 'open-not-closed',
  code: 'R01',
  cause: 'open resource',
  confidence: 'medium',
  path: 'shop/io & more, 100%.py',
  line: 4,
  column: 10,
  end_line: 6,
  end_column: 2,
  message: '`\u001b[2Jhandle` holds a file that is never closed',
  remedy: 'open it in a `with` statement',
  context: 'read',
  source: '\thandle =\topen(',
  fingerprint: 'fedcba9876543210',
  subject: null,
  evidence: [],
  live: null,
  fix: { title: 'Open the file in a with statement', safety: 'safe', edits: [{ start: 40, end: 60, text: '' }] },
};

export const leakyScan: ScanReport = {
  schema: 'leakscope.scan/1',
  files: 41,
  lines: 5210,
  findings: [cacheFinding, fileFinding],
  inventory: [],
  hidden: { low: 3, suppressed: 1, baseline: 12 },
  problems: [{ path: 'old.py', line: 3, message: 'Missing parentheses' }],
};

export const cleanScan: ScanReport = {
  ...leakyScan,
  findings: [],
  hidden: { low: 0, suppressed: 0, baseline: 0 },
  problems: [],
};
