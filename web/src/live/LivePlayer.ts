import type { StreamKind } from '../api/types';
import { backOff, catchUp, isFrozen, lateAfterMs, liveEdge } from './catchUp';
import { MediaSink } from './MediaSink';
import { ObjectTrail } from '../overlay/ObjectTrail';
import type { AnalysisState } from '../overlay/types';
import { readLiveMessage, type LiveMessage } from './protocol';

export type LivePhase =
  | 'paused'
  | 'connecting'
  /** Connected; the first picture is still to come. */
  | 'waiting'
  | 'live'
  | 'late'
  | 'frozen'
  /** The camera stopped sending; the node says why and goes on trying. */
  | 'interrupted'
  /** No connection to the node; tried again after a pause. */
  | 'disconnected'
  /** This browser can't decode the stream and there is no other. */
  | 'unsupported';

export interface LiveState {
  phase: LivePhase;
  stream: StreamKind | null;
  /** The sub-stream is shown in place of the main one, which this browser can't decode. */
  substituted: boolean;
  /** Wall clock of the picture shown, ms since 1970 UTC, whole seconds; null before the first. */
  wall: number | null;
  /** Age of the picture in whole seconds where it isn't live. */
  ageSeconds: number | null;
  /** Parts of the picture are hidden from this viewer. */
  masked: boolean;
  /** The node had to leave pictures out for this viewer a moment ago. */
  skipped: boolean;
  /** Sound comes along and is heard. */
  sound: boolean;
  /** How this camera's analysis goes; null where the node analyses nothing, or said nothing yet. */
  analysis: AnalysisState | null;
  cause: string | null;
  detail: string | null;
}

export interface LivePlayerOptions {
  url: (stream: StreamKind, sound: boolean) => string;
  hasSub: boolean;
  /** The node's clock, ms since 1970 UTC. */
  now: () => number;
  /** Called just before the picture is torn down for a new source: the moment to keep the last one. */
  beforeSwap?: () => void;
}

const start: LiveState = {
  phase: 'paused',
  stream: null,
  substituted: false,
  masked: false,
  wall: null,
  ageSeconds: null,
  skipped: false,
  sound: false,
  analysis: null,
  cause: null,
  detail: null,
};

const tickMs = 250;
/** Silence on a connected socket after which the connection itself is suspected. */
const silentAfterMs = 15_000;
const skippedShownMs = 3000;

/**
 * Plays one camera live: WebSocket → MSE, near the live edge, back again after every kind of trouble.
 * Knows nothing of React; state is read through subscribe() and state.
 * A video element belongs to one player for good.
 */
export class LivePlayer {
  readonly #video: HTMLVideoElement;
  readonly #options: LivePlayerOptions;
  readonly #listeners = new Set<() => void>();
  readonly #frameListeners = new Set<(wall: number) => void>();
  /** What was seen in the pictures, by their wall time. */
  readonly trail = new ObjectTrail();
  #state = start;
  #wanted: StreamKind = 'sub';
  #fallback = false;
  #sound = false;
  #socket: WebSocket | null = null;
  #sink: MediaSink | null = null;
  #attempt = 0;
  #timer = 0;
  #retry = 0;
  #target = liveEdge.target;
  /** Node's statement which wall time a media time stands for. */
  #clock: { media: number; wall: number } | null = null;
  /** Media time of the picture on screen, seconds. */
  #shown: number | null = null;
  #shownAt = 0;
  #usualMs = 40;
  #heardAt = 0;
  #skippedAt = -Infinity;
  #broken: { cause: string; detail: string } | null = null;

