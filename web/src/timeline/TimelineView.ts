import { nodeNow } from '../api/clock';
import { centre, follow, pan, resize, zoom, type TimeScale } from './TimeScale';

/** The stretch all strips show, outside of React: strips redraw with the wheel, sixty times a second, without rendering. */
export class TimelineView {
  #scale: TimeScale;
  #playhead: number;
  #selection: { from: number; to: number } | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #drawings = new Set<() => void>();
  #frame = 0;

  constructor(at: number, span: number) {
    this.#scale = centre({ from: 0, perPixel: 1, width: 1000 }, at, span);
    this.#playhead = at;
  }

  get scale(): TimeScale {
    return this.#scale;
  }

  get playhead(): number {
    return this.#playhead;
  }

  get selection(): { from: number; to: number } | null {
    return this.#selection;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Called before the next picture of the screen when something has changed: once, however often it did. */
  onFrame = (draw: () => void): (() => void) => {
    this.#drawings.add(draw);
    return () => this.#drawings.delete(draw);
  };

  resize(width: number): void {
    if (width > 0 && width !== this.#scale.width) this.#put(resize(this.#scale, width));
  }

  zoom(factor: number, pixel: number): void {
    this.#put(zoom(this.#scale, factor, pixel));
  }

  pan(pixels: number): void {
    this.#put(pan(this.#scale, pixels));
  }

  show(ms: number, span?: number): void {
    this.#put(centre(this.#scale, ms, span));
  }

  put(scale: TimeScale): void {
    this.#put(scale);
  }

  /** Moves the playhead; the view turns its page when it was following. */
  play(ms: number): void {
    const before = this.#playhead;
    this.#playhead = ms;
    this.#scale = follow(this.#scale, ms, before, nodeNow());
    this.#tell();
  }

  select(selection: { from: number; to: number } | null): void {
    this.#selection =
      selection && selection.to < selection.from ? { from: selection.to, to: selection.from } : selection;
    this.#tell();
  }

  #put(scale: TimeScale): void {
    this.#scale = scale;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
    if (this.#drawings.size === 0 || this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      for (const draw of this.#drawings) draw();
    });
  }
}
