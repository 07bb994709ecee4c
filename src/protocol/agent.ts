// The output of `leakscope agent --json`.

import * as v from 'valibot';
import { count, text } from './common.ts';

export const AGENT_SCHEMA = 'leakscope.agent/1';

export const AgentReportSchema = v.strictObject({
  schema: v.literal(AGENT_SCHEMA),
  module: v.strictObject({
    path: text('leakscope_agent.py of this package'),
    start_folder: text('for PYTHONPATH: starts the agent where LEAKSCOPE_AGENT=1'),
  }),
  copied_to: v.exactOptional(text('the copy that was made')),
  answer: v.exactOptional(
    v.strictObject({
      pid: count('the process that was asked'),
      command: text('what it was asked'),
      result: v.pipe(
        v.record(v.string(), v.unknown()),
        v.description('what its agent answered; fields as in docs/agent.md'),
      ),
    }),
  ),
});
export type AgentReport = v.InferOutput<typeof AgentReportSchema>;
