// `socket.fromfd` duplicates the descriptor it is given: the number passed to it is still open, and still to be closed. Part of
// raw-fd; the socket itself is socket-or-client's business.

import type { Call, FunctionDef, Name } from '../../../source/python-ast.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { mentionsIn } from '../../resources/resource-uses.ts';
import type { Report } from '../../rule.ts';
import { callsByName, functionAround, type ScannedFile } from '../../scanned-file.ts';

export function checkDuplicatedDescriptors(file: ScannedFile, report: Report): void {
  for (const call of callsByName(file).get('socket.fromfd') ?? []) {
    const [number] = call.args;
    const around = functionAround(file, call);
    if (number?.kind !== 'Name' || around === undefined || call.parent?.kind === 'withitem') continue;
    if (!isOnlyDuplicated(file, call, number, around)) continue;
    report({
      node: call,
      confidence: 'medium',
      message: `\`socket.fromfd\` duplicates \`${number.id}\`, which nothing closes: both stay open`,
      remedy: `\`os.close(${number.id})\` after this, or make it \`socket.socket(fileno=${number.id})\``,
    });
  }
}

/** Whether the function does nothing with its variable but this and tests, so that nobody there can close it. */
function isOnlyDuplicated(file: ScannedFile, call: Call, number: Name, around: FunctionDef): boolean {
  const binding = bindingOf(file.source, number);
  if (binding?.scope.node !== around) return false;
  return mentionsIn(file, number.id, around).every((mention) => {
    if (mention.ctx !== 'Load') return true;
    if (bindingOf(file.source, mention) !== binding) return false;
    const { parent } = mention;
    return parent === call || parent?.kind === 'Compare' || parent?.kind === 'If' || parent?.kind === 'UnaryOp';
  });
}
