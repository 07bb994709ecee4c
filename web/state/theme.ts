// Light, dark, or as the system has it; remembered in this browser.

import { computed, effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'leakscope-theme';

/** As chosen. */
export const theme = signal<Theme>(read());

const system = matchMedia('(prefers-color-scheme: dark)');
const isSystemDark = signal(system.matches);
system.addEventListener('change', () => {
  isSystemDark.value = system.matches;
});

/** As shown: what is drawn on a canvas is drawn anew when it changes. */
export const shownTheme = computed<'light' | 'dark'>(() => {
  if (theme.value !== 'system') return theme.value;
  return isSystemDark.value ? 'dark' : 'light';
});
effect(() => {
  document.documentElement.dataset['theme'] = shownTheme.value;
});

function read(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    // Storage may be forbidden; the theme is then the system's.
    return 'system';
  }
}

export function nextTheme(): void {
  theme.value = theme.value === 'system' ? 'light' : theme.value === 'light' ? 'dark' : 'system';
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // As above.
  }
}

/** The value of a custom property of the style sheet, for what is drawn on a canvas. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
