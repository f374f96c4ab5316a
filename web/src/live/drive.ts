/** Each from −1 to 1; 0 rests. */
export interface Speed {
  pan: number;
  tilt: number;
  zoom: number;
  /** Left out: it rests. */
  focus?: number;
}

export const still: Speed = { pan: 0, tilt: 0, zoom: 0 };

/** The node stops a camera that it hears nothing of for a second: said three times a second, one lost request does no harm. */
const againMs = 300;

const same = (a: Speed, b: Speed) =>
  a.pan === b.pan && a.tilt === b.tilt && a.zoom === b.zoom && (a.focus ?? 0) === (b.focus ?? 0);

/**
 * Steers one camera: says the speed again and again while it isn't still, one request at a time, the newest last.
 * Knows nothing of React.
 */
export class Drive {
  readonly #send: (speed: Speed) => Promise<void>;
  readonly #listeners = new Set<(error: unknown) => void>();
  #wanted = still;
  #sent = still;
  #sending = false;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(send: (speed: Speed) => Promise<void>) {
    this.#send = send;
  }

  /** Told when the camera didn't take a movement; it rests then. */
  onFailed(listener: (error: unknown) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  move(speed: Speed): void {
    const begins = same(this.#wanted, still) && !same(speed, still);
    const changes = !same(speed, this.#wanted);
    this.#wanted = speed;
    if (begins) this.#timer ??= setInterval(() => void this.#say(), againMs);
    if (changes) void this.#say();
  }

  stop(): void {
    this.move(still);
  }

  async #say(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      // What was wanted meanwhile is said at once; what is the same waits for the next beat.
      do {
        this.#sent = this.#wanted;
        await this.#send(this.#sent);
      } while (!same(this.#sent, this.#wanted));
    } catch (error) {
      this.#wanted = still;
      for (const listener of this.#listeners) listener(error);
    } finally {
      this.#sending = false;
      if (same(this.#wanted, still) && this.#timer !== null) {
        clearInterval(this.#timer);
        this.#timer = null;
      }
    }
  }
}
