const place = 'atalaya.log-key';

export interface KnownKey {
  key: string;
  /** When this browser saw it first, milliseconds since 1970. */
  since: number;
}

/** The log's key as this browser saw it first: what the node says later is compared with it. */
export function knownKey(shown: string, now: number): KnownKey {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? 'null');
    if (typeof kept === 'object' && kept !== null && 'key' in kept && 'since' in kept) {
      const { key, since } = kept;
      if (typeof key === 'string' && typeof since === 'number') return { key, since };
    }
    return keepKey(shown, now);
  } catch {
    return { key: shown, since: now };
  }
}

export function keepKey(key: string, now: number): KnownKey {
  try {
    localStorage.setItem(place, JSON.stringify({ key, since: now }));
  } catch {
    // It counts until the page is left.
  }
  return { key, since: now };
}
