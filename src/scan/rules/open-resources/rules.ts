// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { closeNotOnException } from './close-not-on-exception.ts';
import { ctxmanagerNoFinally } from './ctxmanager-no-finally.ts';
import { dbConnection } from './db-connection.ts';
import { fieldNotReleased } from './field-not-released.ts';
import { fieldOverwritten } from './field-overwritten.ts';
import { generatorAbandoned } from './generator-abandoned.ts';
import { handleRebound } from './handle-rebound.ts';
import { mmapOrDataset } from './mmap-or-dataset.ts';
import { mpOrExecutor } from './mp-or-executor.ts';
import { openInline } from './open-inline.ts';
import { openNotClosed } from './open-not-closed.ts';
import { popenNotReaped } from './popen-not-reaped.ts';
import { pyplotFigure } from './pyplot-figure.ts';
import { rawFd } from './raw-fd.ts';
import { scandirNotClosed } from './scandir-not-closed.ts';
import { socketOrClient } from './socket-or-client.ts';
import { tempNotRemoved } from './temp-not-removed.ts';

export const OPEN_RESOURCES_RULES: readonly Rule[] = [
  openNotClosed,
  openInline,
  closeNotOnException,
  handleRebound,
  rawFd,
  socketOrClient,
  dbConnection,
  popenNotReaped,
  mpOrExecutor,
  tempNotRemoved,
  mmapOrDataset,
  scandirNotClosed,
  pyplotFigure,
  fieldNotReleased,
  fieldOverwritten,
  ctxmanagerNoFinally,
  generatorAbandoned,
];
