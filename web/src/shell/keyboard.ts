import { useEffect, useRef } from 'react';

/** True where a key belongs to a field, a menu or a dialog, not to the room. */
function isTaken(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return true;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('input, textarea, select, [contenteditable], [role=menu], [role=radiogroup]')) return true;
  return document.querySelector('[role=dialog]') !== null;
}

/** The key without the layout's whims: letters by their Latin name, so that J K L work on an Arabic keyboard too. */
export function keyName(event: KeyboardEvent): string {
  if (/^Key[A-Z]$/.test(event.code) && !/^[a-z]$/i.test(event.key)) return event.code.slice(3).toLowerCase();
  if (/^Digit\d$/.test(event.code) && !/^[!-~]$/.test(event.key)) return event.code.slice(5);
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

/**
 * A room's keys, while the room is shown. The handler returns true when it used the key.
 * @param first before those that don't say so, whichever was shown first: the shell's
 */
export function useKeys(handler: (key: string, event: KeyboardEvent) => boolean, { first = false } = {}): void {
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTaken(event)) return;
      if (latest.current(keyName(event), event)) event.preventDefault();
    };
    window.addEventListener('keydown', onKey, first);
    return () => window.removeEventListener('keydown', onKey, first);
  }, [first]);
}
