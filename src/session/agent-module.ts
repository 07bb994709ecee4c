// The agent's Python module as it comes with this package: where it is, and a copy of it.

import { copyFileSync, existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LeakscopeError } from '../base/errors.ts';
import { fileError } from '../base/replaced-file.ts';

const NAME = 'leakscope_agent.py';
/** Nearest first: beside the bundle's folder, and beside the folder of the sources. */
const PLACES = ['../agent', '../../agent'];

/** Path of leakscope_agent.py. */
export function agentModulePath(): string {
  for (const place of PLACES) {
    const path = join(import.meta.dirname, place, NAME);
    if (existsSync(path)) return path;
  }
  throw new LeakscopeError('E_FILE_READ', `${NAME} is not where this package has it`, {
    hint: 'install leakscope again',
  });
}

/** Folder whose `sitecustomize` starts the agent where LEAKSCOPE_AGENT=1 says so; for PYTHONPATH. */
export function agentStartFolder(): string {
  return join(dirname(agentModulePath()), 'autostart');
}

/** Copies the module into a folder and returns its path there. Throws E_FILE_WRITE. */
export function copyAgentModule(folder: string): string {
  const path = join(folder, NAME);
  try {
    if (!statSync(folder).isDirectory()) throw new LeakscopeError('E_FILE_WRITE', `${folder} is not a folder`);
    copyFileSync(agentModulePath(), path);
  } catch (error) {
    throw fileError('E_FILE_WRITE', `cannot write ${path}`, error);
  }
  return path;
}
