import { ActionIcon, Button, NativeSelect, Tooltip } from '@mantine/core';
import {
  IconBracketsContain,
  IconBracketsContainEnd,
  IconBracketsContainStart,
  IconBroadcast,
  IconCamera,
  IconChevronLeft,
  IconChevronRight,
  IconFileExport,
  IconPin,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconRewindBackward10,
  IconRewindForward10,
  IconVolume,
  IconVolumeOff,
  IconX,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { isFar } from '../api/client';
import type { Format } from '../i18n/format';
import { go } from '../shell/route';
import { GoTo } from './GoTo';
import type { PlaybackPlayer, PlaybackState } from './PlaybackPlayer';
import type { Listed } from './removed';
import { speeds } from './shuttle';
import { Tool } from './Tool';

interface Props {
  player: PlaybackPlayer | null;
  state: PlaybackState;
  camera: Listed | null;
  /** Of the picture on the stage, ms since 1970 UTC. */
  at: number;
  selection: { from: number; to: number } | null;
  heard: boolean;
  /** The popover that asks for a time is open. */
  going: boolean;
  setGoing: (going: boolean) => void;
  format: Format;
  onSeekBy: (ms: number) => void;
  onSeekTo: (ms: number) => void;
  /** Null: the stretch is forgotten. */
  onMark: (end: 'from' | 'to' | null) => void;
  onExport: () => void;
  onHold: () => void;
  onHear: (heard: boolean) => void;
  onSnapshot: () => void;
}

/** Under the stage: playing, stepping, going to a time, choosing a stretch. */
export function Transport(props: Props) {
  const { player, state, camera, at, selection, heard, going, setGoing, format } = props;
  const { onSeekBy, onSeekTo, onMark, onExport, onHold, onHear, onSnapshot } = props;
  const { t } = useTranslation();
  const running = state.phase === 'playing';
  return (
    <div className="transport" dir="ltr" role="toolbar" aria-label={t('timeline.play')} aria-orientation="horizontal">
      <div className="transport-keys">
        <Tool label={t('timeline.backSecond')} onClick={() => onSeekBy(-10_000)}>
          <IconRewindBackward10 size={20} />
        </Tool>
        <Tool label={t('timeline.back')} onClick={() => player?.step(-1)}>
          <IconChevronLeft size={20} />
        </Tool>
        <ActionIcon
          className="play"
          variant="filled"
          color="signal"
          size={36}
          aria-label={running ? t('timeline.pause') : t('timeline.play')}
          disabled={!camera}
          onClick={() => player?.toggle()}
        >
          {running ? <IconPlayerPauseFilled size={20} /> : <IconPlayerPlayFilled size={20} />}
        </ActionIcon>
        <Tool label={t('timeline.forward')} onClick={() => player?.step(1)}>
          <IconChevronRight size={20} />
        </Tool>
        <Tool label={t('timeline.forwardSecond')} onClick={() => onSeekBy(10_000)}>
          <IconRewindForward10 size={20} />
        </Tool>
        <NativeSelect
          className="speed"
          size="xs"
          aria-label={t('timeline.speed')}
          value={String(state.rate)}
          onChange={(event) => player?.setRate(Number(event.currentTarget.value))}
          data={[...(state.rate < 0 ? [state.rate] : []), ...speeds].map((rate) => ({
            value: String(rate),
            label:
              rate < 0
                ? t('timeline.backwards', { rate: format.number(-rate) })
                : t('timeline.speedIs', { rate: new Intl.NumberFormat(format.locale).format(rate) }),
          }))}
        />
      </div>
      <GoTo opened={going} setOpened={setGoing} at={at} format={format} onGo={onSeekTo} />
      <div className="transport-keys">
        <Tool label={t('timeline.markIn')} onClick={() => onMark('from')}>
          <IconBracketsContainStart size={18} />
        </Tool>
        <Tool label={t('timeline.markOut')} onClick={() => onMark('to')}>
          <IconBracketsContainEnd size={18} />
        </Tool>
        {selection && (
          <Tool label={t('timeline.clear')} onClick={() => onMark(null)}>
            <IconX size={18} />
          </Tool>
        )}
        <Tooltip
          label={
            selection
              ? t('timeline.selected', {
                  from: format.time(selection.from),
                  to: format.time(selection.to),
                  duration: format.duration(selection.to - selection.from),
                })
              : t('keys.export')
          }
        >
          <Button
            size="compact-sm"
            variant={selection ? 'filled' : 'default'}
            leftSection={selection ? <IconBracketsContain size={16} /> : <IconFileExport size={16} />}
            disabled={!camera || isFar(camera.id)}
            onClick={onExport}
          >
            {t('timeline.export')}
            {selection && ` · ${format.duration(selection.to - selection.from)}`}
          </Button>
        </Tooltip>
        <Tooltip label={selection ? t('timeline.holdSelected') : t('timeline.holdHere')}>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPin size={16} />}
            disabled={!camera || isFar(camera.id)}
            onClick={onHold}
          >
            {t('hold.do')}
          </Button>
        </Tooltip>
        <Tool label={heard ? t('timeline.mute') : t('timeline.unmute')} pressed={heard} onClick={() => onHear(!heard)}>
          {heard ? <IconVolume size={18} /> : <IconVolumeOff size={18} />}
        </Tool>
        <Tool label={t('timeline.snapshot')} onClick={onSnapshot}>
          <IconCamera size={18} />
        </Tool>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconBroadcast size={16} />}
          disabled={!camera || camera.removed === true}
          onClick={() => camera && go(`/live?camera=${encodeURIComponent(camera.id)}`)}
        >
          {t('timeline.goLive')}
        </Button>
      </div>
    </div>
  );
}