  constructor(video: HTMLVideoElement, options: LivePlayerOptions) {
    this.#video = video;
    this.#options = options;
    video.muted = true;
    video.playsInline = true;
    video.disableRemotePlayback = true;
    video.addEventListener('waiting', this.#onStall);
    video.addEventListener('error', this.#onVideoError);
    this.#watchFrames();
  }

  get video(): HTMLVideoElement {
    return this.#video;
  }

  get state(): LiveState {
    return this.#state;
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

  /** Exact wall clock of the picture on screen, ms since 1970 UTC. */
  wallNow(): number | null {
    return this.#shown === null ? null : this.#wallOf(this.#shown);
  }

  /** Distance to the newest picture received, seconds. */
  latency(): number | null {
    const newest = this.#sink?.newest();
    return newest ? newest.end - this.#video.currentTime : null;
  }

  play(stream: StreamKind): void {
    const change = stream !== this.#wanted;
    this.#wanted = stream;
    if (this.#timer === 0) this.#timer = window.setInterval(this.#tick, tickMs);
    else if (!change) return;
    this.#fallback = false;
    this.#attempt = 0;
    this.#connect();
  }

  /** Asks for sound or for none: it comes from a connection of its own kind, so the picture begins anew. */
  hear(sound: boolean): void {
    if (sound === this.#sound) return;
    this.#sound = sound;
    this.#video.muted = !sound;
    if (this.#timer !== 0) {
      this.#attempt = 0;
      this.#connect();
    }
  }

  /** Lets go of the connection and the decoder; the last picture stays, said to be old. */
  pause(): void {
    window.clearInterval(this.#timer);
    this.#timer = 0;
    this.#disconnect();
    this.#video.pause();
    this.#set({ ...this.#state, phase: 'paused' });
  }

  dispose(): void {
    this.pause();
    this.#listeners.clear();
    this.#sink?.close();
    this.#video.removeEventListener('waiting', this.#onStall);
    this.#video.removeEventListener('error', this.#onVideoError);
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  #connect(): void {
    this.#disconnect();
    const stream: StreamKind = this.#fallback ? 'sub' : this.#wanted;
    this.#set({ ...this.#state, phase: 'connecting', substituted: this.#fallback });
    const socket = new WebSocket(this.#options.url(stream, this.#sound));
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#heardAt = performance.now();
    let opened = false;
    socket.onopen = () => (opened = true);
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.#socket) return;
      this.#heardAt = performance.now();
      if (typeof event.data === 'string') {
        const message = readLiveMessage(event.data);
        if (message) this.#take(message);
      } else {
        this.#sink?.append(event.data);
      }
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      // The node itself doesn't answer: what it last said of the camera no longer holds.
      if (!opened) this.#broken = null;
      this.#reconnect();
    };
  }

  #disconnect(): void {
    window.clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #reconnect(): void {
    this.#disconnect();
    this.#set({ ...this.#state, analysis: null, phase: this.#broken ? 'interrupted' : 'disconnected' });
    this.#retry = window.setTimeout(() => this.#connect(), backOff(this.#attempt, Math.random()));
    this.#attempt++;
  }

  #take(message: LiveMessage): void {
    switch (message.type) {
      case 'init':
        this.#begin(message);
        break;
      case 'clock': {
        const wall = Date.parse(message.wall);
        if (Number.isFinite(wall)) this.#clock = { media: message.media, wall };
        break;
      }
      case 'objects': {
        // Of the same stream it is placed by media time, which no clock correction moves.
        const at = (message.media === null ? null : this.#wallOf(message.media)) ?? Date.parse(message.wall);
        if (Number.isFinite(at)) this.trail.add({ at, tracks: message.tracks });
        break;
      }
      case 'analysis': {
        const { asked, given, ageMs, blind, since, detail } = message;
        this.#set({ ...this.#state, analysis: { asked, given, ageMs, blind, since, detail } });
        break;
      }
      case 'skipped':
        this.#skippedAt = performance.now();
        break;
      case 'break':
        this.#broken = { cause: message.cause, detail: message.detail };
        this.#set({ ...this.#state, phase: 'interrupted', cause: message.cause, detail: message.detail });
        break;
      case 'error':
        if (message.code === 'masks') {
          // What may be seen has changed: no trouble, and the new picture is there at once.
          this.#attempt = 0;
          break;
        }
        this.#broken = { cause: message.code, detail: message.detail };
        this.#set({ ...this.#state, cause: message.code, detail: message.detail });
        break;
    }
  }

  #begin(init: Extract<LiveMessage, { type: 'init' }>): void {
    if (!MediaSource.isTypeSupported(init.mime)) {
      if (init.stream === 'main' && this.#options.hasSub && !this.#fallback) {
        this.#fallback = true;
        this.#connect();
      } else {
        this.#disconnect();
        this.#set({ ...this.#state, phase: 'unsupported', cause: 'codec', detail: init.mime });
      }
      return;
    }
    this.#options.beforeSwap?.();
    this.#sink?.close();
    this.#clock = null;
    this.#shown = null;
    this.#broken = null;
    this.trail.clear();
    this.#target = liveEdge.target;
    this.#sink = new MediaSink(this.#video, init.mime, () => {
      if (this.#timer !== 0) this.#reconnect();
    });
    this.#set({
      ...this.#state,
      phase: 'waiting',
      stream: init.stream,
      masked: init.masked === true,
      sound: this.#sound && init.mime.includes('mp4a'),
      cause: null,
      detail: null,
    });
  }

  #tick = (): void => {
    const now = performance.now();
    this.#followEdge();
    if (this.#socket?.readyState === WebSocket.OPEN && now - this.#heardAt > silentAfterMs && !this.#broken) {
      this.#reconnect();
      return;
    }
    const state = this.#state;
    if (state.phase === 'unsupported') return;

    const wall = this.wallNow();
    const age = wall === null ? null : Math.max(0, this.#options.now() - wall);
    let phase = state.phase;
    if (this.#shown !== null && this.#socket && !this.#broken && phase !== 'connecting') {
      if (isFrozen(now - this.#shownAt, this.#usualMs)) phase = 'frozen';
      else if (age !== null && age > lateAfterMs) phase = 'late';
      else phase = 'live';
    }
    // Ten good seconds forget earlier failures; the target sinks back slowly.
    if (phase === 'live') {
      this.#attempt = 0;
      this.#target = Math.max(liveEdge.target, this.#target - 0.002);
    }
    const old = phase !== 'live' && age !== null && age > 1000;
    this.#set({
      ...state,
      phase,
      wall: wall === null ? state.wall : Math.floor(wall / 1000) * 1000,
      ageSeconds: old ? Math.floor(age / 1000) : phase === 'live' ? null : this.#keptAge(),
      skipped: now - this.#skippedAt < skippedShownMs,
    });
  };

  /** Age of a picture kept from an earlier connection. */
  #keptAge(): number | null {
    return this.#state.wall === null ? null : Math.max(0, Math.floor((this.#options.now() - this.#state.wall) / 1000));
  }

