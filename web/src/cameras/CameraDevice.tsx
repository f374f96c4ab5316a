import { ActionIcon, Alert, Button, NativeSelect, Skeleton, Switch, TextInput, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconTrash, IconZoomInArea, IconZoomOutArea } from '@tabler/icons-react';
import { useCallback, useEffect, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import {
  moveCamera,
  useGoToPreset,
  useImaging,
  usePresets,
  useRemovePreset,
  useSetImaging,
  useSetPreset,
} from '../api/queries';
import type { Camera, Imaging, ImagingInput, Preset } from '../api/types';
import { useFormat } from '../i18n/format';
import { Drive, still } from '../live/drive';
import { Hold } from '../live/Hold';
import { Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { isFixed, ranges, type PictureRange } from './pictureSettings';

/** Slow enough to let go at the sharp picture. */
const focusSpeed = 0.4;

/** What the device behind a camera lets be set: its picture, its focus, the positions that it keeps. Each change takes effect at once. */
export function CameraDevice({ camera }: { camera: Camera }) {
  const status = camera.onvif?.status;
  if (status?.state !== 'running') return null;
  return (
    <>
      {status.imaging && <PictureSettings camera={camera} />}
      {status.ptz && <Positions camera={camera} />}
    </>
  );
}

function useFailed(): (error: unknown) => void {
  const { t } = useTranslation();
  return useCallback(
    (error: unknown) =>
      toast(t('ptz.failed', { reason: error instanceof Problem ? error.detail || error.title : '' }), { wrong: true }),
    [t],
  );
}

function PictureSettings({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const imaging = useImaging(camera.id);
  const save = useSetImaging(camera.id);
  const failed = useFailed();
  const heading = useId();
  const set = (input: ImagingInput) => save.mutate(input, { onError: failed });
  if (imaging.data && isFixed(imaging.data)) return null;
  return (
    <section className="form device-part" aria-labelledby={heading}>
      <h3 id={heading}>{t('picture.title')}</h3>
      <p className="dim small">{t('picture.atOnce')}</p>
      {imaging.isPending && <Skeleton height={120} />}
      {imaging.isError && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} title={t('picture.notRead')}>
          <Why error={imaging.error} />
        </Alert>
      )}
      {imaging.data && <Settings camera={camera} imaging={imaging.data} onSet={set} onFailed={failed} />}
    </section>
  );
}

function Settings(props: {
  camera: Camera;
  imaging: Imaging;
  onSet: (input: ImagingInput) => void;
  onFailed: (error: unknown) => void;
}) {
  const { camera, imaging, onSet, onFailed } = props;
  const { t } = useTranslation();
  return (
    <>
      {ranges(imaging).map((range) => (
        // A value that the camera changed itself, or refused, is taken over.
        <Setting key={`${range.name} ${range.value}`} range={range} onSet={(value) => onSet({ [range.name]: value })} />
      ))}
      {imaging.irCutChoices.length > 0 && (
        <NativeSelect
          label={t('picture.irCut')}
          value={imaging.irCut ?? ''}
          onChange={(event) => {
            const chosen = imaging.irCutChoices.find((each) => each === event.currentTarget.value);
            if (chosen) onSet({ irCut: chosen });
          }}
          data={[
            ...(imaging.irCut === null ? [{ value: '', label: '' }] : []),
            ...imaging.irCutChoices.map((value) => ({ value, label: t(`picture.irCuts.${value}`) })),
          ]}
        />
      )}
      {imaging.focusChoice && (
        <Switch
          label={t('picture.autoFocus')}
          checked={imaging.autoFocus === true}
          onChange={(event) => onSet({ autoFocus: event.currentTarget.checked })}
        />
      )}
      {imaging.autoFocus === false && <Focus camera={camera} onFailed={onFailed} />}
    </>
  );
}

/** Sent when it is let go: a camera takes half a second for each. */
function Setting({ range, onSet }: { range: PictureRange; onSet: (value: number) => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const id = useId();
  const [value, setValue] = useState(range.value);
  const commit = () => {
    if (value !== range.value) onSet(value);
  };
  return (
    <div className="range">
      <label htmlFor={id}>{t(`picture.${range.name}`)}</label>
      <output htmlFor={id}>{format.number(value, range.step < 1 ? 2 : 0)}</output>
      <input
        id={id}
        type="range"
        min={range.least}
        max={range.most}
        step={range.step}
        value={value}
        onChange={(event) => setValue(event.currentTarget.valueAsNumber)}
        onPointerUp={commit}
        onKeyUp={commit}
        onBlur={commit}
      />
    </div>
  );
}

function Focus({ camera, onFailed }: { camera: Camera; onFailed: (error: unknown) => void }) {
  const { t } = useTranslation();
  const [drive] = useState(() => new Drive((speed) => moveCamera(camera.id, speed)));
  useEffect(() => drive.onFailed(onFailed), [drive, onFailed]);
  useEffect(() => () => drive.stop(), [drive]);
  return (
    <div className="form-line" role="group" aria-label={t('picture.focus')}>
      <span className="grow">{t('picture.focus')}</span>
      <Hold label={t('picture.nearer')} onHold={(on) => drive.move({ ...still, focus: on ? -focusSpeed : 0 })}>
        <IconZoomInArea size={18} />
      </Hold>
      <Hold label={t('picture.farther')} onHold={(on) => drive.move({ ...still, focus: on ? focusSpeed : 0 })}>
        <IconZoomOutArea size={18} />
      </Hold>
    </div>
  );
}

function Positions({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const presets = usePresets(camera.id);
  const keep = useSetPreset(camera.id);
  const failed = useFailed();
  const heading = useId();
  const [name, setName] = useState('');
  return (
    <section className="form device-part" aria-labelledby={heading}>
      <h3 id={heading}>{t('positions.title')}</h3>
      {presets.isPending && <Skeleton height={40} />}
      {presets.isError && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} title={t('positions.notRead')}>
          <Why error={presets.error} />
        </Alert>
      )}
      {presets.data?.length === 0 && <p className="dim">{t('positions.none')}</p>}
      {presets.data && presets.data.length > 0 && (
        <ul className="positions">
          {presets.data.map((preset) => (
            <Position key={preset.token} camera={camera} preset={preset} onFailed={failed} />
          ))}
        </ul>
      )}
      <form
        className="form-line"
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          const kept = name.trim();
          if (kept === '') return;
          keep.mutate(kept, {
            onSuccess: () => {
              toast(t('ptz.kept', { name: kept }));
              setName('');
            },
            onError: failed,
          });
        }}
      >
        <TextInput
          className="grow"
          label={t('ptz.keepName')}
          description={t('positions.keepHelp')}
          value={name}
          maxLength={100}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={keep.isPending} disabled={name.trim() === ''}>
          {t('ptz.keep')}
        </Button>
      </form>
    </section>
  );
}

