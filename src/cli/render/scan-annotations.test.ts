import { expect, test } from 'vitest';
import { cleanScan, leakyScan } from '../../../test/support/scan-reports.ts';
import { renderAnnotations } from './scan-annotations.ts';

test('each finding is one line, with what separates escaped', () => {
  expect(renderAnnotations(leakyScan)).toMatchInlineSnapshot(`
    "::error file=shop/users.py,line=31,endLine=31,col=6,endColumn=39,title=C01 cache-on-method::\`price_of\` is cached for the life of the class and its keys hold \`self\`: no instance is ever freed. Instead: keep the result on the object (\`cached_property\`).
    ::warning file=shop/io & more%2C 100%25.py,line=4,endLine=6,title=R01 open-not-closed::\`\\x1b[2Jhandle\` holds a file that is never closed. Instead: open it in a \`with\` statement.
    ::notice file=old.py,line=3,title=leakscope::Missing parentheses
    "
  `);
  expect(renderAnnotations(cleanScan)).toBe('');
});
