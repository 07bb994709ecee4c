// Where the reader is, in the address: `#/object/0x7f…?p=4242&s=s1`. Every selection is a link that can be sent to others
// who have the same files open.

import { signal } from '@preact/signals';

export interface Route {
  readonly view: string;
  /** What of the view: an address, the rank of a suspect. */
  readonly subject: string;
  readonly params: Readonly<Record<string, string>>;
}

/** Kept from view to view: the process and the snapshot looked at. */
const STICKY = ['p', 's'];

export const route = signal<Route>(parse(location.hash));
addEventListener('hashchange', () => {
  route.value = parse(location.hash);
});

function parse(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', ...rest] = path.split('/');
  return {
    view: view === '' ? 'overview' : view,
    subject: rest.map(decodeURIComponent).join('/'),
    params: Object.fromEntries(new URLSearchParams(search)),
  };
}

/** A link within the page. Parameters of `undefined` or '' are left out. */
export function linkTo(
  view: string,
  subject = '',
  params: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const search = new URLSearchParams();
  const sticky = Object.fromEntries(STICKY.map((name) => [name, route.value.params[name]]));
  for (const [name, value] of Object.entries({ ...sticky, ...params })) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const path = subject === '' ? view : `${view}/${encodeURIComponent(subject)}`;
  return search.size === 0 ? `#/${path}` : `#/${path}?${search}`;
}

export function goTo(...target: Parameters<typeof linkTo>): void {
  location.hash = linkTo(...target);
}

/** Changes parameters of the view without a new entry in the history: sorting, searching. */
export function setParams(params: Readonly<Record<string, string | number | undefined>>): void {
  const { view, subject, params: now } = route.value;
  history.replaceState(null, '', linkTo(view, subject, { ...now, ...params }));
  route.value = parse(location.hash);
}
