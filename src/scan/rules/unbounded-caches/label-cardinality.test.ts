import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn } from '../../../../test/support/scan-cases.ts';
import { labelCardinality } from './label-cardinality.ts';

test('raw paths, exception texts and identifiers as labels', () => {
  expectMarkedLines(
    labelCardinality,
    `
from prometheus_client import Counter
A = B = C = D = E = F = G = H = I = J = Counter("c", "", ["x"])

async def dispatch(self, request, call_next):
    path = request.url.path
    A.labels(method=request.method, path=path).inc()  # <- finds high
    A.labels(method=request.method, path=path).dec()
    B.labels(f"{request.method} {path.lower()}").inc()  # <- finds high
    C.labels(self.request.uri).inc()  # <- finds high
    D.labels("%s %s" % (request.method, str(request.url))).inc()  # <- finds high
    labels = {"path": path}
    E.labels(**labels).inc()  # <- finds high
    try:
        return await call_next(request)
    except Exception as e:
        F.labels(str(e)).inc()  # <- finds medium
        G.labels(f"failed: {e}").inc()  # <- finds medium
        raise

def asgi(scope, user_id):
    H.labels(scope["path"]).inc()  # <- finds high
    I.labels(user_id).inc()  # <- finds medium
    J.labels(uuid.uuid4()).inc()  # <- finds medium
import uuid
`,
  );
});

test('attributes of opentelemetry metrics', () => {
  expectMarkedLines(
    labelCardinality,
    `
from opentelemetry import metrics
meter = metrics.get_meter(__name__)
requests = meter.create_counter("requests")
times = meter.create_histogram("times")

def view(request):
    requests.add(1, {"path": request.path})  # <- finds high
    times.record(3, attributes={"user": request.user_id})  # <- finds medium
    seen.add(request.path)
    requests.add(1, {"method": request.method})
    requests.add(1)
`,
  );
});

test('few values are fine: templates, codes, classes, known paths; and other libraries', () => {
  expectMarkedLines(
    labelCardinality,
    `
from prometheus_client import Counter
REQUESTS = Counter("c", "", ["x"])
def view(self, request, response, endpoint, name):
    path_template = self.get_path_template(request)
    REQUESTS.labels(request.method, path_template, response.status_code).inc()
    REQUESTS.labels(request.scope["route"].path).inc()
    REQUESTS.labels(request.url_rule.rule, request.endpoint, endpoint, name).inc()
    REQUESTS.labels(request.path if request.path in KNOWN else "other").inc()
    REQUESTS.labels(self.path, file.path).inc()
    try:
        pass
    except ValueError as e:
        REQUESTS.labels(type(e).__name__, e.__class__.__name__).inc()
`,
  );
  expect(findingsIn(labelCardinality, 'def plot(request):\n    axes.labels(request.path)\n')).toEqual([]);
});
