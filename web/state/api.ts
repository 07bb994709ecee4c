// Asks the daemon. Every failure has the code, the words and the hint of the command line.

export class ApiFailure extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly status: number;
  /** The answer as it came: of a query that is not understood, where it is wrong. */
  readonly detail: unknown;

  constructor(code: string, message: string, hint: string | undefined, status: number, detail?: unknown) {
    super(message);
    this.name = 'ApiFailure';
    this.code = code;
    this.hint = hint;
    this.status = status;
    this.detail = detail;
  }
}

export function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>(path, signal === undefined ? {} : { signal });
}

export function send<T>(method: 'POST' | 'DELETE', path: string, body: unknown = {}): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  return request<T>(path, { method, headers, body: JSON.stringify(body) });
}

async function request<T>(path: string, options: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...options, credentials: 'same-origin' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiFailure('E_GONE', 'leakscope does not answer', 'its terminal tells whether it still runs', 0);
  }
  const text = await response.text();
  const answer: unknown = text === '' ? undefined : safeParse(text);
  if (response.ok) return answer as T;
  const { error, message, hint } = (answer ?? {}) as {
    error?: { code?: string; message?: string; hint?: string };
    message?: string;
    hint?: string;
  };
  throw new ApiFailure(
    error?.code ?? 'E_FAILED',
    error?.message ?? message ?? `the daemon answered ${response.status}`,
    error?.hint ?? hint,
    response.status,
    answer,
  );
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `/api/…?a=1&b=2` without what is undefined or empty. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  return search.size === 0 ? path : `${path}?${search}`;
}
