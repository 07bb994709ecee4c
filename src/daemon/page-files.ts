// The files of the page: read once at the start and served from memory by their exact names, so that no path that a
// request holds ever reaches the file system.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, sep } from 'node:path';

export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

export class PageFiles {
  readonly #files = new Map<string, PageFile>();

  /** Of a folder that holds an index.html; empty where there is none. */
  constructor(folder: string) {
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const path = join(folder, name);
      const type = TYPES[extname(name)];
      if (type === undefined || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue;
      this.#files.set(`/${name.split(sep).join('/')}`, { bytes: new Uint8Array(readFileSync(path)), type });
    }
  }

  /** The file of that exact path; the page itself for the addresses of its views, which have no extension. */
  find(path: string): PageFile | undefined {
    return (
      this.#files.get(path) ??
      (/^\/[\w/-]*$/.test(path) && !path.includes('//') ? this.#files.get('/index.html') : undefined)
    );
  }
}
