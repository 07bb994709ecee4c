// The text of `leakscope open`: where the page is, and how it ends.

import type { OpenReport } from '../../protocol/open.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';

export function renderOpen(untrusted: OpenReport, style: RenderStyle): string {
  const { url, socket } = sanitizeStrings(untrusted);
  const lines =
    socket === undefined
      ? [`leakscope is at ${style.paint('name', url)}`]
      : [
          `leakscope listens at ${socket}; from another machine: ssh -L 8000:${socket} HOST`,
          `and then open ${style.paint('name', url.replace('//localhost', '//localhost:8000'))}`,
        ];
  lines.push(style.paint('faint', 'The address works once, for one browser. Ctrl-C ends it; processes run on.'));
  return `${lines.join('\n')}\n`;
}
