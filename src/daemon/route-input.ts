// What routes take, checked against the protocol, and what they give.

import type { Context } from 'hono';
import * as v from 'valibot';
import { LeakscopeError } from '../base/errors.ts';
import { safeJson } from './safe-json.ts';

/** Throws E_USAGE that names the part that is wrong. */
export function queryOf<S extends v.GenericSchema>(context: Context, schema: S): v.InferOutput<S> {
  return check(schema, context.req.query());
}

export async function bodyOf<S extends v.GenericSchema>(context: Context, schema: S): Promise<v.InferOutput<S>> {
  let body: unknown;
  try {
    body = await context.req.json();
  } catch {
    throw new LeakscopeError('E_USAGE', 'the request is no JSON');
  }
  return check(schema, body);
}

function check<S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new LeakscopeError('E_USAGE', `${path === null ? '' : `${path}: `}${issue.message}`);
}

const Pid = v.pipe(v.string(), v.regex(/^[1-9]\d{0,6}$/), v.transform(Number));
const Id = v.pipe(v.string(), v.regex(/^s\d{1,9}$/));
const Address = v.pipe(v.string(), v.regex(/^0x[0-9a-f]{1,14}$/));

export function pidOf(context: Context): number {
  return check(Pid, context.req.param('pid'));
}

export function snapshotIdOf(context: Context): string {
  return check(Id, context.req.param('id'));
}

export function addressOf(context: Context): string {
  return check(Address, context.req.param('address'));
}

export function jsonResponse(data: unknown, status = 200): Response {
  return jsonTextResponse(safeJson(data), status);
}

/** Of text that `safeJson` made. */
export function jsonTextResponse(json: string, status = 200): Response {
  return new Response(json, { status, headers: { 'content-type': 'application/json; charset=utf-8' } });
}
