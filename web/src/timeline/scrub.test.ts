import { describe, expect, it } from 'vitest';
import { minuteOf, nearestTile, ScrubPictures, type Answer } from './scrub';

const noon = Date.UTC(2026, 10, 22, 12);
const at = (minutes: number) => ({ camera: 'gate', ms: noon + minutes * 60_000 });

/** A node that answers when the test says so. */
function bench() {
  const asked: { minute: number; ahead: boolean; answer: (kind: 'ready' | 'none' | 'away') => Promise<void> }[] = [];
  const closed: number[] = [];
  let now = noon + 3_600_000;
  const pictures = new ScrubPictures(
    (_, minute, ahead) =>
      new Promise<Answer>((resolve) => {
        const image = { width: 768, height: 324, close: () => void closed.push(minute) };
        const sprite = { image, width: 192, height: 108, tiles: [{ at: minute * 60_000, x: 0, y: 0 }] };
        asked.push({
          minute: minute - minuteOf(noon),
          ahead,
          answer: async (kind) => {
            resolve(
              kind === 'ready' ? { state: { kind, sprite }, holds: Infinity } : { state: { kind }, holds: 60_000 },
            );
            await Promise.resolve();
            await Promise.resolve();
          },
        });
      }),
    () => now,
  );
  return { asked, closed, pictures, pass: (ms: number) => (now += ms) };
}

describe('pictures while scrubbing', () => {
  it('shows the one that was taken nearest', () => {
    const tiles = [0, 5000, 10_000].map((ms) => ({ at: noon + ms, x: 0, y: 0 }));
    expect(nearestTile(tiles, noon + 6000)?.at).toBe(noon + 5000);
    expect(nearestTile(tiles, noon + 59_000)?.at).toBe(noon + 10_000);
    expect(nearestTile([], noon)).toBeNull();
  });

  it('asks for what the pointer is at, not for all that it passed', async () => {
    const { asked, pictures } = bench();
    for (let minute = 0; minute < 20; minute++) pictures.want(at(minute));
    expect(asked.map((a) => a.minute)).toEqual([0, 1]);
    await asked[0]?.answer('ready');
    expect(asked.map((a) => a.minute)).toEqual([0, 1, 19]);
    // What was under way is kept, and a picture never stands for another minute's.
    expect(pictures.look('gate', at(0).ms).kind).toBe('ready');
    expect(pictures.look('gate', at(19).ms).kind).toBe('making');
    expect(pictures.look('other', at(0).ms).kind).toBe('making');
  });

  it('fetches the minutes beside a pointer that rests, behind all others', async () => {
    const { asked, pictures } = bench();
    pictures.want(at(5));
    for (let i = 0; i < 3; i++) await asked[i]?.answer('ready');
    expect(asked.map((a) => [a.minute, a.ahead])).toEqual([
      [5, false],
      [6, true],
      [4, true],
    ]);
  });

  it('asks for nothing when nobody looks, and not again for what it has', async () => {
    const { asked, pictures } = bench();
    pictures.want(at(5));
    pictures.want(null);
    await asked[0]?.answer('ready');
    pictures.want(at(5));
    pictures.want(null);
    expect(asked.filter((a) => a.minute === 5)).toHaveLength(1);
  });

  it('tries again what could not be had, after a while', async () => {
    const { asked, pictures, pass } = bench();
    pictures.want(at(5));
    await asked[0]?.answer('away');
    expect(pictures.look('gate', at(5).ms).kind).toBe('away');
    pictures.want(at(5));
    expect(asked).toHaveLength(1);
    pass(61_000);
    pictures.want(at(5));
    expect(asked).toHaveLength(2);
    pictures.want(null);
  });

  it('lets go of the sheets that were looked at longest ago', async () => {
    const { asked, closed, pictures } = bench();
    for (let minute = 0; minute < 50; minute++) {
      pictures.want(at(-2 * minute));
      await asked.at(-1)?.answer('ready');
      pictures.want(null);
    }
    expect(closed.length).toBeGreaterThan(0);
    expect(pictures.look('gate', at(0).ms).kind).toBe('making');
  });
});
