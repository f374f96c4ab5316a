import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Timeline } from '../api/types';
import { PlaybackPlayer } from './PlaybackPlayer';

type Handler = (event: string, data: unknown) => void;

/** Stands in for hls.js: what it would load from the node is said by the test. */
class FakeHls {
  static readonly Events = { LEVEL_LOADED: 'levelLoaded', ERROR: 'error' };
  static readonly ErrorDetails = { LEVEL_EMPTY_ERROR: 'levelEmpty' };
  static readonly ErrorTypes = { MEDIA_ERROR: 'media' };
  static readonly DefaultConfig = { loader: Object };
  static made: FakeHls[] = [];
  levels: { details: unknown }[] = [];
  destroyed = false;
  recovered = 0;
  readonly #handlers = new Map<string, Handler>();

  constructor() {
    FakeHls.made.push(this);
  }
  on(event: string, handler: Handler) {
    this.#handlers.set(event, handler);
  }
  attachMedia() {}
  loadSource() {}
  startLoad() {}
  recoverMediaError() {
    this.recovered++;
  }
  destroy() {
    this.destroyed = true;
  }
  arrive(wall: number) {
    const details = { fragments: [{ start: 0, duration: 1800, programDateTime: wall }], totalduration: 1800 };
    this.levels = [{ details }];
    this.#handlers.get('levelLoaded')?.('levelLoaded', { details });
  }
  fail(type: string) {
    const error = new Error('no answer');
    this.#handlers.get('error')?.('error', { fatal: true, type, details: 'fragLoadError', error });
  }
}

vi.mock('hls.js/light', () => ({ default: FakeHls }));
vi.mock('../api/client', () => ({ playlistUrl: () => '/playlist' }));

class FakeVideo extends EventTarget {
  readonly classList = { add: () => undefined, remove: () => undefined };
  currentTime = 0;
  play = () => Promise.resolve();
  pause = () => undefined;
  requestVideoFrameCallback = () => 0;
}

const now = Date.parse('2026-03-01T12:00:00Z');
const at = Date.parse('2026-03-01T10:10:00Z');
const windowStart = Date.parse('2026-03-01T10:00:00Z');

function makePlayer() {
  const video = () => new FakeVideo() as unknown as HTMLVideoElement;
  return new PlaybackPlayer(video(), video(), {
    now: () => now,
    timeline: () => Promise.resolve({ segments: [], gaps: [], oldest: null, newest: null } as unknown as Timeline),
  });
}

async function latest(count: number): Promise<FakeHls> {
  await vi.waitFor(() => expect(FakeHls.made.length).toBe(count));
  const made = FakeHls.made.at(-1);
  if (!made) throw new Error('nothing was loaded');
  return made;
}

describe('playback', () => {
  let player: PlaybackPlayer;

  beforeEach(() => {
    vi.stubGlobal('window', globalThis);
    FakeHls.made = [];
    player = makePlayer();
    player.play();
  });
  afterEach(() => {
    player.dispose();
    vi.unstubAllGlobals();
  });

  it('says so when the node stops answering, and loads anew when asked again', async () => {
    void player.open('gate', 'main', 10, at);
    (await latest(1)).arrive(windowStart);
    await vi.waitFor(() => expect(player.state.phase).toBe('playing'));

    FakeHls.made[0]?.fail('network');
    expect(player.state).toMatchObject({ phase: 'failed', reason: 'no answer' });
    expect(FakeHls.made[0]?.destroyed).toBe(true);

    void player.seek(at);
    (await latest(2)).arrive(windowStart);
    await vi.waitFor(() => expect(player.state.phase).toBe('playing'));
  });

  it('gives a broken decoder a few chances, not endless ones', async () => {
    void player.open('gate', 'main', 10, at);
    const hls = await latest(1);
    hls.arrive(windowStart);
    await vi.waitFor(() => expect(player.state.phase).toBe('playing'));
    for (let i = 0; i < 4; i++) hls.fail('media');
    expect(hls.recovered).toBe(3);
    expect(player.state.phase).toBe('failed');
  });

  it('plays the next camera after one that this browser can’t decode', async () => {
    player.unsupported('H265');
    void player.open('gate', 'main', 10, at);
    (await latest(1)).arrive(windowStart);
    await vi.waitFor(() => expect(player.state.phase).toBe('playing'));
  });
});
