// Entry of a thread of `leakscope open` that does one task.

import { runTaskThread } from '../daemon/task-thread.ts';
import { exportContent } from './export-formats.ts';

await runTaskThread(exportContent);
