import type { Log } from 'sarif';
import { expect, test } from 'vitest';
import { cleanScan, leakyScan } from '../../../test/support/scan-reports.ts';
import { RULES } from '../../scan/rules/catalogue.ts';
import { renderSarif } from './scan-sarif.ts';

test('results name their rule, place, fingerprint and edits', () => {
  const log = JSON.parse(renderSarif(leakyScan, RULES, '/srv/a b')) as Log;
  const [run] = log.runs;
  expect(run!.originalUriBaseIds).toEqual({ ROOT: { uri: 'file:///srv/a%20b/' } });
  const [cache, file] = run!.results!;
  expect(run!.tool.driver.rules![cache!.ruleIndex!]!.id).toBe('cache-on-method');
  expect(run!.tool.driver.rules![file!.ruleIndex!]!.help!.markdown).toContain('# open-not-closed');
  expect(cache).toMatchInlineSnapshot(`
    {
      "fixes": [
        {
          "artifactChanges": [
            {
              "artifactLocation": {
                "uri": "shop/users.py",
                "uriBaseId": "ROOT",
              },
              "replacements": [
                {
                  "deletedRegion": {
                    "charLength": 33,
                    "charOffset": 700,
                  },
                  "insertedContent": {
                    "text": "functools.lru_cache(maxsize=1024)",
                  },
                },
              ],
            },
          ],
          "description": {
            "text": "Make it a static method with a bounded cache",
          },
        },
      ],
      "level": "error",
      "locations": [
        {
          "physicalLocation": {
            "artifactLocation": {
              "uri": "shop/users.py",
              "uriBaseId": "ROOT",
            },
            "region": {
              "endColumn": 39,
              "endLine": 31,
              "startColumn": 6,
              "startLine": 31,
            },
          },
        },
      ],
      "message": {
        "text": "\`price_of\` is cached for the life of the class and its keys hold \`self\`: no instance is ever freed. Instead: keep the result on the object (\`cached_property\`).",
      },
      "partialFingerprints": {
        "leakscope/v1": "0123456789abcdef",
      },
      "properties": {
        "confidence": "high",
        "fixSafety": "unsafe",
      },
      "relatedLocations": [
        {
          "id": 0,
          "message": {
            "text": "\`self\` becomes part of every key",
          },
          "physicalLocation": {
            "artifactLocation": {
              "uri": "shop/users.py",
              "uriBaseId": "ROOT",
            },
            "region": {
              "startColumn": 5,
              "startLine": 32,
            },
          },
        },
        {
          "id": 1,
          "message": {
            "text": "called here",
          },
          "physicalLocation": {
            "artifactLocation": {
              "uri": "shop/views.py",
              "uriBaseId": "ROOT",
            },
            "region": {
              "startColumn": 9,
              "startLine": 107,
            },
          },
        },
      ],
      "ruleId": "cache-on-method",
      "ruleIndex": 0,
    }
  `);
  expect(file!.level).toBe('warning');
  expect(file!.locations![0]!.physicalLocation!.artifactLocation!.uri).toBe('shop/io%20&%20more,%20100%25.py');
  expect(run!.invocations![0]!.toolExecutionNotifications![0]!.message.text).toBe('Missing parentheses');
});

test('a file elsewhere keeps its whole place', () => {
  const outside = { ...leakyScan, findings: [{ ...leakyScan.findings[0]!, path: '/opt/x.py' }] };
  const log = JSON.parse(renderSarif(outside, RULES, '/srv')) as Log;
  expect(log.runs[0]!.results![0]!.locations![0]!.physicalLocation!.artifactLocation).toEqual({
    uri: 'file:///opt/x.py',
  });
});

test('nothing found is an empty list', () => {
  expect((JSON.parse(renderSarif(cleanScan, RULES, '/srv')) as Log).runs[0]!.results).toEqual([]);
});
