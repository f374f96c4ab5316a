import type Hls from 'hls.js/light';
import type { Fragment } from 'hls.js/light';
import { playlistUrl } from '../api/client';
import type { Gap, StreamKind, Timeline } from '../api/types';
import { gapAt, nextRecorded } from './coverage';
import { browserPlays, silencing } from './silence';
import {
  contains,
  nextWindow,
  positionOf,
  shouldPreload,
  wallOf,
  windowAt,
  type Piece,
  type PlayWindow,
} from './windows';

export type PlaybackPhase = 'empty' | 'loading' | 'paused' | 'playing' | 'ended' | 'unsupported' | 'failed';

export interface PlaybackState {
  phase: PlaybackPhase;
  /** Wall clock of the picture shown, ms since 1970 UTC. */
  wall: number;
  /** Speed; negative plays backwards. */
  rate: number;
  /** A gap that was just jumped over, shown for a few seconds. */
  skipped: Gap | 'unknown' | null;
  reason: string | null;
}

export interface PlaybackOptions {
  now: () => number;
  /** What is recorded of the camera in a stretch. */
  timeline: (from: number, to: number) => Promise<Timeline>;
}

const skippedShownMs = 4000;
/** Closer to the present than this, playing on is what the live wall is for: fragments reach the archive with their key frames. */
const edgeMs = 8000;
const lookAheadMs = 24 * 3_600_000;
/** Restarts of a decoder that gave up, per window; a stream that breaks it every time is told as a failure. */
const mostRecoveries = 3;

/** One video element with one playlist window on it. */
class Deck {
  window: PlayWindow | null = null;
  /** Node's time at which the playlist was fetched: what was recorded later isn't in it. */
  fetchedAt = 0;
  ready: Promise<boolean> = Promise.resolve(false);
  #hls: Hls | null = null;
  #abandon: () => void = () => undefined;

  /** `failed` is told when loading ends for good after the first picture: nothing more will come. */
  constructor(
    readonly video: HTMLVideoElement,
    readonly failed: (deck: Deck, reason: string) => void,
  ) {
    video.muted = true;
    video.playsInline = true;
    video.disableRemotePlayback = true;
  }

  get pieces(): Piece[] {
    const details = this.#hls?.levels[0]?.details;
    return (details?.fragments ?? []).map((fragment: Fragment) => ({
      start: fragment.start,
      duration: fragment.duration,
      wall: fragment.programDateTime ?? 0,
    }));
  }

  /** Resolves to whether the window holds anything, false when closed before; rejects with the reason when it can't be loaded. */
  load(HlsClass: typeof Hls, url: string, window: PlayWindow, wall: number, now: number): Promise<boolean> {
    this.close();
    this.window = window;
    this.fetchedAt = now;
    const hls = new HlsClass({
      // The content security policy allows no worker from a blob; fragments are passed through, so there is nothing to unload.
      enableWorker: false,
      autoStartLoad: false,
      maxBufferLength: 20,
      maxMaxBufferLength: 60,
      backBufferLength: 30,
      maxBufferHole: 0.3,
      // Pictures must be shown where the playlist says, also over a gap.
      stretchShortVideoTrack: false,
      lowLatencyMode: false,
      // Sound that the browser doesn't play must not cost the pictures.
      fLoader: silencing(HlsClass.DefaultConfig.loader, browserPlays),
    });
    this.#hls = hls;
    this.ready = new Promise<boolean>((resolve, reject) => {
      let started = false;
      let recoveries = 0;
      this.#abandon = () => resolve(false);
      hls.on(HlsClass.Events.LEVEL_LOADED, (_event, { details }) => {
        if (started) return;
        started = true;
        if (details.fragments.length === 0) {
          resolve(false);
          return;
        }
        const position = positionOf(this.pieces, wall)?.position ?? Math.max(0, details.totalduration - 0.1);
        hls.startLoad(position, true);
        this.video.currentTime = position;
        resolve(true);
      });
      hls.on(HlsClass.Events.ERROR, (_event, error) => {
        if (!error.fatal) return;
        const reason = error.error.message || error.details;
        if (started) {
          if (error.type === HlsClass.ErrorTypes.MEDIA_ERROR && recoveries++ < mostRecoveries) hls.recoverMediaError();
          else this.failed(this, reason);
        } else if (error.details === HlsClass.ErrorDetails.LEVEL_EMPTY_ERROR || error.response?.code === 404) {
          resolve(false);
        } else {
          reject(new Error(reason));
        }
      });
    });
    hls.attachMedia(this.video);
    hls.loadSource(url);
    return this.ready;
  }

