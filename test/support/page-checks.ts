// What every page of ours must hold, asked of a real browser: it logs no error, loads nothing it was not given, and axe
// finds nothing serious that would keep people out.

import axe from 'axe-core';
import type { Page } from 'playwright-core';

export interface PageRecord {
  /** Of everything the page asked for, itself included. */
  readonly requests: readonly string[];
  /** Errors and warnings of the console, and what its scripts threw. */
  readonly complaints: readonly string[];
}

/** Records from now on: call it before the page is opened. */
export function recordPage(page: Page): PageRecord {
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { requests, complaints };
}

/**
 * What axe calls serious or critical in the page as it is shown, one line for each element; with all of axe's rules but
 * those it calls experimental.
 */
export async function seriousViolations(page: Page): Promise<string[]> {
  // Evaluated by the debugger, not added as a script: the page's own policy stays in force.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    return axe.run({ resultTypes: ['violations'] });
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map(({ target, html }) => `${id}: ${help}: ${target.join(' ')}: ${html}`));
}
