// Which Python a started command is about: the command itself, or the nearest process it started that is one.

import { findPythonProcess, type PythonProcess } from '../target/python-processes.ts';
import { familyOf } from './process-family.ts';

/** The Python process nearest to `pid` in its tree of children, or undefined while there is none. */
export function pythonOfCommand(pid: number): PythonProcess | undefined {
  for (const member of familyOf(pid)) {
    const python = findPythonProcess(member.pid);
    if (python !== undefined) return python;
  }
  return undefined;
}