  close(): void {
    this.#hls?.destroy();
    this.#hls = null;
    this.window = null;
    this.#abandon();
  }
}

/**
 * Plays one camera's archive by wall clock: windows of the archive through hls.js, on two decks, the next window
 * loaded before the current one ends. Every time that goes in or comes out is wall time. Knows nothing of React.
 */
export class PlaybackPlayer {
  readonly #options: PlaybackOptions;
  readonly #listeners = new Set<() => void>();
  readonly #frameListeners = new Set<(wall: number) => void>();
  #active: Deck;
  #spare: Deck;
  #camera: string | null = null;
  #stream: StreamKind = 'main';
  #state: PlaybackState = { phase: 'empty', wall: 0, rate: 1, skipped: null, reason: null };
  /** Wanted, whatever the decoder is doing at the moment. */
  #running = false;
  #sound = false;
  /** Grows with every seek; what an older one still awaits is void. */
  #turn = 0;
  #frameMs = 40;
  #shownMedia: number | null = null;
  /** Where it was last sent to; null once a picture from there is shown. */
  #sent: number | null = null;
  #skipTimer = 0;
  #tickTimer = 0;
  #crossing = false;

  constructor(first: HTMLVideoElement, second: HTMLVideoElement, options: PlaybackOptions) {
    this.#options = options;
    this.#active = new Deck(first, this.#onFailed);
    this.#spare = new Deck(second, this.#onFailed);
    for (const deck of [this.#active, this.#spare]) {
      deck.video.addEventListener('ended', this.#onEnd);
      deck.video.addEventListener('waiting', this.#onWaiting);
      this.#watchFrames(deck);
    }
    this.#showActive();
    this.#tickTimer = window.setInterval(this.#tick, 200);
  }

  get state(): PlaybackState {
    return this.#state;
  }

  /** The element whose picture is on screen. */
  get video(): HTMLVideoElement {
    return this.#active.video;
  }

  get frameMs(): number {
    return this.#frameMs;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Told the exact wall clock of every picture that is shown. */
  onFrame(listener: (wall: number) => void): () => void {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.delete(listener);
  }

  async open(camera: string, stream: StreamKind, fps: number | null, wall: number): Promise<void> {
    if (camera !== this.#camera || stream !== this.#stream) {
      this.#active.close();
      this.#spare.close();
    }
    this.#camera = camera;
    this.#stream = stream;
    // That was said of the camera before.
    if (this.#state.phase === 'unsupported') this.#set({ phase: 'loading', reason: null });
    if (fps !== null && fps > 0) this.#frameMs = 1000 / fps;
    await this.seek(wall);
  }

  play(): void {
    this.#running = true;
    if (this.#state.phase === 'ended') void this.seek(this.#state.wall);
    else this.#apply();
  }

  pause(): void {
    this.#running = false;
    this.#apply();
  }

  toggle(): void {
    if (this.#running) this.pause();
    else this.play();
  }

  setRate(rate: number): void {
    this.#set({ rate });
    this.#apply();
    this.#applySound();
  }

  /** Whether the recording's sound is heard, where it has any; at its own speed only. */
  hear(sound: boolean): void {
    this.#sound = sound;
    this.#applySound();
  }

  /**
   * Goes on by so many ms from where it was last sent to: whoever presses quickly is ahead of the pictures.
   * Returns where to.
   */
  seekBy(ms: number): number {
    const to = Math.min((this.#sent ?? this.#state.wall) + ms, this.#options.now());
    void this.seek(to);
    return to;
  }

  /** Shows a moment. Where nothing was recorded, the first picture after it, and says which gap lies between. */
  async seek(wall: number): Promise<void> {
    if (this.#camera === null) return;
    const turn = ++this.#turn;
    const now = this.#options.now();
    const target = Math.min(wall, now);
    if (this.#state.phase === 'unsupported') return;
    this.#sent = target;

    const deck = this.#active;
    if (deck.window && contains(deck.window, target)) {
      const found = positionOf(deck.pieces, target);
      if (found) {
        if (found.wall > target + 1000) void this.#tellGap(target);
        this.#place(deck, found.position, found.wall);
        return;
      }
    }
    this.#set({ phase: 'loading', wall: target, reason: null });
    await this.#load(target, turn, true);
  }

  /** Moves by whole pictures, paused. */
  step(pictures: number): void {
    this.pause();
    const video = this.video;
    const shown = this.#shownMedia ?? video.currentTime;
    // To the middle of the wanted picture, where rounding of timestamps can't choose its neighbour.
    const to = shown + (pictures + 0.5) * (this.#frameMs / 1000);
    const pieces = this.#active.pieces;
    const last = pieces.at(-1);
    if (to < (pieces[0]?.start ?? 0) || (last && to > last.start + last.duration)) {
      void this.seek(this.#state.wall + pictures * this.#frameMs);
    } else {
      video.currentTime = to;
    }
  }

  unsupported(reason: string): void {
    this.#turn++;
    this.#active.close();
    this.#spare.close();
    this.#set({ phase: 'unsupported', reason });
  }

  dispose(): void {
    this.#turn++;
    window.clearInterval(this.#tickTimer);
    window.clearTimeout(this.#skipTimer);
    for (const deck of [this.#active, this.#spare]) {
      deck.video.removeEventListener('ended', this.#onEnd);
      deck.video.removeEventListener('waiting', this.#onWaiting);
      deck.close();
    }
    this.#listeners.clear();
    this.#frameListeners.clear();
  }

  async #load(wall: number, turn: number, mayJump: boolean): Promise<void> {
    const camera = this.#camera;
    if (camera === null) return;
    const window = windowAt(wall);
    const deck = this.#active;
    try {
      const { default: HlsClass } = await import('hls.js/light');
      if (turn !== this.#turn) return;
      this.#spare.close();
      const url = playlistUrl(camera, this.#stream, window.from, window.to);
      const filled = await deck.load(HlsClass, url, window, wall, this.#options.now());
      if (turn !== this.#turn) return;
      const found = filled ? positionOf(deck.pieces, wall) : null;
      if (found) {
        if (found.wall > wall + 1000) void this.#tellGap(wall);
        this.#place(deck, found.position, found.wall);
        return;
      }
      // Nothing from here to the end of the window: go on with what comes next, if anything does.
      const next = mayJump ? await this.#nextRecorded(wall) : null;
      if (turn !== this.#turn) return;
      if (next !== null && next > wall) {
        void this.#tellGap(wall);
        await this.#load(next, turn, false);
      } else {
        this.#set({ phase: 'ended', wall });
      }
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#set({ phase: 'failed', reason: error instanceof Error ? error.message : String(error) });
    }
  }

  async #nextRecorded(wall: number): Promise<number | null> {
    const timeline = await this.#options.timeline(wall, Math.min(wall + lookAheadMs, this.#options.now() + 1000));
    return nextRecorded(timeline.segments, wall);
  }

  async #tellGap(wall: number): Promise<void> {
    const now = this.#options.now();
    let gap: Gap | null = null;
    try {
      const around = await this.#options.timeline(wall - 60_000, wall + 60_000);
      gap = gapAt(around.gaps, wall, now);
      // Before the first recording nothing is missing.
      if (gap === null && around.oldest !== null && Date.parse(around.oldest) >= wall) return;
    } catch {
      // The gap is told without its cause.
    }
    this.#set({ skipped: gap ?? 'unknown' });
    window.clearTimeout(this.#skipTimer);
    this.#skipTimer = window.setTimeout(() => this.#set({ skipped: null }), skippedShownMs);
  }

  #place(deck: Deck, position: number, wall: number): void {
    // A hair inside, so that a picture that starts exactly here is the one shown.
    deck.video.currentTime = position + 0.001;
    this.#sent = wall;
    this.#set({ wall, phase: this.#running ? 'playing' : 'paused', reason: null });
    this.#apply();
  }

  #apply(): void {
    const video = this.video;
    const { rate, phase } = this.#state;
    if (phase === 'empty' || phase === 'loading' || phase === 'unsupported' || phase === 'failed') return;
    if (this.#running && rate > 0) {
      video.playbackRate = rate;
      video.play().catch(() => undefined);
    } else {
      video.pause();
    }
    if (phase !== 'ended') this.#set({ phase: this.#running ? 'playing' : 'paused' });
  }

  #tick = (): void => {
    const { phase, rate, wall } = this.#state;
    if (phase !== 'playing') return;
    const now = this.#options.now();
    if (rate < 0) {
      // No browser plays backwards: five pictures a second, each the right distance back.
      if (!this.video.seeking) void this.seek(wall + rate * 200);
      return;
    }
    const window = this.#active.window;
    if (window && this.#camera !== null && shouldPreload(window, wall, rate, now) && !this.#spare.window) {
      void this.#preload(nextWindow(window));
    }
    // At the end of a playlist that was fetched while its window was still being recorded.
    const video = this.video;
    if (video.ended || (video.readyState < 3 && this.#atEnd())) this.#onEnd();
  };

  async #preload(window: PlayWindow): Promise<void> {
    const camera = this.#camera;
    if (camera === null) return;
    const turn = this.#turn;
    this.#spare.window = window;
    const { default: HlsClass } = await import('hls.js/light');
    if (turn !== this.#turn || this.#spare.window !== window) return;
    const url = playlistUrl(camera, this.#stream, window.from, window.to);
    try {
      const filled = await this.#spare.load(HlsClass, url, window, window.from, this.#options.now());
      if (!filled) this.#spare.fetchedAt = 0;
    } catch {
      this.#spare.close();
    }
  }

  #atEnd(): boolean {
    const last = this.#active.pieces.at(-1);
    return last !== undefined && this.video.currentTime > last.start + last.duration - 0.3;
  }

  #onEnd = (event?: Event): void => {
    if ((event && event.target !== this.video) || !this.#running || this.#crossing) return;
    const deck = this.#active;
    const window = deck.window;
    if (!window || this.#state.phase === 'loading') return;
    this.#crossing = true;
    void this.#cross(deck, window).finally(() => (this.#crossing = false));
  };

  async #cross(deck: Deck, window: PlayWindow): Promise<void> {
    const turn = this.#turn;
    const wall = this.#state.wall;
    const next = nextWindow(window);
    const complete = deck.fetchedAt >= window.to;
    if (complete && this.#spare.window?.from === next.from && (await this.#spare.ready.catch(() => false))) {
      if (turn !== this.#turn) return;
      const first = this.#spare.pieces[0];
      if (first) {
        this.#active = this.#spare;
        this.#spare = deck;
        this.#showActive();
        deck.video.pause();
        deck.close();
        if (first.wall > wall + 1500) void this.#tellGap(wall + 200);
        this.#place(this.#active, first.start, first.wall);
        return;
      }
    }
    // Either the window has grown since its playlist was read, or something further on is recorded, or this is the end.
    const last = deck.pieces.at(-1);
    const after = last ? last.wall + last.duration * 1000 : wall;
    let onward: number | null = null;
    try {
      onward = await this.#nextRecorded(after + 50);
    } catch {
      // Asked again at the next turn of the timer.
    }
    if (turn !== this.#turn) return;
    if (onward !== null && onward < this.#options.now() - edgeMs) {
      if (onward > after + 1500) void this.#tellGap(after + 200);
      await this.#load(onward, turn, false);
    } else {
      this.#set({ phase: 'ended' });
    }
  }

  #onFailed = (deck: Deck, reason: string): void => {
    deck.close();
    if (deck !== this.#active) return;
    this.#turn++;
    deck.video.pause();
    this.#set({ phase: 'failed', reason });
  };

  #showActive(): void {
    this.#active.video.classList.add('active');
    this.#spare.video.classList.remove('active');
    this.#applySound();
  }

  #applySound(): void {
    this.#spare.video.muted = true;
    this.#active.video.muted = !this.#sound || this.#state.rate !== 1;
  }

  #onWaiting = (event: Event): void => {
    if (event.target === this.video && this.#atEnd()) this.#onEnd();
  };

  #watchFrames(deck: Deck): void {
    deck.video.requestVideoFrameCallback((_at, frame) => {
      if (deck === this.#active) this.#shown(deck, frame.mediaTime);
      this.#watchFrames(deck);
    });
  }

  #shown(deck: Deck, media: number): void {
    const before = this.#shownMedia;
    this.#shownMedia = media;
    if (before !== null && this.#state.rate <= 1) {
      const distance = (media - before) * 1000;
      // Neighbouring pictures only: a seek says nothing about the distance of two.
      if (distance > 5 && distance < this.#frameMs * 1.5) this.#frameMs += (distance - this.#frameMs) * 0.05;
    }
    const wall = wallOf(deck.pieces, media);
    if (wall === null || this.#state.phase === 'loading') return;
    // While it seeks on, this is the picture of a place that was left again.
    if (!deck.video.seeking) this.#sent = null;
    const jumped = wall - this.#state.wall;
    // Played from one recorded stretch into the next: the wall clock jumps further than the media.
    if (
      this.#state.phase === 'playing' &&
      before !== null &&
      jumped > 1500 &&
      jumped > (media - before) * 1000 + 1000
    ) {
      void this.#tellGap(wall - jumped / 2);
    }
    this.#set({ wall });
    for (const listener of this.#frameListeners) listener(wall);
  }

  #set(patch: Partial<PlaybackState>): void {
    const next = { ...this.#state, ...patch };
    const same = (Object.keys(patch) as (keyof PlaybackState)[]).every((key) => next[key] === this.#state[key]);
    if (same) return;
    this.#state = next;
    for (const listener of this.#listeners) listener();
  }
}
