import { ActionIcon, Button, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { markKinds, newId, type MarkKind, type OperationDo, type OperationMark } from './operations';

const width = 640;
const height = 320;

interface Props {
  marks: readonly OperationMark[];
  partner: string;
  /** Null: nothing may be changed. */
  onDo: ((what: OperationDo) => void) | null;
}

/** Where things are, as both sides see it: their marks in their places to each other, and as a list. Needs no tiles. */
export function SharedMap({ marks, partner, onDo }: Props) {
  const { t } = useTranslation();
  const [kind, setKind] = useState<MarkKind>('point');
  const [label, setLabel] = useState('');
  const [latitude, setLatitude] = useState<number | string>('');
  const [longitude, setLongitude] = useState<number | string>('');
  const place = placing(marks);
  const ready = typeof latitude === 'number' && typeof longitude === 'number';

  return (
    <>
      {marks.length > 0 && (
        <svg className="operation-map" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={t('operations.map')}>
          {marks.map((mark) => {
            const { x, y } = place(mark);
            return (
              <g key={mark.id} transform={`translate(${x} ${y})`} data-ours={mark.ours} data-mark={mark.kind}>
                <circle r={7} />
                <text x={11} y={4}>
                  {mark.label === '' ? t(`operations.mark.${mark.kind}`) : mark.label}
                </text>
              </g>
            );
          })}
        </svg>
      )}
      <ul className="operation-list">
        {marks.map((mark) => (
          <li key={mark.id}>
            <span>
              <strong>{t(`operations.mark.${mark.kind}`)}</strong> <bdi>{mark.label}</bdi>
              <br />
              <span className="dim small">
                <bdi dir="ltr">
                  {mark.latitude.toFixed(5)}, {mark.longitude.toFixed(5)}
                </bdi>{' '}
                · <bdi>{mark.ours ? mark.by : `${mark.by}, ${partner}`}</bdi>
              </span>
            </span>
            {onDo && (
              <ActionIcon aria-label={t('operations.removeMark')} onClick={() => onDo({ deed: 'unmark', id: mark.id })}>
                <IconTrash size={16} />
              </ActionIcon>
            )}
          </li>
        ))}
      </ul>
      {onDo && (
        <form
          className="operation-row"
          onSubmit={(event) => {
            event.preventDefault();
            if (!ready) return;
            onDo({ deed: 'mark', id: newId(), kind, label: label.trim(), latitude, longitude });
            setLabel('');
          }}
        >
          <NativeSelect
            aria-label={t('operations.markKind')}
            value={kind}
            onChange={(event) => setKind(markKinds.find((each) => each === event.currentTarget.value) ?? kind)}
            data={markKinds.map((each) => ({ value: each, label: t(`operations.mark.${each}`) }))}
          />
          <TextInput
            aria-label={t('operations.label')}
            placeholder={t('operations.label')}
            maxLength={200}
            dir="auto"
            value={label}
            onChange={(event) => setLabel(event.currentTarget.value)}
          />
          <NumberInput
            aria-label={t('situation.latitude')}
            placeholder={t('situation.latitude')}
            hideControls
            min={-90}
            max={90}
            decimalScale={6}
            value={latitude}
            onChange={setLatitude}
          />
          <NumberInput
            aria-label={t('situation.longitude')}
            placeholder={t('situation.longitude')}
            hideControls
            min={-180}
            max={180}
            decimalScale={6}
            value={longitude}
            onChange={setLongitude}
          />
          <Button type="submit" variant="default" disabled={!ready}>
            {t('operations.addMark')}
          </Button>
        </form>
      )}
    </>
  );
}

/** North up, all marks within, one scale for both directions at their latitude. */
function placing(marks: readonly OperationMark[]): (mark: OperationMark) => { x: number; y: number } {
  const latitudes = marks.map((mark) => mark.latitude);
  const longitudes = marks.map((mark) => mark.longitude);
  const middle = { y: mean(latitudes), x: mean(longitudes) };
  const shrink = Math.max(0.01, Math.cos((middle.y * Math.PI) / 180));
  const reach = Math.max(
    0.000005,
    ...marks.map((mark) =>
      Math.max(
        Math.abs(mark.latitude - middle.y) / (height / 2 - 24),
        (Math.abs(mark.longitude - middle.x) * shrink) / (width / 2 - 80),
      ),
    ),
  );
  return (mark) => ({
    x: width / 2 + ((mark.longitude - middle.x) * shrink) / reach,
    y: height / 2 - (mark.latitude - middle.y) / reach,
  });
}

const mean = (values: readonly number[]): number => (Math.min(...values) + Math.max(...values)) / 2;