function Position(props: { camera: Camera; preset: Preset; onFailed: (error: unknown) => void }) {
  const { camera, preset, onFailed } = props;
  const { t } = useTranslation();
  const goTo = useGoToPreset(camera.id);
  const remove = useRemovePreset(camera.id);
  const [asking, setAsking] = useState(false);
  if (asking) {
    return (
      <li data-preset={preset.token}>
        <span className="grow">{t('positions.removeAsk', { name: preset.name })}</span>
        <Button size="compact-sm" variant="default" data-autofocus onClick={() => setAsking(false)}>
          {t('app.cancel')}
        </Button>
        <Button
          size="compact-sm"
          color="red"
          loading={remove.isPending}
          onClick={() =>
            remove.mutate(preset.token, {
              onSuccess: () => toast(t('positions.removed', { name: preset.name })),
              onError: onFailed,
              onSettled: () => setAsking(false),
            })
          }
        >
          {t('positions.removeDo')}
        </Button>
      </li>
    );
  }
  return (
    <li data-preset={preset.token}>
      <bdi className="grow">{preset.name}</bdi>
      <Button
        size="compact-sm"
        variant="default"
        loading={goTo.isPending}
        aria-label={t('positions.goTo', { name: preset.name })}
        onClick={() => goTo.mutate(preset.token, { onError: onFailed })}
      >
        {t('positions.go')}
      </Button>
      <Tooltip label={t('positions.remove', { name: preset.name })}>
        <ActionIcon aria-label={t('positions.remove', { name: preset.name })} onClick={() => setAsking(true)}>
          <IconTrash size={18} />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}
