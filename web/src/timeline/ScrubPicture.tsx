import { Skeleton } from '@mantine/core';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { Format } from '../i18n/format';
import { minuteOf, nearestTile, ScrubPictures, type Sprite, type Tile } from './scrub';

const pictures = new ScrubPictures();

/** The picture nearest to a moment, with the time at which it was really taken; a place kept free while it is being made. */
export function ScrubPicture({ camera, ms, format }: { camera: string; ms: number; format: Format }) {
  const { t } = useTranslation();
  const state = useSyncExternalStore(pictures.subscribe, () => pictures.look(camera, ms));
  const minute = minuteOf(ms);
  useEffect(() => pictures.want({ camera, ms: minute * 60_000 }), [camera, minute]);
  useEffect(() => () => pictures.want(null), []);

  const tile = state.kind === 'ready' ? nearestTile(state.sprite.tiles, ms) : null;
  if (state.kind === 'ready' && tile) {
    return (
      <figure className="scrub">
        <TileCanvas sprite={state.sprite} tile={tile} />
        <figcaption>
          <bdi dir="ltr">
            <time dateTime={new Date(tile.at).toISOString()}>{format.time(tile.at)}</time>
          </bdi>
        </figcaption>
      </figure>
    );
  }
  if (state.kind === 'making') {
    return (
      <div className="scrub" role="status">
        <Skeleton height="100%" radius={0} />
        <span className="visually-hidden">{t('timeline.scrubMaking')}</span>
      </div>
    );
  }
  return <div className="scrub empty">{t(state.kind === 'away' ? 'timeline.scrubAway' : 'timeline.scrubNone')}</div>;
}

function TileCanvas({ sprite, tile }: { sprite: Sprite; tile: Tile }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height, image } = sprite;
  useEffect(() => {
    canvas.current?.getContext('2d')?.drawImage(image, tile.x, tile.y, width, height, 0, 0, width, height);
  }, [image, tile, width, height]);
  return <canvas ref={canvas} width={width} height={height} aria-hidden />;
}
