// A word with its meaning: pointed at or focused, it is explained.

import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import { GLOSSARY, type GlossaryTerm } from '../glossary.ts';

export function Term({ of, children }: { of: GlossaryTerm; children?: ComponentChildren }): JSX.Element {
  const id = useId();
  return (
    <span class="term">
      <button type="button" class="term-word" aria-describedby={id}>
        {children ?? of}
      </button>
      <span class="term-meaning" role="tooltip" id={id}>
        {GLOSSARY[of]}
      </span>
    </span>
  );
}
