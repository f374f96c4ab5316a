import type Hls from 'hls.js/light';
import type {
  FragmentLoaderConstructor,
  FragmentLoaderContext,
  LoaderCallbacks,
  LoaderConfiguration,
} from 'hls.js/light';

// Recordings hold a camera's sound as it was sent: G.711 and L16 too, which no browser decodes inside MP4. A media source
// refuses the pictures together with such a sound track, so the page takes the track's boxes out of sight before they
// reach it: renamed to `free` (ISO/IEC 14496-12 8.1.2), which readers pass over. Nothing moves, so no length or offset changes.

/** A box inside a buffer: `start` at its length field, its content from `body` to `end`, in bytes. */
interface Box {
  name: string;
  start: number;
  body: number;
  end: number;
}

/** Whether the browser plays sound whose sample entry has this name (`mp4a`, `ulaw`, …). */
export type Plays = (entry: string) => boolean;

const free = 0x66726565;

const nameAt = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));

/** The boxes between two offsets; null when they don't fill the space exactly. */
function boxes(view: DataView, from: number, to: number): Box[] | null {
  const found: Box[] = [];
  let at = from;
  while (at < to) {
    if (to - at < 8) return null;
    let length = view.getUint32(at);
    let body = at + 8;
    if (length === 0) {
      length = to - at;
    } else if (length === 1) {
      if (to - at < 16) return null;
      length = view.getUint32(at + 8) * 2 ** 32 + view.getUint32(at + 12);
      body = at + 16;
    }
    if (length < body - at || length > to - at) return null;
    found.push({ name: nameAt(view, at + 4), start: at, body, end: at + length });
    at += length;
  }
  return found;
}

const inside = (view: DataView, box: Box | null): Box[] => (box && boxes(view, box.body, box.end)) ?? [];

function descend(view: DataView, box: Box, ...path: string[]): Box | null {
  let at: Box | null = box;
  for (const name of path) at = inside(view, at).find((each) => each.name === name) ?? null;
  return at;
}

/** A 32-bit number in a box's content; null beyond its end. */
const numberIn = (view: DataView, box: Box | null, offset: number): number | null =>
  box && box.body + offset + 4 <= box.end ? view.getUint32(box.body + offset) : null;

const nameIn = (view: DataView, box: Box | null, offset: number): string | null =>
  box && box.body + offset + 4 <= box.end ? nameAt(view, box.body + offset) : null;

/** Track of a `trak`, from its header, whose version says how wide its times are. */
function trackOf(view: DataView, trak: Box): number | null {
  const header = descend(view, trak, 'tkhd');
  const version = numberIn(view, header, 0);
  return version === null ? null : numberIn(view, header, version >>> 24 === 1 ? 20 : 12);
}

const hide = (view: DataView, box: Box) => view.setUint32(box.start + 4, free);

/**
 * Hides, in place, the sound tracks of an initialisation segment that the browser doesn't play. A segment of sound alone is left as
 * it is: there would be nothing to show instead. Malformed bytes stay untouched.
 */
export function silenceInit(bytes: ArrayBuffer, plays: Plays): void {
  const view = new DataView(bytes);
  const moov = boxes(view, 0, bytes.byteLength)?.find((box) => box.name === 'moov');
  if (!moov) return;
  const children = inside(view, moov);
  const traks = children.filter((box) => box.name === 'trak');
  const mute = traks.filter((trak) => {
    if (nameIn(view, descend(view, trak, 'mdia', 'hdlr'), 8) !== 'soun') return false;
    // stsd: version and flags, count, then the first entry with its length and name.
    const entry = nameIn(view, descend(view, trak, 'mdia', 'minf', 'stbl', 'stsd'), 12);
    return entry !== null && trackOf(view, trak) !== null && !plays(entry);
  });
  if (mute.length === traks.length) return;
  const tracks = new Set(mute.map((trak) => trackOf(view, trak)));
  const defaults = inside(view, children.find((box) => box.name === 'mvex') ?? null);
  for (const trex of defaults) {
    if (trex.name === 'trex' && tracks.has(numberIn(view, trex, 4))) hide(view, trex);
  }
  for (const trak of mute) hide(view, trak);
}

/** Hides, in place, what fragments hold of tracks that their initialisation segment, as the browser got it, doesn't have. */
export function silenceFragments(bytes: ArrayBuffer, init: Uint8Array): void {
  const head = new DataView(init.buffer, init.byteOffset, init.byteLength);
  const moov = boxes(head, 0, init.byteLength)?.find((box) => box.name === 'moov');
  if (!moov) return;
  const tracks = new Set(
    inside(head, moov)
      .filter((box) => box.name === 'trak')
      .map((trak) => trackOf(head, trak)),
  );
  if (tracks.size === 0 || tracks.has(null)) return;
  const view = new DataView(bytes);
  for (const moof of boxes(view, 0, bytes.byteLength) ?? []) {
    if (moof.name !== 'moof') continue;
    for (const traf of inside(view, moof)) {
      if (traf.name !== 'traf') continue;
      const track = numberIn(view, descend(view, traf, 'tfhd'), 4);
      if (track !== null && !tracks.has(track)) hide(view, traf);
    }
  }
}

/** What this browser says of a sound's sample entry. */
export const browserPlays: Plays = (entry) =>
  MediaSource.isTypeSupported(`audio/mp4; codecs="${entry === 'mp4a' ? 'mp4a.40.2' : entry}"`);

/** The loader of hls.js, for pictures with or without the sound beside them. */
export function silencing(Loader: typeof Hls.DefaultConfig.loader, plays: Plays): FragmentLoaderConstructor {
  const Base = Loader as FragmentLoaderConstructor;
  return class extends Base {
    override load(
      context: FragmentLoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<FragmentLoaderContext>,
    ): void {
      super.load(context, config, {
        ...callbacks,
        onSuccess: (response, stats, _context, details) => {
          const init = context.frag.initSegment?.data;
          if (response.data instanceof ArrayBuffer) {
            if (context.frag.sn === 'initSegment') silenceInit(response.data, plays);
            else if (init) silenceFragments(response.data, init);
          }
          callbacks.onSuccess(response, stats, context, details);
        },
      });
    }
  };
}
