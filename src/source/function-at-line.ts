// Names the function, or class body, that runs a line of a file, from its source. Lines of a definition's head run where
// the definition stands.

import type { SourceFile } from './growth-site-query.ts';
import { createSourceIndex, parsedFile } from './source-index.ts';

interface Body {
  readonly firstLine: number;
  readonly lastLine: number;
  readonly qualname: string;
}

/** Qualified name of what runs a line: `<module>` at the top level. Undefined where the file cannot be parsed. */
export function functionAtLine(file: SourceFile): ((line: number) => string) | undefined {
  const source = parsedFile(createSourceIndex([file]), file);
  if (source === undefined) return undefined;
  const bodies: Body[] = [];
  for (const { node, qualname } of [...source.functions, ...source.classes]) {
    if (node.kind === 'Lambda') continue;
    bodies.push({ firstLine: node.body[0]!.line, lastLine: node.endLine, qualname });
  }
  return (line) => innermost(bodies, line)?.qualname ?? '<module>';
}

/** Bodies nest: the one that begins last. */
function innermost(bodies: readonly Body[], line: number): Body | undefined {
  let found: Body | undefined;
  for (const body of bodies) {
    if (line < body.firstLine || line > body.lastLine) continue;
    if (found === undefined || body.firstLine >= found.firstLine) found = body;
  }
  return found;
}
