// C09: metrics with a time series for every request path, exception text or identifier there ever was.

import type { Call, Expr } from '../../../source/python-ast.ts';
import { bindingOf } from '../../../source/source-index.ts';
import type { Rule } from '../../rule.ts';
import { keywordOf, type ScannedFile, textOf } from '../../scanned-file.ts';
import { originOf, type ValueOrigin } from './value-origin.ts';

export const labelCardinality: Rule = {
  name: 'label-cardinality',
  code: 'C09',
  cause: 'unbounded cache',
  sameAs: [],
  words: ['prometheus', 'opentelemetry'],
  doc: {
    what: 'A metric label (`prometheus_client`) or attribute (`opentelemetry`) that takes the raw path of a request, the text of an exception, or an identifier.',
    why: 'A metric keeps one time series, with its counters and buckets, for every combination of label values it has seen, until the process ends. Paths with identifiers in them, and whatever scanners request, never stop being new. The server that scrapes them suffers as well.',
    evidence:
      'The value is followed through local variables and formatting to a path of the request (high), to the text of a caught exception or to something named as an identifier (medium). Route templates, status codes and exception classes are fine. Told once for each metric and label.',
    fix: 'Label with the route template (`request.scope["route"].path`, `request.url_rule.rule`), with the class of the exception, and put identifiers into logs or traces. There is no automatic fix.',
    ignore: 'The values are known to be few, as paths are behind a gateway that refuses unknown ones.',
    example: {
      leaks: `
from prometheus_client import Counter

REQUESTS = Counter("requests_total", "Requests.", ["method", "path"])

async def count(request, call_next):
    REQUESTS.labels(request.method, request.url.path).inc()
    return await call_next(request)
`,
      fine: `
from prometheus_client import Counter

REQUESTS = Counter("requests_total", "Requests.", ["method", "route"])

async def count(request, call_next):
    response = await call_next(request)
    REQUESTS.labels(request.method, request.scope["route"].path).inc()
    return response
`,
    },
  },
  check(file, report) {
    const told = new Set<string>();
    for (const call of file.source.calls) {
      if (call.func.kind !== 'Attribute') continue;
      for (const value of labelValues(file, call)) {
        const origin = originOf(file, value);
        if (origin === undefined) continue;
        const metric = textOf(file, call.func.value);
        const key = `${metric} ${origin.kind}`;
        if (told.has(key)) continue;
        told.add(key);
        report({
          node: call,
          confidence: origin.kind === 'request path' ? 'high' : 'medium',
          message: `\`${metric}\` keeps a time series for every ${WHAT[origin.kind]} it ever saw in \`${textOf(file, origin.node)}\``,
          remedy: INSTEAD[origin.kind],
          evidence: [{ node: origin.node, text: `the ${WHAT[origin.kind]}` }],
        });
      }
    }
  },
};

const WHAT: Readonly<Record<ValueOrigin['kind'], string>> = {
  'request path': 'path',
  'exception text': 'exception text',
  identifier: 'identifier',
};

const INSTEAD: Readonly<Record<ValueOrigin['kind'], string>> = {
  'request path': 'label with the template of the route, not with the path',
  'exception text': 'label with the class of the exception',
  identifier: 'put identifiers into logs or traces, not into labels',
};

/** The label values that a call gives a metric. */
function labelValues(file: ScannedFile, call: Call): readonly Expr[] {
  const name = (call.func as Expr & { readonly kind: 'Attribute' }).attr;
  switch (name) {
    case 'labels':
      return [...call.args, ...call.keywords.map(({ value }) => value)].flatMap((value) => dictValues(file, value));
    case 'add':
    case 'record': {
      // `counter.add(1, {"path": path})`, `histogram.record(value, attributes=…)`
      if (!file.source.text.includes('opentelemetry')) return [];
      const attributes = call.args[1] ?? keywordOf(call, 'attributes');
      return attributes === undefined ? [] : dictValues(file, attributes).filter((value) => value !== attributes);
    }
    default:
      return [];
  }
}

/** The values of a dictionary written here or in the variable's only assignment; anything else stands for itself. */
function dictValues(file: ScannedFile, expr: Expr): readonly Expr[] {
  if (expr.kind === 'Dict') return expr.values;
  if (expr.kind === 'Starred') return dictValues(file, expr.value);
  if (expr.kind !== 'Name') return [expr];
  const definitions = bindingOf(file.source, expr)?.definitions ?? [];
  const only = definitions.length === 1 ? definitions[0] : undefined;
  return only?.kind === 'value' && only.value.kind === 'Dict' ? only.value.values : [expr];
}
