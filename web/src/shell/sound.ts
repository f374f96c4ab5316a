import { useCallback, useEffect, useSyncExternalStore } from 'react';

// One camera at a time is heard, none unless somebody asks: forty at once would be noise, and nobody expects a wall to speak.
let heard: string | null = null;
const listeners = new Set<() => void>();

function hear(source: string | null) {
  if (heard === source) return;
  heard = source;
  for (const listener of listeners) listener();
}

/** Whether this source is the one that is heard, and how to change that. Falls silent when its place on the page goes. */
export function useSound(source: string): [on: boolean, set: (on: boolean) => void] {
  const on = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => heard === source,
  );
  const set = useCallback((wanted: boolean) => hear(wanted ? source : null), [source]);
  useEffect(
    () => () => {
      if (heard === source) hear(null);
    },
    [source],
  );
  return [on, set];
}
