// A retaining path as the command line writes it, broken only between its steps: `module shop › global cache › ['…']`.

import type { JSX } from 'preact';

export function PathText({ path }: { path: string }): JSX.Element {
  if (path === '') return <span class="faint">nothing reaches it</span>;
  const steps = path.split(' › ');
  return (
    <span class="path">
      {steps.map((step, i) => (
        // Steps of one path may be called the same: their place tells them apart.
        <span key={`${i}`}>
          {i > 0 ? <span class="path-arrow"> › </span> : null}
          <span class={i === steps.length - 1 ? 'path-step last' : 'path-step'}>{step}</span>
          <wbr />
        </span>
      ))}
    </span>
  );
}
