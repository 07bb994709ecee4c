// The text of `leakscope agent`: where the module is and how to start it, or what an agent answered.

import type { AgentReport } from '../../protocol/agent.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';

/** Deeper structures of an answer are shown as JSON. */
const SHOWN_DEPTH = 2;

export function renderAgent(untrusted: AgentReport, _style: RenderStyle): string {
  const { module, copied_to, answer } = sanitizeStrings(untrusted);
  if (answer !== undefined) return `${fieldLines(answer.result, 0).join('\n')}\n`;
  if (copied_to !== undefined) return `${copied_to}\n`;
  return `${[
    module.path,
    '',
    'In the program:           import leakscope_agent; leakscope_agent.start()',
    'In front of it:           python -m leakscope_agent app.py',
    `Without touching it:      LEAKSCOPE_AGENT=1 PYTHONPATH=${module.start_folder} python app.py`,
    '',
    'Then: leakscope snapshot PID --agent -o a.heap, leakscope agent PID',
  ].join('\n')}\n`;
}

function fieldLines(fields: Readonly<Record<string, unknown>>, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const width = Math.max(0, ...Object.keys(fields).map((name) => name.length));
  return Object.entries(fields).flatMap(([name, value]) => {
    const label = `${indent}${name.padEnd(width)}`;
    if (value === null) return [`${label}  -`];
    if (typeof value === 'object' && !Array.isArray(value) && depth + 1 < SHOWN_DEPTH) {
      return [`${indent}${name}`, ...fieldLines(value as Record<string, unknown>, depth + 1)];
    }
    return [`${label}  ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`];
  });
}
