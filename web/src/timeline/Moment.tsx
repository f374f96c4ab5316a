import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { isFar } from '../api/client';
import { nodeNow } from '../api/clock';
import type { Timeline } from '../api/types';
import type { Format } from '../i18n/format';
import { momentAt, shortGapsAt } from './coverage';
import { holdsAt } from './holds';
import type { Mark } from './marks';
import { ScrubPicture } from './ScrubPicture';

type Translate = TFunction;

/** What the archive holds at an instant, in words. */
function whatIs(t: Translate, format: Format, timeline: Timeline | undefined, ms: number): string {
  const now = nodeNow();
  const moment = momentAt(timeline, ms, now);
  if (moment.kind !== 'gap') return t(`timeline.${moment.kind}`);
  const to = moment.gap.to === null ? now : Date.parse(moment.gap.to);
  return t('timeline.gapLasts', {
    duration: format.duration(to - Date.parse(moment.gap.from)),
    cause: t(`timeline.cause.${moment.gap.cause}`),
  });
}

/** The same with what keeps it, for who can't see the strip. */
export const spoken = (t: Translate, format: Format, timeline: Timeline | undefined, ms: number): string =>
  [
    whatIs(t, format, timeline, ms),
    ...holdsAt(timeline, ms).map((hold) => `${t('timeline.held')} ${hold.reason}`),
  ].join(' · ');

/** An instant of a strip: its picture, its time, and what the archive says of it. */
export function Moment({
  camera,
  mark = null,
  timeline,
  ms,
  format,
  span,
}: {
  camera: string;
  mark?: Mark | null;
  timeline: Timeline | undefined;
  ms: number;
  format: Format;
  span: number;
}) {
  const { t } = useTranslation();
  const moment = momentAt(timeline, ms, nodeNow());
  const shorter = moment.kind === 'recorded' ? shortGapsAt(timeline, ms) : null;
  return (
    <>
      {moment.kind === 'recorded' && !isFar(camera) && <ScrubPicture camera={camera} ms={ms} format={format} />}
      <strong>
        {span > 2 * 86_400_000 && `${format.shortDate(ms)} `}
        <bdi dir="ltr">{span < 60_000 ? format.timeMs(ms) : format.time(ms)}</bdi>
      </strong>
      {mark !== null && (
        <span>
          ▲ <bdi dir="ltr">{format.time(mark.at)}</bdi> {t(`scene.kind.${mark.kind}`)}
          {mark.count > 1 && ` · ${t('scene.times', { count: mark.count })}`}
        </span>
      )}
      <span>{whatIs(t, format, timeline, ms)}</span>
      {shorter && (
        <span className="dim">
          {t('timeline.shortGaps', { many: format.number(shorter.count), duration: format.duration(shorter.missing) })}
        </span>
      )}
      {holdsAt(timeline, ms).map((hold) => (
        <span key={hold.id}>
          ⌂ {t('timeline.held')} <bdi>{hold.reason}</bdi>
        </span>
      ))}
      {moment.kind === 'gap' && moment.gap.detail && (
        <bdi lang="en" className="dim">
          {moment.gap.detail}
        </bdi>
      )}
    </>
  );
}
