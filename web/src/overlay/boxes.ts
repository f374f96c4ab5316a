import { useSyncExternalStore } from 'react';
import { keep, kept } from '../i18n/preferences';

// One choice for live and playback, kept in this browser.
let shown = kept('boxes') !== 'off';
const listeners = new Set<() => void>();

export function setBoxes(next: boolean): void {
  shown = next;
  keep('boxes', next ? 'on' : 'off');
  for (const listener of listeners) listener();
}

export const boxesShown = (): boolean => shown;

/** Whether boxes are drawn over pictures. */
export const useBoxes = (): boolean =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, boxesShown);
