import type Hls from 'hls.js/light';
import type { FragmentLoaderContext, LoaderCallbacks } from 'hls.js/light';
import { describe, expect, it } from 'vitest';
import { silenceFragments, silenceInit, silencing } from './silence';

type Bytes = number[];

const text = (letters: string): Bytes => Array.from(letters, (letter) => letter.charCodeAt(0));
const word = (value: number): Bytes => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const zeros = (count: number): Bytes => Array<number>(count).fill(0);
const box = (name: string, ...content: Bytes[]): Bytes => [
  ...word(8 + content.flat().length),
  ...text(name),
  ...content.flat(),
];
/** The same box with its length in 64 bits. */
const longBox = (name: string, ...content: Bytes[]): Bytes => [
  ...word(1),
  ...text(name),
  ...word(0),
  ...word(16 + content.flat().length),
  ...content.flat(),
];

const trak = (track: number, handler: string, entry: string, version = 0, name = 'trak'): Bytes =>
  box(
    name,
    box('tkhd', [version, 0, 0, 7], zeros(version === 1 ? 16 : 8), word(track), zeros(60)),
    box(
      'mdia',
      box('hdlr', zeros(8), text(handler), zeros(13)),
      box('minf', box('stbl', box('stsd', zeros(4), word(1), box(entry, zeros(28))))),
    ),
  );
const trex = (track: number, name = 'trex'): Bytes => box(name, zeros(4), word(track), zeros(16));
const traf = (track: number, name = 'traf'): Bytes =>
  box(name, box('tfhd', [0, 2, 0, 0], word(track)), box('trun', zeros(12)));

const ftyp = box('ftyp', text('isom'));
const init = (...traks: Bytes[]) => [...ftyp, ...box('moov', box('mvhd', zeros(100)), ...traks)];
const buffer = (bytes: Bytes): ArrayBuffer => new Uint8Array(bytes).buffer;
const plays = (entry: string) => entry === 'mp4a';

function silenced(bytes: Bytes): Bytes {
  const data = buffer(bytes);
  silenceInit(data, plays);
  return [...new Uint8Array(data)];
}

function fragmentsSilenced(bytes: Bytes, head: Bytes): Bytes {
  const data = buffer(bytes);
  silenceFragments(data, new Uint8Array(head));
  return [...new Uint8Array(data)];
}

const withSound = init(trak(1, 'vide', 'avc1'), trak(2, 'soun', 'ulaw'), box('mvex', trex(1), trex(2)));
const pictures = init(
  trak(1, 'vide', 'avc1'),
  trak(2, 'soun', 'ulaw', 0, 'free'),
  box('mvex', trex(1), trex(2, 'free')),
);

describe('sound that the browser does not play', () => {
  it.each(['ulaw', 'alaw', 'twos'])('%s is hidden from the initialisation segment, with its defaults', (entry) => {
    const before = init(trak(1, 'vide', 'avc1'), trak(2, 'soun', entry), box('mvex', trex(1), trex(2)));
    const after = init(
      trak(1, 'vide', 'avc1'),
      trak(2, 'soun', entry, 0, 'free'),
      box('mvex', trex(1), trex(2, 'free')),
    );
    expect(silenced(before)).toEqual(after);
  });

  it('is found by its number in the longer track header too', () => {
    const before = init(trak(1, 'vide', 'hvc1', 1), trak(9, 'soun', 'alaw', 1), box('mvex', trex(9), trex(1)));
    const after = init(
      trak(1, 'vide', 'hvc1', 1),
      trak(9, 'soun', 'alaw', 1, 'free'),
      box('mvex', trex(9, 'free'), trex(1)),
    );
    expect(silenced(before)).toEqual(after);
  });

  it('is hidden from every fragment, and the pictures are not', () => {
    const mdat = longBox('mdat', traf(2));
    const fragment = (name: string) => [...box('moof', box('mfhd', zeros(8)), traf(1), traf(2, name)), ...mdat];
    expect(fragmentsSilenced([...fragment('traf'), ...fragment('traf')], pictures)).toEqual([
      ...fragment('free'),
      ...fragment('free'),
    ]);
  });

  it('stays where there are no pictures, or where the browser plays it', () => {
    const alone = init(trak(1, 'soun', 'ulaw'), box('mvex', trex(1)));
    expect(silenced(alone)).toEqual(alone);
    const both = init(trak(1, 'vide', 'avc1'), trak(2, 'soun', 'mp4a'), box('mvex', trex(1), trex(2)));
    expect(silenced(both)).toEqual(both);
    const fragment = box('moof', traf(1), traf(2));
    expect(fragmentsSilenced(fragment, both)).toEqual(fragment);
  });

  it('leaves bytes that are no boxes as they are', () => {
    for (const bytes of [[], [0], zeros(8), word(4), [...word(7), ...text('moov')], [...word(1), ...text('moov')]]) {
      expect(silenced(bytes)).toEqual(bytes);
      expect(fragmentsSilenced(bytes, pictures)).toEqual(bytes);
      expect(fragmentsSilenced(withSound, bytes)).toEqual(withSound);
    }
  });

  it('reads nothing beyond the end, wherever a segment is cut, and writes nothing then', () => {
    for (let length = 0; length < withSound.length; length++) {
      const cut = withSound.slice(0, length);
      expect(silenced(cut)).toEqual(cut);
    }
    const fragment = [...box('moof', traf(1), traf(2))];
    for (let length = 0; length < fragment.length; length++) {
      const cut = fragment.slice(0, length);
      expect(fragmentsSilenced(cut, pictures)).toEqual(cut);
    }
  });

  it('writes nothing but those names when a byte is wrong', () => {
    const names = new Set(pictures.flatMap((byte, at) => (byte === withSound[at] ? [] : [at])));
    for (let at = 0; at < withSound.length; at++) {
      const wrong = withSound.with(at, 255);
      const written = silenced(wrong).flatMap((byte, where) => (byte === wrong[where] ? [] : [where]));
      expect(written.filter((where) => !names.has(where))).toEqual([]);
    }
  });

  it('is hidden on the way from the loader, for the fragment by what its own initialisation segment has', () => {
    let answer = buffer(withSound);
    class Loaded {
      load(context: unknown, _config: unknown, callbacks: LoaderCallbacks<FragmentLoaderContext>) {
        callbacks.onSuccess({ url: '', data: answer }, {} as never, context as FragmentLoaderContext, null);
      }
    }
    const Loader = silencing(Loaded as unknown as typeof Hls.DefaultConfig.loader, plays);
    const load = (frag: unknown): Bytes => {
      let got: Bytes = [];
      new Loader({} as never).load({ frag } as FragmentLoaderContext, {} as never, {
        onSuccess: ({ data }) => (got = [...new Uint8Array(data as ArrayBuffer)]),
        onError: () => undefined,
        onTimeout: () => undefined,
      });
      return got;
    };
    const head = load({ sn: 'initSegment' });
    expect(head).toEqual(pictures);
    answer = buffer(box('moof', traf(1), traf(2)));
    expect(load({ sn: 3, initSegment: { data: new Uint8Array(head) } })).toEqual(box('moof', traf(1), traf(2, 'free')));
  });
});
