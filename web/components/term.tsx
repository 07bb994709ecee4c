// A word with its meaning: pointed at or focused, it is explained.

import type { ComponentChildren, JSX } from 'preact';
import { useId, useRef } from 'preact/hooks';
import { GLOSSARY, type GlossaryTerm } from '../glossary.ts';

export function Term({ of, children }: { of: GlossaryTerm; children?: ComponentChildren }): JSX.Element {
  const id = useId();
  const meaning = useRef<HTMLSpanElement>(null);
  const show = (): void => intoView(meaning.current!);
  return (
    <span class="term">
      <button type="button" class="term-word" aria-describedby={id} onMouseEnter={show} onFocus={show}>
        {children ?? of}
      </button>
      <span ref={meaning} class="term-meaning" role="tooltip" id={id}>
        {GLOSSARY[of]}
      </span>
    </span>
  );
}

/** Space left at the edges of the window, in pixels. */
const EDGE = 8;

/** Moves what would leave the window to the side back into it. */
function intoView(element: HTMLElement): void {
  element.style.translate = 'none';
  const { left, right } = element.getBoundingClientRect();
  const over = Math.max(0, right - (document.documentElement.clientWidth - EDGE));
  const under = Math.max(0, EDGE - (left - over));
  if (over > 0 || under > 0) element.style.translate = `${under - over}px 0`;
}
