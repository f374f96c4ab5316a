import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { nodeNow } from '../api/clock';
import { masksChanged } from '../api/events';
import { fetchTimeline } from '../api/queries';
import type { Camera, StreamKind } from '../api/types';
import { PlaybackPlayer, type PlaybackState } from './PlaybackPlayer';
import type { TimelineView } from './TimelineView';

const none: PlaybackState = { phase: 'empty', wall: 0, rate: 1, skipped: null, reason: null };
const never = () => () => undefined;

/** Which recorded stream this browser can play; null with the codec when none. */
function playable(camera: Camera): { stream: StreamKind } | { codec: string } {
  const can = (kind: StreamKind) => {
    const codec = camera.status.streams.find((candidate) => candidate.stream === kind)?.codecString;
    return codec === null || codec === undefined || MediaSource.isTypeSupported(`video/mp4; codecs="${codec}"`);
  };
  const kinds: StreamKind[] = camera.record === 'sub' ? ['sub'] : camera.record === 'both' ? ['main', 'sub'] : ['main'];
  const stream = kinds.find(can);
  if (stream) return { stream };
  const codec = camera.status.streams.find((candidate) => candidate.stream === kinds[0])?.codec;
  return { codec: (codec ?? '').toUpperCase() };
}

/** The player on its two video elements, opened on the camera that is selected. */
export function useStage(camera: Camera | null, view: TimelineView, autoplay: boolean) {
  const frame = useRef<HTMLDivElement>(null);
  const first = useRef<HTMLVideoElement>(null);
  const second = useRef<HTMLVideoElement>(null);
  const source = useRef<{ id: string; stream: StreamKind } | null>(null);
  const [player, setPlayer] = useState<PlaybackPlayer | null>(null);

  useEffect(() => {
    if (!first.current || !second.current) return;
    const made = new PlaybackPlayer(first.current, second.current, {
      now: nodeNow,
      timeline: (from, to) => {
        const { id, stream } = source.current ?? { id: '', stream: 'main' as const };
        return fetchTimeline(id, stream, from, to);
      },
    });
    if (autoplay) made.play();
    const stop = made.onFrame((wall) => view.play(wall));
    setPlayer(made);
    return () => {
      stop();
      made.dispose();
    };
  }, [view, autoplay]);

  const choice = camera ? playable(camera) : null;
  const id = camera?.id ?? null;
  const stream = choice && 'stream' in choice ? choice.stream : null;
  const codec = choice && 'codec' in choice ? choice.codec : '';
  const fps = camera?.status.streams.find((candidate) => candidate.stream === stream)?.fps ?? null;
  const latestFps = useRef(fps);
  useEffect(() => {
    latestFps.current = fps;
  });
  useEffect(() => {
    if (!player || id === null) return;
    if (stream === null) {
      player.unsupported(codec);
      return;
    }
    source.current = { id, stream };
    void player.open(id, stream, latestFps.current, view.playhead);
  }, [player, id, stream, codec, view]);

  // The pieces of another version of the masks are no longer given.
  useEffect(() => {
    const again = (event: Event) => {
      if (!player || id === null || stream === null || (event as CustomEvent<string>).detail !== id) return;
      void player.open(id, stream, latestFps.current, view.playhead);
    };
    window.addEventListener(masksChanged, again);
    return () => window.removeEventListener(masksChanged, again);
  }, [player, id, stream, view]);

  const state = useSyncExternalStore(player?.subscribe ?? never, () => player?.state ?? none);
  return { frame, first, second, player, state };
}
