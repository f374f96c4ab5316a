import { useSyncExternalStore } from 'react';

// One short sentence at a time, spoken to screen readers as well; nothing here needs an answer.
interface Toast {
  text: string;
  wrong: boolean;
}

let current: Toast | null = null;
let timer = 0;
const listeners = new Set<() => void>();

export function toast(text: string, { wrong = false } = {}): void {
  current = { text, wrong };
  clearTimeout(timer);
  timer = window.setTimeout(
    () => {
      current = null;
      for (const listener of listeners) listener();
    },
    wrong ? 8000 : 4000,
  );
  for (const listener of listeners) listener();
}

export const useToast = (): Toast | null =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
