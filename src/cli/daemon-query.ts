// Entry of the thread of `leakscope open` that holds the snapshots.

import { runQueryThread } from '../daemon/query-thread.ts';

runQueryThread();
