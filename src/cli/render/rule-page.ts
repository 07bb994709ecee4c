// A rule's page: what it finds, why that leaks, what to write instead. docs/rules is written with it, and --explain and SARIF
// show the same words.

import { CAUSES } from '../../scan/finding.ts';
import type { Rule } from '../../scan/rule.ts';

/** Markdown, ending in a line break. */
export function renderRulePage({ name, code, cause, doc, sameAs }: Rule): string {
  const others = sameAs.length === 0 ? '' : ` · same as ${sameAs.join(', ')}`;
  return `# ${name}

${code} · ${cause}${others}

${doc.what}

## Why it leaks

${doc.why}

## When it speaks

${doc.evidence}

## Instead

${doc.fix}

\`\`\`python
${doc.example.fine.trim()}
\`\`\`

What it finds:

\`\`\`python
${doc.example.leaks.trim()}
\`\`\`

## When to ignore it

${doc.ignore} Write \`# leakscope: ignore[${name}] reason\` on the line.
`;
}

/** The list of all rules by cause, with links to their pages beside it. */
export function renderRuleIndex(rules: readonly Rule[]): string {
  const parts = CAUSES.map((cause) => {
    const rows = rules
      .filter((rule) => rule.cause === cause)
      .map(({ code, name, doc, sameAs }) => `| ${code} | [${name}](${name}.md) | ${doc.what} | ${sameAs.join(', ')} |`);
    if (rows.length === 0) return '';
    return `\n## ${cause}\n\n| code | rule | what it finds | same as |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return `# Rules of leakscope scan

Written by \`npm run rules\` from the rules themselves. \`leakscope scan --explain RULE\` prints a page.
${parts.join('')}`;
}
