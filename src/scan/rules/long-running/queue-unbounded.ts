// L06: a queue without a limit between code that runs at its own pace.

import { limitSize } from '../../growth/container-fixes.ts';
import { growingContainers } from '../../growth/growing-containers.ts';
import { growthFinding } from '../../growth/growth-finding.ts';
import type { Rule } from '../../rule.ts';

export const queueUnbounded: Rule = {
  name: 'queue-unbounded',
  code: 'L06',
  cause: 'long-running process',
  sameAs: [],
  words: ['Queue'],
  doc: {
    what: 'A queue without `maxsize` that lives on and is filled by a request handler, callback or endless loop.',
    why: 'Where whoever takes out is slower than whoever puts in, or has died, the queue holds all the difference. Nothing slows the producer down before memory is gone.',
    evidence:
      'A `queue.Queue` or `asyncio.Queue` without a limit, in a module variable or an attribute of a long-lived object, with `put` in code that runs again and again. Never certain: how fast each side is, the source does not say.',
    fix: 'Give it a `maxsize`, so that producers wait or are refused. The unsafe fix writes `maxsize=1000`.',
    ignore: 'When the producer cannot outrun the consumer, or is limited elsewhere.',
    example: {
      leaks: `
import queue

jobs = queue.Queue()

def enqueue(request):
    jobs.put(request.json)
`,
      fine: `
import queue

jobs = queue.Queue(maxsize=1000)

def enqueue(request):
    jobs.put(request.json)
`,
    },
  },
  check(file, report) {
    for (const growing of growingContainers(file)) {
      const { family, container } = growing;
      if (family !== 'queue') continue;
      const finding = growthFinding(file, growing, {
        node: container.target,
        message: `\`${container.label}\` has no limit: it holds whatever its consumer does not keep up with`,
        remedy: 'give the queue a `maxsize`',
        isTelling: false,
        fix: () => limitSize(file, growing),
      });
      report(finding.confidence === 'high' ? { ...finding, confidence: 'medium' } : finding);
    }
  },
};
