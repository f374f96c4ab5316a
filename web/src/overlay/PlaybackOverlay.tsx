import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { fetchTracks } from '../api/queries';
import { whole, type Zoom } from '../live/zoom';
import type { PlaybackPlayer } from '../timeline/PlaybackPlayer';
import { useBoxes } from './boxes';
import { drawBoxes } from './draw';
import { ObjectTrail } from './ObjectTrail';

/** Tracks are fetched in pieces of this length, and the next piece when half of one is over. */
const pieceMs = 30_000;
/** An answer about the last seconds isn't final: what is being analysed now comes later. */
const settledMs = 15_000;

/** What was seen, over the recorded picture on screen. */
export function PlaybackOverlay(props: {
  player: PlaybackPlayer | null;
  camera: string | null;
  now: () => number;
  zoom?: Zoom;
}) {
  const { player, camera, now, zoom = whole } = props;
  const { t } = useTranslation();
  const shown = useBoxes();
  const canvas = useRef<HTMLCanvasElement>(null);
  const zoomNow = useRef(zoom);
  const redraw = useRef<(() => void) | null>(null);
  useEffect(() => {
    zoomNow.current = zoom;
    redraw.current?.();
  }, [zoom]);

  useEffect(() => {
    if (!player || camera === null || !shown) return;
    const trail = new ObjectTrail();
    const fetched = new Map<number, number>();
    let over = false;
    let last = 0;
    const want = (piece: number) => {
      const end = (piece + 1) * pieceMs;
      const askedAt = fetched.get(piece);
      if (askedAt !== undefined && (askedAt > end + settledMs || now() - askedAt < 3000)) return;
      if (piece * pieceMs > now()) return;
      fetched.set(piece, now());
      fetchTracks(camera, piece * pieceMs, end).then(
        (tracks) => {
          if (over) return;
          for (const picture of tracks.pictures) trail.add({ at: picture.at, tracks: picture.tracks });
        },
        // Without tracks the picture is still there; the next piece is asked for anyway.
        () => undefined,
      );
    };
    const draw = (wall: number) => {
      const element = canvas.current;
      if (!element) return;
      if (Math.abs(wall - last) > 60_000) {
        trail.clear();
        fetched.clear();
      }
      last = wall;
      const piece = Math.floor(wall / pieceMs);
      want(piece);
      if (wall - piece * pieceMs > pieceMs / 2) want(piece + 1);
      drawBoxes(
        element,
        { width: player.video.videoWidth, height: player.video.videoHeight },
        trail.shownAt(wall),
        (box) => `${box.id} ${t(`scene.class.${box.class}`)}`,
        () => false,
        zoomNow.current,
      );
    };
    redraw.current = () => {
      if (last > 0) draw(last);
    };
    const stop = player.onFrame(draw);
    // A paused picture gets its boxes when they come.
    const timer = window.setInterval(() => {
      if (player.state.wall > 0 && player.state.phase === 'paused') draw(player.state.wall);
    }, 500);
    const element = canvas.current;
    return () => {
      over = true;
      redraw.current = null;
      stop();
      clearInterval(timer);
      element?.getContext('2d')?.clearRect(0, 0, element.width, element.height);
    };
  }, [player, camera, shown, now, t]);

  return <canvas ref={canvas} className="overlay" aria-hidden data-overlay="playback" />;
}
