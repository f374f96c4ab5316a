import { ActionIcon, Button, NativeSelect, SegmentedControl, Skeleton, TextInput, Tooltip } from '@mantine/core';
import { IconDeviceCctvOff, IconPlus, IconTrash } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import { useCameras, useMasks, usePutMasks } from '../api/queries';
import type { Camera, MaskedArea, Masks } from '../api/types';
import { useFormat } from '../i18n/format';
import { Scene } from '../rules/Scene';
import { Sketch } from '../rules/Sketch';
import type { Point, Rule } from '../rules/types';
import { Failure, Notice, Why } from '../shell/Notice';
import { setQuery, usePlace } from '../shell/route';
import { toast } from '../shell/toast';
import { DeviceMasks } from './DeviceMasks';
import { faultsOf, newMask, takesAway } from './masks';

/** Which parts of a camera's picture nobody sees: drawn on the picture, named, kept with one press. */
export default function MasksRoom() {
  const { t } = useTranslation();
  const { query } = usePlace();
  const cameras = useCameras();
  const all = cameras.data ?? [];
  const camera = all.find((candidate) => candidate.id === query.get('camera')) ?? all[0] ?? null;
  const masks = useMasks(camera?.id ?? null);
  if (cameras.isError && !cameras.data) {
    return (
      <Failure title={t('cameras.failed')} error={cameras.error}>
        <Button variant="default" onClick={() => void cameras.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  if (cameras.data && !camera) {
    return <Notice icon={<IconDeviceCctvOff size={32} />} title={t('cameras.none')} text={t('cameras.noneDo')} />;
  }
  return (
    <div className="page rules-page">
      <div className="page-head">
        <h1>{t('masks.title')}</h1>
        {camera && (
          <NativeSelect
            aria-label={t('rules.camera')}
            value={camera.id}
            onChange={(event) => setQuery({ camera: event.currentTarget.value }, { replace: false })}
            data={all.map((candidate) => ({ value: candidate.id, label: candidate.name }))}
          />
        )}
      </div>
      {camera && masks.data ? (
        <Editor key={`${camera.id} ${masks.data.version}`} camera={camera} kept={masks.data} />
      ) : masks.isError ? (
        <Failure title={t('masks.failed')} error={masks.error}>
          <Button variant="default" onClick={() => void masks.refetch()}>
            {t('app.retry')}
          </Button>
        </Failure>
      ) : (
        <Skeleton height={360} />
      )}
    </div>
  );
}

function Editor({ camera, kept }: { camera: Camera; kept: Masks }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [masks, setMasks] = useState<MaskedArea[]>(kept.masks);
  const [selected, setSelected] = useState<string | null>(kept.masks[0]?.id ?? null);
  const put = usePutMasks(camera.id);
  const errors = put.error instanceof Problem ? put.error.errors : {};
  const changed = JSON.stringify(masks) !== JSON.stringify(kept.masks);
  const index = masks.findIndex((mask) => mask.id === selected);
  const active = masks[index] ?? null;

  // What isn't kept yet isn't left by accident.
  useEffect(() => {
    if (!changed) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [changed]);

  const change = (next: MaskedArea) => setMasks(masks.map((mask) => (mask.id === next.id ? next : mask)));
  const add = () => {
    const made = newMask(t('masks.new'), masks);
    setMasks([...masks, made]);
    setSelected(made.id);
  };
  // Drawn with the same hands as a zone.
  const shapes: Rule[] = masks.map((mask) => ({
    type: 'zone',
    id: mask.id,
    name: mask.name,
    points: mask.points as Point[],
  }));

  return (
    <div className="rules" data-masks-of={camera.id}>
      <div>
        <Scene camera={camera}>
          <Sketch
            rules={shapes}
            selected={selected}
            onSelect={setSelected}
            onChange={(shape) => {
              const mask = masks.find((candidate) => candidate.id === shape.id);
              if (mask) change({ ...mask, points: shape.points ?? mask.points });
            }}
          />
        </Scene>
        <p className="dim small">{active ? t('rules.drawHint') : t('masks.none')}</p>
        <p className="dim small">{t('masks.about')}</p>
      </div>
      <div className="rules-side">
        <div className="rules-head">
          <Button size="compact-sm" variant="default" leftSection={<IconPlus size={16} />} onClick={add}>
            {t('masks.add')}
          </Button>
          <span className="grow" />
          {changed && (
            <Button
              size="compact-sm"
              variant="subtle"
              color="gray"
              onClick={() => {
                setMasks(kept.masks);
                put.reset();
              }}
            >
              {t('app.cancel')}
            </Button>
          )}
          <Button
            size="compact-sm"
            disabled={!changed}
            loading={put.isPending}
            onClick={() =>
              put.mutate(
                { version: kept.version, masks },
                { onSuccess: () => toast(t('masks.saved', { camera: camera.name })) },
              )
            }
          >
            {t('app.save')}
          </Button>
        </div>
        {takesAway(kept.masks, masks) && <p className="amber small">{t('masks.less')}</p>}
        {put.isError && (
          <p className="red" role="alert">
            {Object.keys(errors).length > 0 ? t('masks.faults') : <Why error={put.error} />}
          </p>
        )}
        <ul className="rules-list" aria-label={t('masks.title')}>
          {masks.map((mask) => (
            <li key={mask.id} className={mask.id === selected ? 'chosen' : ''}>
              <button
                type="button"
                className="rules-name"
                aria-current={mask.id === selected}
                onClick={() => setSelected(mask.id)}
              >
                <bdi>{mask.name}</bdi>
                <span className="dim small">{t(`masks.kind.${mask.kind}`)}</span>
              </button>
              <Tooltip label={t('rules.remove', { rule: mask.name })}>
                <ActionIcon
                  aria-label={t('rules.remove', { rule: mask.name })}
                  onClick={() => setMasks(masks.filter((other) => other.id !== mask.id))}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </Tooltip>
            </li>
          ))}
        </ul>
        {active && (
          <div className="form">
            <TextInput
              label={t('rules.name')}
              required
              maxLength={60}
              dir="auto"
              value={active.name}
              error={faultsOf(errors, index, 'name')}
              onChange={(event) => change({ ...active, name: event.currentTarget.value })}
            />
            <TextInput
              label={t('masks.reason')}
              description={t('masks.reasonHint')}
              maxLength={200}
              dir="auto"
              value={active.reason}
              error={faultsOf(errors, index, 'reason')}
              onChange={(event) => change({ ...active, reason: event.currentTarget.value })}
            />
            <SegmentedControl
              size="xs"
              aria-label={t('masks.kindIs')}
              value={active.kind}
              onChange={(next) => change({ ...active, kind: next === 'blur' ? 'blur' : 'fill' })}
              data={(['fill', 'blur'] as const).map((kind) => ({ value: kind, label: t(`masks.kind.${kind}`) }))}
            />
            {active.kind === 'blur' && <p className="dim small">{t('masks.blurHint')}</p>}
            {faultsOf(errors, index, 'points') && <p className="red">{faultsOf(errors, index, 'points')}</p>}
          </div>
        )}
        <DeviceMasks camera={camera} mask={kept.masks.find((mask) => mask.id === selected) ?? null} />
        {kept.at !== null && (
          <p className="dim small">
            {t('masks.changed', { name: kept.by ?? '', time: format.dateTime(Date.parse(kept.at)) })}
          </p>
        )}
      </div>
    </div>
  );
}
