// The list of rules, for choosing among them.

import type { Rule } from '../../scan/rule.ts';
import { type Column, renderTable } from './plain-table.ts';
import type { RenderStyle } from './render-style.ts';

const COLUMNS: readonly Column[] = [
  { title: 'CODE', align: 'left' },
  { title: 'RULE', align: 'left' },
  { title: 'CAUSE', align: 'left' },
  { title: 'WHAT IT FINDS', align: 'left', flexible: true, elide: 'end' },
];

export function renderRules(rules: readonly Rule[], style: RenderStyle): string {
  const rows = rules.map(({ code, name, cause, doc }) => [code, name, cause, doc.what]);
  return `${renderTable(COLUMNS, rows, style).join('\n')}\n`;
}
