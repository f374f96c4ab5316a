/** Seconds of played media kept: the decoder needs the current group of pictures, nothing else. */
const keepSeconds = 8;
const trimEverySeconds = 5;

/**
 * One MediaSource with one SourceBuffer on a video element. Bytes go in, in order; it appends what has gathered
 * whenever the buffer is free, and trims what was played. Made anew for every init segment.
 */
export class MediaSink {
  readonly #video: HTMLVideoElement;
  readonly #source = new MediaSource();
  readonly #url: string;
  readonly #failed: (reason: string) => void;
  #buffer: SourceBuffer | null = null;
  #waiting: ArrayBuffer[] = [];
  #trimmedAt = 0;
  #closed = false;

  constructor(video: HTMLVideoElement, mime: string, failed: (reason: string) => void) {
    this.#video = video;
    this.#failed = failed;
    this.#url = URL.createObjectURL(this.#source);
    this.#source.addEventListener(
      'sourceopen',
      () => {
        URL.revokeObjectURL(this.#url);
        if (this.#closed) return;
        try {
          this.#buffer = this.#source.addSourceBuffer(mime);
        } catch (error) {
          this.#failed(String(error));
          return;
        }
        this.#buffer.addEventListener('updateend', () => this.#pump());
        this.#buffer.addEventListener('error', () => this.#failed('append'));
        this.#pump();
      },
      { once: true },
    );
    video.src = this.#url;
  }

  append(bytes: ArrayBuffer): void {
    this.#waiting.push(bytes);
    this.#pump();
  }

  /** The newest stretch of media that can be played, in seconds; null before the first picture. */
  newest(): { start: number; end: number } | null {
    const ranges = this.#buffer && !this.#closed ? this.#video.buffered : null;
    if (!ranges || ranges.length === 0) return null;
    // A hole of a few pictures is bridged by the decoder and must not count as an edge.
    let first = ranges.length - 1;
    while (first > 0 && ranges.start(first) - ranges.end(first - 1) < 0.2) first--;
    return { start: ranges.start(first), end: ranges.end(ranges.length - 1) };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#buffer = null;
  }

  #pump(): void {
    const buffer = this.#buffer;
    if (this.#closed || !buffer || buffer.updating || this.#source.readyState !== 'open') return;
    try {
      const played = this.#video.currentTime;
      if (played - this.#trimmedAt > trimEverySeconds && buffer.buffered.length > 0) {
        this.#trimmedAt = played;
        const from = buffer.buffered.start(0);
        if (played - keepSeconds > from) {
          buffer.remove(from, played - keepSeconds);
          return;
        }
      }
      if (this.#waiting.length > 0) buffer.appendBuffer(this.#take());
    } catch (error) {
      // Full: let go of everything before the picture shown, at once; anything else is final for this source.
      if (error instanceof DOMException && error.name === 'QuotaExceededError') this.#makeRoom(buffer);
      else this.#failed(String(error));
    }
  }

  #makeRoom(buffer: SourceBuffer): void {
    const end = this.#video.currentTime - 2;
    if (buffer.buffered.length > 0 && end > buffer.buffered.start(0)) buffer.remove(buffer.buffered.start(0), end);
    else this.#failed('quota');
  }

  /** All that has gathered as one piece: an append costs the same for one picture as for ten. */
  #take(): ArrayBuffer {
    const pieces = this.#waiting;
    this.#waiting = [];
    const only = pieces[0];
    if (pieces.length === 1 && only) return only;
    const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
    let at = 0;
    for (const piece of pieces) {
      all.set(new Uint8Array(piece), at);
      at += piece.byteLength;
    }
    return all.buffer;
  }
}
