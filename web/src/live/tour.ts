/** Where a tour is, and how long it has been there. */
export interface TourState {
  at: number;
  /** ms that its step was shown. */
  elapsed: number;
  /** ms until it goes on after somebody touched the wall; 0: nobody did. */
  held: number;
  /** Stopped by its button or key, until it is started again. */
  paused: boolean;
}

export const begin: TourState = { at: 0, elapsed: 0, held: 0, paused: false };

/** Who looks closer at something has as long; a wall that nobody touches goes on by itself. */
export const heldMs = 60_000;

/** The same after some time. The tab is shown, or this isn't asked. */
export function advance(state: TourState, ms: number, seconds: readonly number[]): TourState {
  if (seconds.length === 0 || state.paused) return state;
  if (state.held > 0) return { ...state, held: Math.max(0, state.held - ms) };
  const elapsed = state.elapsed + ms;
  const stay = (seconds[state.at] ?? 0) * 1000;
  return elapsed < stay ? { ...state, elapsed } : step(state, 1, seconds.length);
}

/** The next or the one before; both ends are joined. */
export const step = (state: TourState, by: 1 | -1, count: number): TourState => ({
  ...state,
  at: count === 0 ? 0 : (state.at + by + count) % count,
  elapsed: 0,
});

export const hold = (state: TourState): TourState => (state.held === heldMs ? state : { ...state, held: heldMs });

export const toggle = (state: TourState): TourState => ({
  ...state,
  held: 0,
  paused: !(state.paused || state.held > 0),
});
