import type { Clip } from './check/manifest';

interface Slot {
  video: HTMLVideoElement;
  clip: Clip | null;
  /** Media time of the clip's first picture: recorded files count on from file to file. Null until it is known. */
  base: number | null;
  /** Seconds of the clip that were asked for before it was. */
  wanted: number;
}

export interface DeckEvents {
  /** Microseconds since 1970. */
  onTime: (time: number) => void;
  onEnded: (clip: Clip) => void;
  onFailed: (clip: Clip) => void;
  onReady: (clip: Clip) => void;
}

/** Two players that take turns: while one shows a clip, the other loads the next, and nothing is seen of the change. */
export class Deck {
  readonly #slots: [Slot, Slot];
  readonly #urlOf: (clip: Clip) => string;
  readonly #events: DeckEvents;
  readonly #listening = new AbortController();
  #playing = false;
  #speed = 1;
  #frame = 0;

  constructor(videos: [HTMLVideoElement, HTMLVideoElement], urlOf: (clip: Clip) => string, events: DeckEvents) {
    this.#urlOf = urlOf;
    this.#events = events;
    const slot = (video: HTMLVideoElement): Slot => ({ video, clip: null, base: null, wanted: 0 });
    this.#slots = [slot(videos[0]), slot(videos[1])];
    for (const each of this.#slots) {
      const { video } = each;
      const on = (name: string, does: () => void) =>
        video.addEventListener(name, does, { signal: this.#listening.signal });
      on('loadeddata', () => this.#loaded(each));
      on('ended', () => {
        if (each === this.#active && each.clip) this.#events.onEnded(each.clip);
      });
      on('error', () => {
        if (each === this.#active && each.clip) this.#events.onFailed(each.clip);
      });
      on('seeked', () => this.#tell());
    }
    const tick = () => {
      if (this.#playing) this.#tell();
      this.#frame = requestAnimationFrame(tick);
    };
    this.#frame = requestAnimationFrame(tick);
  }

  get #active(): Slot {
    return this.#slots[0];
  }

  get #idle(): Slot {
    return this.#slots[1];
  }

  /** Shows a clip from a time on. @param next what comes after it */
  show(clip: Clip, time: number, next: Clip | undefined): void {
    if (this.#active.clip !== clip) {
      if (this.#idle.clip !== clip) this.#load(this.#idle, clip);
      this.#active.video.pause();
      this.#slots.reverse();
    }
    this.#active.video.hidden = false;
    this.#idle.video.hidden = true;
    this.#active.wanted = (time - clip.start) / 1e6;
    this.#seek(this.#active);
    this.#run();
    if (next && this.#idle.clip !== next) this.#load(this.#idle, next);
  }

  /** Nothing to show. */
  blank(): void {
    for (const { video } of this.#slots) {
      video.pause();
      video.hidden = true;
    }
  }

  set isPlaying(value: boolean) {
    this.#playing = value;
    this.#run();
  }

  set speed(value: number) {
    this.#speed = value;
    this.#run();
  }

  set isMuted(value: boolean) {
    for (const { video } of this.#slots) video.muted = value;
  }

  close(): void {
    this.#listening.abort();
    cancelAnimationFrame(this.#frame);
    for (const { video } of this.#slots) {
      video.pause();
      video.removeAttribute('src');
      video.load();
    }
  }

  #load(slot: Slot, clip: Clip): void {
    slot.clip = clip;
    slot.base = null;
    slot.wanted = 0;
    slot.video.preload = 'auto';
    slot.video.src = this.#urlOf(clip);
    slot.video.load();
  }

  #loaded(slot: Slot): void {
    if (!slot.clip) return;
    slot.base = slot.video.currentTime;
    this.#seek(slot);
    if (slot !== this.#active) return;
    this.#run();
    this.#events.onReady(slot.clip);
  }

  #seek(slot: Slot): void {
    if (slot.base === null || slot.wanted < 0) return;
    const to = slot.base + slot.wanted;
    slot.wanted = -1;
    if (Math.abs(slot.video.currentTime - to) > 0.001) slot.video.currentTime = to;
  }

  #run(): void {
    const { video, base, clip } = this.#active;
    this.#idle.video.pause();
    if (!clip || video.hidden) return;
    video.playbackRate = this.#speed;
    if (!this.#playing || base === null) video.pause();
    // Refused where the browser wants a click first; then it stands still and says so by its button.
    else if (video.paused) video.play().catch(() => undefined);
  }

  #tell(): void {
    const { video, base, clip } = this.#active;
    if (clip && base !== null && !video.hidden && !video.seeking) {
      this.#events.onTime(clip.start + (video.currentTime - base) * 1e6);
    }
  }
}
