import { IconTriangleFilled } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { go } from '../shell/route';

/** Ten seconds before: what led to it is what one wants to see. */
const beforeMs = 10_000;

export const openMoment = (camera: string, ms: number): void =>
  go(`/timeline?${new URLSearchParams({ camera, t: new Date(ms - beforeMs).toISOString(), zoom: '600' }).toString()}`);

export interface FoundMoment {
  at: number;
  /** Until when; the same for a moment. */
  to: number;
  words: string;
}

/** Moments on a stretch of time, as marks and as a list; each opens ten seconds before. Hatched: nobody looked. */
export function Found(props: {
  camera: string;
  from: number;
  to: number;
  found: readonly FoundMoment[];
  unwatched: readonly { from: string; to: string }[];
}) {
  const { camera, from, to, found, unwatched } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const place = (ms: number) => `${(Math.min(1, Math.max(0, (ms - from) / (to - from))) * 100).toFixed(3)}%`;
  return (
    <div className="found">
      {/* Time runs from left to right in every language. */}
      <div className="found-strip" dir="ltr">
        {unwatched.map((stretch) => (
          <span
            key={stretch.from}
            className="found-unwatched"
            title={t('rules.unwatchedStretch', {
              from: format.dateTime(Date.parse(stretch.from)),
              to: format.dateTime(Date.parse(stretch.to)),
            })}
            style={{
              left: place(Date.parse(stretch.from)),
              right: `calc(100% - ${place(Date.parse(stretch.to))})`,
            }}
          />
        ))}
        {found.map((moment, index) => (
          <button
            key={index}
            type="button"
            className="found-mark"
            tabIndex={-1}
            aria-hidden
            title={`${format.dateTime(moment.at)} ${moment.words}`}
            style={{ left: place(moment.at) }}
            onClick={() => openMoment(camera, moment.at)}
          />
        ))}
      </div>
      <div className="found-ends dim small" dir="ltr">
        <time>{format.dateTime(from)}</time>
        <time>{format.dateTime(to)}</time>
      </div>
      {unwatched.length > 0 && <p className="amber small">{t('rules.unwatched')}</p>}
      <ul className="events found-list">
        {found.slice(0, 500).map((moment, index) => (
          <li key={index}>
            <button type="button" className="event" onClick={() => openMoment(camera, moment.at)}>
              <IconTriangleFilled size={10} aria-hidden className="mark" />
              <span>{moment.words}</span>
              <time dateTime={new Date(moment.at).toISOString()} className="dim small">
                {format.dateTime(moment.at)}
              </time>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
