import { Button, NumberInput, SegmentedControl } from '@mantine/core';
import { useRef, useState, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import { usePutRules } from '../api/queries';
import type { Camera } from '../api/types';
import { Said, Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { Scene } from './Scene';
import { Points } from './Sketch';
import { clampPoint, type Ground, type GroundMark, type Point, type Rules } from './types';

type Way = 'none' | 'marks' | 'camera';

/** A square of ten metres, to begin with. */
const usualMarks: GroundMark[] = [
  { at: [0.35, 0.5], metres: [0, 10] },
  { at: [0.65, 0.5], metres: [10, 10] },
  { at: [0.8, 0.85], metres: [10, 0] },
  { at: [0.2, 0.85], metres: [0, 0] },
];
const usualPose = { height: 5, tilt: 20, fieldOfView: 70 };

const wayOf = (ground: Ground | null): Way =>
  ground === null ? 'none' : ground.camera ? 'camera' : (ground.marks?.length ?? 0) > 0 ? 'marks' : 'none';

/** How the picture lies on the ground: for sizes and speeds in metres, and for the map. */
export function GroundTab({ camera, kept }: { camera: Camera; kept: Rules }) {
  const { t } = useTranslation();
  const svg = useRef<SVGSVGElement>(null);
  const [way, setWay] = useState<Way>(wayOf(kept.ground));
  const [marks, setMarks] = useState<GroundMark[]>(
    kept.ground?.marks && kept.ground.marks.length > 0 ? kept.ground.marks : usualMarks,
  );
  const [pose, setPose] = useState(kept.ground?.camera ?? usualPose);
  const put = usePutRules(camera.id);
  const errors = put.error instanceof Problem ? put.error.errors : {};
  const said = Object.entries(errors)
    .filter(([key]) => key.startsWith('ground'))
    .flatMap(([, words]) => words);
  const map = kept.ground?.map === undefined || kept.ground.map === null ? {} : { map: kept.ground.map };
  const ground: Ground | null = way === 'none' ? null : way === 'camera' ? { camera: pose, ...map } : { marks, ...map };
  const placeOf = (event: PointerEvent): Point => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return [0, 0];
    return clampPoint([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  };
  const metre = (at: number, axis: 0 | 1, value: string | number) =>
    setMarks(
      marks.map((mark, index) =>
        index === at && typeof value === 'number'
          ? { ...mark, metres: axis === 0 ? [value, mark.metres[1]] : [mark.metres[0], value] }
          : mark,
      ),
    );
  return (
    <div className="rules">
      <Scene camera={camera}>
        <svg ref={svg} className="sketch" role="group" aria-label={t('ground.marks')}>
          {way === 'marks' && (
            <>
              <svg viewBox="0 0 1 1" preserveAspectRatio="none" width="100%" height="100%" pointerEvents="none">
                <polygon className="ground" points={marks.map(({ at }) => at.join(',')).join(' ')} />
              </svg>
              <Points
                points={marks.map((mark) => mark.at)}
                least={4}
                fixed
                placeOf={placeOf}
                onChange={(points) => setMarks(marks.map((mark, index) => ({ ...mark, at: points[index] ?? mark.at })))}
              />
            </>
          )}
        </svg>
      </Scene>
      <div className="rules-side form">
        <p className="dim small">{t('ground.why')}</p>
        <SegmentedControl
          value={way}
          onChange={setWay}
          data={(['none', 'marks', 'camera'] as const).map((value) => ({ value, label: t(`ground.way.${value}`) }))}
        />
        {way === 'marks' && (
          <>
            <p className="dim small">{t('ground.marksHint')}</p>
            {marks.map((mark, at) => (
              <div key={at} className="ground-mark">
                <span>{at + 1}</span>
                <NumberInput
                  size="xs"
                  aria-label={t('ground.across', { number: at + 1 })}
                  value={mark.metres[0]}
                  suffix=" m"
                  onChange={(value) => metre(at, 0, value)}
                />
                <NumberInput
                  size="xs"
                  aria-label={t('ground.deep', { number: at + 1 })}
                  value={mark.metres[1]}
                  suffix=" m"
                  onChange={(value) => metre(at, 1, value)}
                />
              </div>
            ))}
          </>
        )}
        {way === 'camera' &&
          (['height', 'tilt', 'fieldOfView'] as const).map((field) => (
            <NumberInput
              key={field}
              label={t(`ground.pose.${field}`)}
              value={pose[field]}
              min={0}
              suffix={field === 'height' ? ' m' : '°'}
              onChange={(value) => typeof value === 'number' && setPose({ ...pose, [field]: value })}
            />
          ))}
        {put.isError && (
          <p className="red" role="alert">
            {said.length > 0 ? <Said text={said.join(' ')} /> : <Why error={put.error} />}
          </p>
        )}
        <div className="form-end">
          <Button
            loading={put.isPending}
            onClick={() =>
              put.mutate(
                { rules: kept.rules, ground },
                { onSuccess: () => toast(t('ground.saved', { camera: camera.name })) },
              )
            }
          >
            {t('app.save')}
          </Button>
        </div>
      </div>
    </div>
  );
}
