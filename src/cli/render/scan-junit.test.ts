import { expect, test } from 'vitest';
import { cleanScan, leakyScan } from '../../../test/support/scan-reports.ts';
import { renderJunit } from './scan-junit.ts';

test('each finding is a failed case', () => {
  expect(renderJunit(leakyScan)).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="leakscope" tests="2" failures="2" errors="0">
      <testsuite name="leakscope scan" tests="2" failures="2" errors="0">
        <testcase classname="shop/users.py" name="C01 cache-on-method at line 31" file="shop/users.py" line="31">
          <failure type="high" message="\`price_of\` is cached for the life of the class and its keys hold \`self\`: no instance is ever freed">shop/users.py:31:6
    @functools.lru_cache(maxsize=None)
    instead: keep the result on the object (\`cached_property\`)</failure>
        </testcase>
        <testcase classname="shop/io &amp; more, 100%.py" name="R01 open-not-closed at line 4" file="shop/io &amp; more, 100%.py" line="4">
          <failure type="medium" message="\`\\x1b[2Jhandle\` holds a file that is never closed">shop/io &amp; more, 100%.py:4:10
    handle = open(
    instead: open it in a \`with\` statement</failure>
        </testcase>
      </testsuite>
    </testsuites>
    "
  `);
});

test('nothing found is a case that passed', () => {
  expect(renderJunit(cleanScan)).toContain('tests="1" failures="0"');
});
