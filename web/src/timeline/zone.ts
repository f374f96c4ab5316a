/** A site's time zone as arithmetic: what Intl formats but doesn't calculate. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;
  // Offsets change at quarter hours at the finest, so one entry per quarter hour is exact.
  readonly #offsets = new Map<number, number>();

  constructor(readonly name: string) {
    this.#format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  }

  /** Distance from UTC at an instant, ms; positive to the east. */
  offsetAt = (ms: number): number => {
    const quarter = Math.floor(ms / 900_000);
    let offset = this.#offsets.get(quarter);
    if (offset === undefined) {
      const parts: Record<string, number> = {};
      for (const { type, value } of this.#format.formatToParts(quarter * 900_000)) parts[type] = Number(value);
      const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
      offset = Date.UTC(year, month - 1, day, hour, minute, second) - quarter * 900_000;
      this.#offsets.set(quarter, offset);
    }
    return offset;
  };

  /** For an input of type datetime-local, to the second. */
  toLocalText(ms: number): string {
    return new Date(ms + this.offsetAt(ms)).toISOString().slice(0, 19);
  }

  /** Reads what such an input holds; null where it isn't a time. */
  fromLocalText(text: string): number | null {
    const local = Date.parse(`${text}Z`);
    if (!Number.isFinite(local)) return null;
    const guess = local - this.offsetAt(local);
    return local - this.offsetAt(guess);
  }

  startOfDay(ms: number): number {
    const local = Math.floor((ms + this.offsetAt(ms)) / 86_400_000) * 86_400_000;
    const guess = local - this.offsetAt(ms);
    return local - this.offsetAt(guess);
  }
}
