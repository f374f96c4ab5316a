import type { TrackJson } from './types';

/** What one analysed picture showed; `at` is ms since 1970 UTC on the clock of whoever shows it. */
export interface Seen {
  at: number;
  tracks: readonly TrackJson[];
}

export interface ShownBox {
  id: number;
  class: TrackJson['class'];
  box: readonly [number, number, number, number];
  coasting: boolean;
  /** 1: known for this picture; less: a result that grows old. */
  opacity: number;
}

/** Further apart, and nothing is known of the way between two results. */
const bridgeMs = 1500;
/** A result later than its picture by so much goes on the way it went, then it fades. */
const holdMs = 300;
const fadeMs = 500;
const keep = 600;

/**
 * Results in order of their pictures' time, and what to draw over a picture between two of them. Never a box older
 * than a second or two: it would pass for a live one.
 */
export class ObjectTrail {
  #seen: Seen[] = [];

  add(seen: Seen): void {
    const last = this.#seen.at(-1);
    if (last && seen.at <= last.at) {
      if (seen.at < last.at - 5000) this.#seen = [];
      else if (this.#seen.some((other) => other.at === seen.at)) return;
    }
    let at = this.#seen.length;
    while (at > 0 && (this.#seen[at - 1] as Seen).at > seen.at) at--;
    this.#seen.splice(at, 0, seen);
    if (this.#seen.length > keep) this.#seen.shift();
  }

  clear(): void {
    this.#seen = [];
  }

  /** What to draw over the picture of this time. */
  shownAt(wall: number): ShownBox[] {
    let low = 0;
    let high = this.#seen.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#seen[middle] as Seen).at <= wall) low = middle + 1;
      else high = middle;
    }
    const before = this.#seen[low - 1];
    const after = this.#seen[low];
    if (!before) return [];
    if (after && after.at - before.at <= bridgeMs) {
      const part = (wall - before.at) / (after.at - before.at);
      const next = new Map(after.tracks.map((track) => [track.id, track]));
      return before.tracks.map((track) => {
        const to = next.get(track.id);
        const box = four(track.box);
        const end = to ? four(to.box) : box;
        return {
          id: track.id,
          class: track.class,
          box: [0, 1, 2, 3].map((i) => lerp(box[i] as number, end[i] as number, part)) as unknown as ShownBox['box'],
          coasting: track.coasting,
          // What the next picture no longer shows goes on its way there.
          opacity: to ? 1 : 1 - part,
        };
      });
    }
    const age = wall - before.at;
    const opacity = 1 - Math.max(0, Math.min(1, (age - holdMs) / fadeMs));
    if (opacity <= 0) return [];
    const earlier = this.#seen[low - 2];
    const way = earlier && before.at - earlier.at <= bridgeMs ? earlier : null;
    const was = new Map(way?.tracks.map((track) => [track.id, track]));
    return before.tracks.map((track) => {
      const box = four(track.box);
      const from = was.get(track.id);
      const old = from && way ? four(from.box) : box;
      const part = way ? 1 + age / (before.at - way.at) : 1;
      return {
        id: track.id,
        class: track.class,
        // Sizes shake more than places: only the place goes on.
        box: [lerp(old[0], box[0], part), lerp(old[1], box[1], part), box[2], box[3]] as const,
        coasting: track.coasting,
        opacity,
      };
    });
  }
}

const lerp = (a: number, b: number, part: number) => a + (b - a) * part;
const four = (box: readonly number[]): ShownBox['box'] => [box[0] ?? 0, box[1] ?? 0, box[2] ?? 0, box[3] ?? 0];
