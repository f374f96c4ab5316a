import { ActionIcon, Button, NativeSelect, Popover, TextInput } from '@mantine/core';
import { IconArrowsMove, IconBookmarkPlus, IconZoomIn, IconZoomOut } from '@tabler/icons-react';
import { useCallback, useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import { moveCamera, useGoToPreset, usePresets, useSetPreset } from '../api/queries';
import type { Camera } from '../api/types';
import { keyName } from '../shell/keyboard';
import { toast } from '../shell/toast';
import { Drive, still, type Speed } from './drive';
import { Hold } from './Hold';

/** Half speed by key: a full one overshoots. Shift gives the full. */
const keySpeed = 0.5;
/** Closer to the middle than this nothing moves, as a fraction of the disc. */
const deadZone = 0.15;

const keys: Record<string, Speed> = {
  ArrowLeft: { ...still, pan: -1 },
  ArrowRight: { ...still, pan: 1 },
  ArrowUp: { ...still, tilt: 1 },
  ArrowDown: { ...still, tilt: -1 },
  '+': { ...still, zoom: 1 },
  '=': { ...still, zoom: 1 },
  '-': { ...still, zoom: -1 },
  _: { ...still, zoom: -1 },
};

/** Turns and zooms a camera while a pointer or a key is held; sends it to the positions it keeps. */
export function PtzPad({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const failed = useCallback(
    (error: unknown) =>
      toast(t('ptz.failed', { reason: error instanceof Problem ? error.detail || error.title : '' }), { wrong: true }),
    [t],
  );
  const [drive] = useState(() => new Drive((speed) => moveCamera(camera.id, speed)));
  useEffect(() => drive.onFailed(failed), [drive, failed]);
  useEffect(() => {
    const stop = () => drive.stop();
    // A page that is left or covered steers nothing.
    window.addEventListener('blur', stop);
    document.addEventListener('visibilitychange', stop);
    return () => {
      stop();
      window.removeEventListener('blur', stop);
      document.removeEventListener('visibilitychange', stop);
    };
  }, [drive]);
  const disc = useRef<HTMLDivElement>(null);
  const [knob, setKnob] = useState<{ x: number; y: number } | null>(null);
  const held = useRef(new Set<string>());

  const steer = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = (event.clientX - box.left - box.width / 2) / (box.width / 2);
    const y = (event.clientY - box.top - box.height / 2) / (box.height / 2);
    const length = Math.hypot(x, y);
    const scale = length > 1 ? 1 / length : 1;
    setKnob({ x: x * scale, y: y * scale });
    // Tenths: the same speed needn't be said anew for each trembling of a finger.
    const part = (value: number) => (Math.abs(value) < deadZone ? 0 : Math.round(value * scale * 10) / 10);
    drive.move({ pan: part(x), tilt: part(-y) + 0, zoom: 0 });
  };
  const release = () => {
    setKnob(null);
    drive.stop();
  };

  const byKeys = (fast: boolean) => {
    const sum = { ...still };
    for (const name of held.current) {
      const speed = keys[name];
      if (!speed) continue;
      const factor = fast ? 1 : keySpeed;
      sum.pan += speed.pan * factor;
      sum.tilt += speed.tilt * factor;
      sum.zoom += speed.zoom * factor;
    }
    drive.move(sum);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const name = keyName(event.nativeEvent);
    if (!keys[name]) return;
    event.preventDefault();
    held.current.add(name);
    byKeys(event.shiftKey);
  };
  const onKeyUp = (event: KeyboardEvent) => {
    held.current.delete(keyName(event.nativeEvent));
    byKeys(event.shiftKey);
  };
  const letGo = () => {
    held.current.clear();
    drive.stop();
  };

  return (
    <div className="ptz" role="group" aria-label={t('ptz.title', { camera: camera.name })}>
      {/* An application takes pointers and keys itself. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={disc}
        className="ptz-disc"
        role="application"
        data-tool="ptz"
        aria-label={t('ptz.disc')}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        dir="ltr"
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          steer(event);
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) steer(event);
        }}
        onPointerUp={release}
        onPointerCancel={release}
        onLostPointerCapture={release}
        onKeyDown={onKeyDown}
        onKeyUp={onKeyUp}
        onBlur={letGo}
        // Two quick movements are no wish to leave the camera.
        onDoubleClick={(event) => event.stopPropagation()}
      >
        <IconArrowsMove size={30} aria-hidden />
        <span
          className="ptz-knob"
          aria-hidden
          style={{ transform: `translate(${(knob?.x ?? 0) * 36}px, ${(knob?.y ?? 0) * 36}px)` }}
        />
      </div>
      <div className="ptz-side">
        <div className="ptz-zoom" dir="ltr">
          <Hold
            className="tile-tool"
            label={t('ptz.wider')}
            onHold={(on) => drive.move({ ...still, zoom: on ? -keySpeed : 0 })}
          >
            <IconZoomOut size={18} />
          </Hold>
          <Hold
            className="tile-tool"
            label={t('ptz.closer')}
            onHold={(on) => drive.move({ ...still, zoom: on ? keySpeed : 0 })}
          >
            <IconZoomIn size={18} />
          </Hold>
          <KeepPreset camera={camera} onFailed={failed} />
        </div>
        <Presets camera={camera} onFailed={failed} />
      </div>
    </div>
  );
}

function Presets({ camera, onFailed }: { camera: Camera; onFailed: (error: unknown) => void }) {
  const { t } = useTranslation();
  const presets = usePresets(camera.id);
  const goTo = useGoToPreset(camera.id);
  if (!presets.data || presets.data.length === 0) return null;
  return (
    <NativeSelect
      size="xs"
      aria-label={t('ptz.presets')}
      value=""
      onChange={(event) => {
        const token = event.currentTarget.value;
        if (token !== '') goTo.mutate(token, { onError: onFailed });
      }}
      data={[
        { value: '', label: t('ptz.presets') },
        ...presets.data.map((preset) => ({ value: preset.token, label: preset.name })),
      ]}
    />
  );
}

function KeepPreset({ camera, onFailed }: { camera: Camera; onFailed: (error: unknown) => void }) {
  const { t } = useTranslation();
  const keep = useSetPreset(camera.id);
  const [opened, setOpened] = useState(false);
  const [name, setName] = useState('');
  return (
    <Popover opened={opened} onChange={setOpened} trapFocus returnFocus position="top">
      <Popover.Target>
        <ActionIcon
          className="tile-tool"
          aria-label={t('ptz.keep')}
          title={t('ptz.keep')}
          onClick={() => setOpened(!opened)}
        >
          <IconBookmarkPlus size={18} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          className="form-line"
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() === '') return;
            keep.mutate(name.trim(), {
              onSuccess: () => {
                toast(t('ptz.kept', { name: name.trim() }));
                setOpened(false);
                setName('');
              },
              onError: onFailed,
            });
          }}
        >
          <TextInput
            data-autofocus
            label={t('ptz.keepName')}
            value={name}
            maxLength={100}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" loading={keep.isPending}>
            {t('app.save')}
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
