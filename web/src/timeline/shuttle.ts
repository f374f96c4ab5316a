export const speeds = [0.25, 0.5, 1, 2, 4, 8, 16] as const;

/** The keys J and L of an editing suite: the first press starts in that direction, each further one doubles. */
export function shuttle(rate: number, running: boolean, direction: 1 | -1): number {
  if (!running || Math.sign(rate) !== direction) return direction;
  return direction * Math.min(16, Math.max(1, Math.abs(rate) * 2));
}