  #followEdge(): void {
    const newest = this.#sink?.newest();
    const video = this.#video;
    if (!newest) return;
    const decision = catchUp(video.currentTime, newest.start, newest.end, this.#target);
    if (decision.kind === 'jump') video.currentTime = decision.to;
    else if (video.playbackRate !== decision.rate) video.playbackRate = decision.rate;
    // A browser may pause a muted video on its own, for instance when the machine slept.
    if (video.paused) video.play().catch(() => undefined);
  }

  #watchFrames(): void {
    this.#video.requestVideoFrameCallback((at, frame) => {
      if (this.#shown !== null) {
        const distance = (frame.mediaTime - this.#shown) * 1000;
        if (distance > 0 && distance < 5000) this.#usualMs += (distance - this.#usualMs) * 0.1;
      }
      const first = this.#shown === null;
      this.#shown = frame.mediaTime;
      this.#shownAt = at;
      if (first && this.#timer !== 0) this.#tick();
      const wall = this.#wallOf(frame.mediaTime);
      if (wall !== null) for (const listener of this.#frameListeners) listener(wall);
      this.#watchFrames();
    });
  }

  #onStall = (): void => {
    if (this.#state.phase === 'live') {
      this.#target = Math.min(liveEdge.targetCeiling, this.#target + liveEdge.targetStep);
    }
  };

  #onVideoError = (): void => {
    // A decoder that gave up on this stream starts again from a key frame, on a new source.
    if (this.#timer !== 0 && this.#video.error) this.#reconnect();
  };

  #wallOf(media: number): number | null {
    return this.#clock === null ? null : this.#clock.wall + (media - this.#clock.media) * 1000;
  }

  #set(next: LiveState): void {
    const before = this.#state;
    const same = (Object.keys(next) as (keyof LiveState)[]).every((key) => next[key] === before[key]);
    if (same) return;
    this.#state = next;
    for (const listener of this.#listeners) listener();
  }
}
