// A dialog over the page: the browser's own, which keeps the focus inside and gives it back.

import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export function Modal(props: {
  label: string;
  class?: string;
  onClose: () => void;
  children: ComponentChildren;
}): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  // Before it is painted: keys typed right after are meant for it.
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, by the browser
    <dialog
      ref={element}
      class={`modal ${props.class ?? ''}`}
      aria-label={props.label}
      onClose={props.onClose}
      onCancel={props.onClose}
      onClick={(event) => {
        // Outside of its content.
        if (event.target === element.current) props.onClose();
      }}
    >
      <div class="modal-content">{props.children}</div>
    </dialog>
  );
}
