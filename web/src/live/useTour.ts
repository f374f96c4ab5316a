import { useCallback, useEffect, useState } from 'react';
import type { Tour } from '../api/types';
import { advance, begin, hold, step, toggle, type TourState } from './tour';

const tickMs = 250;

/** A tour that goes on while the tab is shown: a hidden one neither streams nor moves. */
export function useTour(tour: Tour | null) {
  const [state, setState] = useState<TourState>(begin);
  const [shown, setShown] = useState(tour?.id);
  if (shown !== tour?.id) {
    setShown(tour?.id);
    setState(begin);
  }
  const steps = tour?.steps;
  useEffect(() => {
    if (!steps || steps.length === 0) return;
    const seconds = steps.map((each) => each.seconds);
    let last = performance.now();
    const timer = window.setInterval(() => {
      const now = performance.now();
      const passed = now - last;
      last = now;
      if (!document.hidden) setState((before) => advance(before, passed, seconds));
    }, tickMs);
    return () => window.clearInterval(timer);
  }, [steps]);

  const count = steps?.length ?? 0;
  return {
    state,
    step: steps && count > 0 ? (steps[Math.min(state.at, count - 1)] ?? null) : null,
    next: useCallback(() => setState((before) => step(before, 1, count)), [count]),
    previous: useCallback(() => setState((before) => step(before, -1, count)), [count]),
    hold: useCallback(() => setState(hold), []),
    toggle: useCallback(() => setState(toggle), []),
  };
}
