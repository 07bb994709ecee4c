// What is shown where there is no answer: it is on its way, there is nothing, or something failed; each with what to do.

import type { ComponentChildren, JSX } from 'preact';
import type { Answer } from '../state/answer.ts';

export function Loading({ what }: { what: string }): JSX.Element {
  return (
    <p class="state state-loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {what}
    </p>
  );
}

/** What went wrong, in the words of the command line. */
export interface FailureWords {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export function Failure({ failure }: { failure: FailureWords }): JSX.Element {
  return (
    <div class="state state-failed" role="alert">
      <p>
        <strong>{sentence(failure.message)}</strong>
      </p>
      {failure.hint === undefined ? null : <p>{sentence(failure.hint)}</p>}
      <p class="faint">{failure.code}</p>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="state state-empty">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  );
}

/** Shows the answer, or its state. While a new answer is on its way the one before stays, dimmed. */
export function Answered<T>(props: {
  answer: Answer<T>;
  what: string;
  children: (value: T) => ComponentChildren;
}): JSX.Element | null {
  const { answer, what, children } = props;
  switch (answer.state) {
    case 'idle':
      return null;
    case 'failed':
      return <Failure failure={answer.failure} />;
    case 'loading':
      if (answer.before === undefined) return <Loading what={what} />;
      return (
        <div class="stale" aria-busy="true">
          {children(answer.before)}
        </div>
      );
    case 'ready':
      return <>{children(answer.value)}</>;
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
