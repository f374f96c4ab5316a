import { Button, NativeSelect } from '@mantine/core';
import { useRef, useState, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useFindMotion } from '../api/queries';
import type { Camera } from '../api/types';
import { useFormat } from '../i18n/format';
import { Why } from '../shell/Notice';
import { Found } from './Found';
import { periods, stretchOf, type Period } from './period';
import { Scene } from './Scene';
import { Points } from './Sketch';
import { clampPoint, type Point } from './types';

const least = 0.02;

/** When anything moved in a part of the picture. */
export function MotionTab({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const format = useFormat();
  const svg = useRef<SVGSVGElement>(null);
  const [corners, setCorners] = useState<[Point, Point]>([
    [0.3, 0.3],
    [0.7, 0.7],
  ]);
  const [from, setFrom] = useState<Point | null>(null);
  const [period, setPeriod] = useState<Period>('night');
  const [stretch, setStretch] = useState({ from: 0, to: 0 });
  const search = useFindMotion(camera.id);
  const [a, b] = corners;
  const left = Math.min(a[0], b[0]);
  const top = Math.min(a[1], b[1]);
  const width = Math.max(least, Math.abs(a[0] - b[0]));
  const height = Math.max(least, Math.abs(a[1] - b[1]));

  const placeOf = (event: PointerEvent): Point => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return [0, 0];
    return clampPoint([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  };
  const run = () => {
    const next = stretchOf(period, nodeNow(), format.timeZone);
    setStretch(next);
    const part = [Math.min(left, 1 - width), Math.min(top, 1 - height), width, height];
    search.mutate({ ...next, area: part.map((value) => value.toFixed(4)).join(',') });
  };

  return (
    <div className="rules">
      <div>
        <Scene camera={camera}>
          <svg
            ref={svg}
            className="sketch"
            role="group"
            aria-label={t('motion.area')}
            onPointerDown={(event) => {
              if (event.target instanceof Element && event.target.closest('.point')) return;
              event.currentTarget.setPointerCapture(event.pointerId);
              const place = placeOf(event);
              setFrom(place);
            }}
            onPointerMove={(event) => {
              if (from === null) return;
              const place = placeOf(event);
              if (Math.abs(place[0] - from[0]) > least && Math.abs(place[1] - from[1]) > least)
                setCorners([from, place]);
            }}
            onPointerUp={() => setFrom(null)}
            onPointerCancel={() => setFrom(null)}
          >
            <g className="shape active">
              <rect
                x={`${left * 100}%`}
                y={`${top * 100}%`}
                width={`${width * 100}%`}
                height={`${height * 100}%`}
                className="area"
              />
            </g>
            <Points
              points={corners}
              least={2}
              fixed
              placeOf={placeOf}
              onChange={(next) => setCorners([next[0] ?? a, next[1] ?? b])}
            />
          </svg>
        </Scene>
        <p className="dim small">{t('motion.hint')}</p>
      </div>
      <div className="rules-side">
        <div className="rules-head">
          <NativeSelect
            size="xs"
            aria-label={t('rules.period')}
            value={period}
            onChange={(event) => setPeriod(event.currentTarget.value as Period)}
            data={periods.map((value) => ({ value, label: t(`rules.periods.${value}`) }))}
          />
          <Button size="compact-sm" loading={search.isPending} onClick={run}>
            {t('motion.search')}
          </Button>
        </div>
        {search.isError && (
          <p className="red" role="alert">
            <Why error={search.error} />
          </p>
        )}
        {search.data && (
          <>
            <p role="status" data-found={search.data.moved.length}>
              {t('motion.found', { count: search.data.moved.length })}
              {search.data.isPart && ` ${t('rules.isPart')}`}
            </p>
            <Found
              camera={camera.id}
              from={stretch.from}
              to={stretch.to}
              unwatched={search.data.unwatched}
              found={search.data.moved.map((moved) => ({
                at: Date.parse(moved.from),
                to: Date.parse(moved.to),
                words: format.duration(Date.parse(moved.to) - Date.parse(moved.from)),
              }))}
            />
          </>
        )}
      </div>
    </div>
  );
}
