// How a renderer writes: the width it has, whether it may colour, how much detail is wanted.

import { styleText } from 'node:util';
import { clampWidth } from './layout.ts';

/** What a piece of text is, as far as colour goes. */
export type Role = 'leak' | 'suspect' | 'healthy' | 'inconclusive' | 'name' | 'label' | 'place' | 'faint';

export interface RenderStyle {
  /** Columns, 80..160. */
  readonly width: number;
  readonly verbose: boolean;
  /** Colours the text, or returns it as it is. */
  readonly paint: (role: Role, text: string) => string;
}

const FORMATS = {
  leak: ['bold', 'red'],
  suspect: ['bold', 'yellow'],
  healthy: ['bold', 'green'],
  inconclusive: ['bold', 'magenta'],
  name: ['bold'],
  label: ['dim'],
  place: ['cyan'],
  faint: ['dim'],
} as const satisfies Record<Role, Parameters<typeof styleText>[0]>;

export interface RenderStyleOptions {
  /** Columns of the terminal; unset when the output is not one. */
  readonly columns?: number | undefined;
  readonly colour?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

export function createRenderStyle(options: RenderStyleOptions = {}): RenderStyle {
  return {
    width: clampWidth(options.columns),
    verbose: options.verbose ?? false,
    paint:
      options.colour === true
        ? (role, text) => styleText([...FORMATS[role]], text, { validateStream: false })
        : (_role, text) => text,
  };
}

/** What decides colour, as https://no-color.org and https://force-color.org have it. */
export interface ColourConditions {
  readonly isTty: boolean;
  /** `--no-color` was given. */
  readonly disabled: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function wantsColour({ isTty, disabled, env }: ColourConditions): boolean {
  if (disabled || (env.NO_COLOR ?? '') !== '') return false;
  const force = env.FORCE_COLOR;
  if (force !== undefined && force !== '') return force !== '0';
  return isTty && env.TERM !== 'dumb';
}
