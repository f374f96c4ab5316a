import { nodeNow } from '../api/clock';

/** One picture of a sprite. */
export interface Tile {
  /** When it was taken, ms since 1970 UTC. */
  at: number;
  x: number;
  y: number;
}

/** A minute's pictures on one sheet. */
export interface Sprite {
  image: ImageBitmap;
  width: number;
  height: number;
  tiles: readonly Tile[];
}

export type ScrubState =
  | { kind: 'making' }
  | { kind: 'ready'; sprite: Sprite }
  /** Nothing recorded there that can be shown. */
  | { kind: 'none' }
  /** The node can't make any just now. */
  | { kind: 'away' };

/** What came of asking for a minute, and how long that holds, ms. */
export interface Answer {
  state: ScrubState;
  holds: number;
}

export type Load = (camera: string, minute: number, ahead: boolean) => Promise<Answer>;

const making: ScrubState = { kind: 'making' };
const minuteMs = 60_000;

/** Sheets are about a megabyte each once decoded; the browser's own cache gives back those that went. */
const most = 48;

/** The node makes two at once. */
const atOnce = 2;

export const minuteOf = (ms: number): number => Math.floor(ms / minuteMs);

/** The picture taken nearest to a moment. */
export function nearestTile(tiles: readonly Tile[], ms: number): Tile | null {
  let found: Tile | null = null;
  for (const tile of tiles) {
    if (found === null || Math.abs(tile.at - ms) < Math.abs(found.at - ms)) found = tile;
  }
  return found;
}

async function load(camera: string, minute: number, ahead: boolean): Promise<Answer> {
  const away = (seconds: number): Answer => ({ state: { kind: 'away' }, holds: seconds * 1000 });
  try {
    const response = await fetch(
      `/api/cameras/${encodeURIComponent(camera)}/previews/${minute}.jpg${ahead ? '?ahead=true' : ''}`,
    );
    if (response.status === 204 || response.status === 404) return { state: { kind: 'none' }, holds: minuteMs };
    if (!response.ok) return away(Number(response.headers.get('Retry-After') ?? 5));
    const layout = JSON.parse(response.headers.get('Atalaya-Preview') ?? '') as Omit<Sprite, 'image'>;
    const image = await createImageBitmap(await response.blob());
    const final = response.headers.get('Cache-Control')?.includes('immutable') === true;
    return { state: { kind: 'ready', sprite: { ...layout, image } }, holds: final ? Infinity : 10_000 };
  } catch {
    return away(5);
  }
}

/**
 * Pictures for a pointer that moves along a timeline. Only the newest wish counts: what the pointer has left isn't asked for any more, what is under way
 * is taken along. When the pointer rests the minutes beside it are fetched, too.
 */
export class ScrubPictures {
  readonly #load: Load;
  readonly #now: () => number;
  readonly #entries = new Map<string, { state: ScrubState; until: number }>(); // used longest ago first
  readonly #asked = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #wish: { camera: string; minute: number } | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(loader: Load = load, now: () => number = nodeNow) {
    this.#load = loader;
    this.#now = now;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** What is known of a minute; the same object until that changes. */
  look(camera: string, ms: number): ScrubState {
    return this.#entries.get(keyOf(camera, minuteOf(ms)))?.state ?? making;
  }

  /** Someone looks at this moment; null: at none any more. */
  want(wish: { camera: string; ms: number } | null): void {
    clearTimeout(this.#retry);
    this.#wish = wish && { camera: wish.camera, minute: minuteOf(wish.ms) };
    this.#next();
  }

  #next(): void {
    const wish = this.#wish;
    if (!wish || this.#asked.size >= atOnce) return;
    if (this.#needs(wish.camera, wish.minute)) {
      void this.#ask(wish.camera, wish.minute, false);
      return;
    }
    // What can't be had now is tried again while someone looks.
    const entry = this.#entries.get(keyOf(wish.camera, wish.minute));
    if (entry && entry.until !== Infinity) {
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#next(), Math.max(50, entry.until - this.#now()));
    }
    if (entry?.state.kind !== 'ready' || this.#asked.size > 0) return;
    const beside = [wish.minute + 1, wish.minute - 1].find(
      (minute) => minute <= minuteOf(this.#now()) && !this.#entries.has(keyOf(wish.camera, minute)),
    );
    if (beside !== undefined) void this.#ask(wish.camera, beside, true);
  }

  #needs(camera: string, minute: number): boolean {
    const key = keyOf(camera, minute);
    const entry = this.#entries.get(key);
    if (entry && entry.until > this.#now()) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return false;
    }
    return !this.#asked.has(key);
  }

  async #ask(camera: string, minute: number, ahead: boolean): Promise<void> {
    const key = keyOf(camera, minute);
    this.#asked.add(key);
    const { state, holds } = await this.#load(camera, minute, ahead);
    this.#asked.delete(key);
    this.#drop(key);
    this.#entries.set(key, { state, until: this.#now() + holds });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= most) break;
      this.#drop(oldest);
    }
    for (const listener of this.#listeners) listener();
    this.#next();
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry?.state.kind === 'ready') entry.state.sprite.image.close();
  }
}

const keyOf = (camera: string, minute: number) => `${camera}/${minute}`;
