import { expect, test } from 'vitest';
import type { AgentReport } from '../../protocol/agent.ts';
import { renderAgent } from './agent-text.ts';
import type { RenderStyle } from './render-style.ts';

const STYLE = { width: 80 } as RenderStyle;
const REPORT: AgentReport = {
  schema: 'leakscope.agent/1',
  module: { path: '/opt/leakscope/agent/leakscope_agent.py', start_folder: '/opt/leakscope/agent/autostart' },
};

test('tells where the module is and how a program is started with it', () => {
  expect(renderAgent(REPORT, STYLE)).toMatchInlineSnapshot(`
    "/opt/leakscope/agent/leakscope_agent.py

    In the program:           import leakscope_agent; leakscope_agent.start()
    In front of it:           python -m leakscope_agent app.py
    Without touching it:      LEAKSCOPE_AGENT=1 PYTHONPATH=/opt/leakscope/agent/autostart python app.py

    Then: leakscope snapshot PID --agent -o a.heap, leakscope agent PID
    "
  `);
  expect(renderAgent({ ...REPORT, copied_to: '/srv/app/leakscope_agent.py' }, STYLE)).toBe(
    '/srv/app/leakscope_agent.py\n',
  );
});

test('shows what an agent answers, and lets no escape sequence of it through', () => {
  const result = {
    agent: '0.1.0',
    python: 'CPython 3.12.1\u001b[2J',
    signal: null,
    gc: { enabled: true, counts: [1, 2, 3], deep: { er: 1 } },
  };
  const answer = { pid: 4242, command: 'status', result };
  expect(renderAgent({ ...REPORT, answer }, STYLE)).toMatchInlineSnapshot(`
    "agent   0.1.0
    python  CPython 3.12.1\\x1b[2J
    signal  -
    gc
      enabled  true
      counts   [1,2,3]
      deep     {"er":1}
    "
  `);
});
