import { Button, NativeSelect, Skeleton } from '@mantine/core';
import { IconAlertTriangle, IconFileTypeHtml, IconFileTypePdf } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useCameras } from '../api/queries';
import { usePurposeWords } from '../approvals/words';
import { useFormat } from '../i18n/format';
import { Failure } from '../shell/Notice';
import './oversight.css';
import { useFigures } from './queries';
import { useKindWords } from './words';

const spans = [7, 31, 92, 366] as const;

/** A period in numbers, for oversight: what was looked at and why, what changed, what retention did. No pictures. */
export default function OversightRoom() {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const kinds = useKindWords();
  const purposes = usePurposeWords();
  const cameras = useCameras();
  const [days, setDays] = useState<number>(31);
  const [now] = useState(() => nodeNow());
  const from = new Date(now - days * 86_400_000).toISOString();
  const to = new Date(now).toISOString();
  const figures = useFigures(from, to);
  const names = new Map((cameras.data ?? []).map((c) => [c.id, c.name]));
  const report = (kind: 'html' | 'pdf') =>
    `/api/oversight/report?${new URLSearchParams({ from, to, language: i18n.language.slice(0, 2), format: kind }).toString()}`;
  const told = figures.data;

  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('oversight.title')}</h1>
        <span className="grow" />
        <Button
          component="a"
          variant="default"
          leftSection={<IconFileTypePdf size={16} />}
          href={report('pdf')}
          download
        >
          {t('oversight.reportPdf')}
        </Button>
        <Button
          component="a"
          variant="default"
          leftSection={<IconFileTypeHtml size={16} />}
          href={report('html')}
          download
        >
          {t('oversight.reportHtml')}
        </Button>
      </div>
      <p className="dim">{t('oversight.overview')}</p>
      <div className="accesses-filter">
        <NativeSelect
          label={t('oversight.span')}
          value={String(days)}
          onChange={(event) => setDays(Number(event.currentTarget.value))}
          data={spans.map((value) => ({ value: String(value), label: t('oversight.days', { count: value }) }))}
        />
      </div>
      {figures.isError && (
        <Failure title={t('oversight.figuresFailed')} error={figures.error}>
          <Button variant="default" onClick={() => void figures.refetch()}>
            {t('app.retry')}
          </Button>
        </Failure>
      )}
      {figures.isPending && Array.from({ length: 4 }, (_, index) => <Skeleton key={index} height={96} mb={16} />)}
      {told && (
        <>
          <section aria-labelledby="notable">
            <h2 id="notable">{t('oversight.notable')}</h2>
            {told.notable.length === 0 ? (
              <p className="dim">{t('oversight.nothingNotable')}</p>
            ) : (
              <ul className="oversight-notable">
                {told.notable.map((item) => (
                  <li key={`${item.what} ${item.about}`} data-urgent={item.what === 'fork' || item.what === 'overdue'}>
                    <IconAlertTriangle size={16} aria-hidden />
                    <span>
                      {t(`oversight.notableIs.${item.what}`, { defaultValue: item.what })}
                      {item.about !== '' && (
                        <>
                          {' · '}
                          <bdi>{names.get(item.about) ?? item.about}</bdi>
                        </>
                      )}
                    </span>
                    <b>{format.number(item.count)}</b>
                  </li>
                ))}
              </ul>
            )}
          </section>
          <section aria-labelledby="per-day">
            <h2 id="per-day">{t('oversight.perDay')}</h2>
            <DayChart days={told.days} />
          </section>
          <div className="oversight-columns">
            <Bars title={t('oversight.byKind')} counts={told.accesses} words={kinds} />
            <Bars title={t('oversight.byUser')} counts={told.users} words={(name) => name} />
            <Bars
              title={t('oversight.byPurpose')}
              counts={told.purposes}
              words={(name) => (name === '' ? t('oversight.noPurpose') : purposes(name))}
            />
            <Bars title={t('oversight.inLog')} counts={told.records} words={kinds} />
            <Bars title={t('oversight.gapHours')} counts={told.gapHours} words={kinds} />
          </div>
          <section aria-labelledby="retention">
            <h2 id="retention">{t('oversight.retention')}</h2>
            <p className="dim">
              {t('oversight.retentionIs')} {t('oversight.holds')}: {format.number(told.holds)}
            </p>
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">{t('oversight.camera')}</th>
                  <th scope="col">{t('oversight.keepDays')}</th>
                  <th scope="col">{t('oversight.oldest')}</th>
                  <th scope="col">{t('oversight.held')}</th>
                  <th scope="col">{t('oversight.overdue')}</th>
                  <th scope="col">{t('oversight.removed')}</th>
                </tr>
              </thead>
              <tbody>
                {told.retention.map((row) => (
                  <tr key={row.camera}>
                    <td>
                      <bdi>{names.get(row.camera) ?? row.camera}</bdi>
                    </td>
                    <td>{row.keepDays === null ? '–' : format.number(row.keepDays)}</td>
                    <td>{row.oldest === null ? '–' : format.dateTime(Date.parse(row.oldest))}</td>
                    <td>{format.number(row.held)}</td>
                    <td>{row.overdue > 0 ? <b>{format.number(row.overdue)}</b> : format.number(0)}</td>
                    <td>{format.number(row.removed)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </>
      )}
    </div>
  );
}

function Bars(props: {
  title: string;
  counts: readonly { name: string; count: number }[];
  words: (name: string) => string;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const most = Math.max(1, ...props.counts.map(({ count }) => count));
  return (
    <section>
      <h2>{props.title}</h2>
      {props.counts.length === 0 && <p className="dim">{t('oversight.nothing')}</p>}
      <ul className="oversight-bars">
        {props.counts.map(({ name, count }) => (
          <li key={name}>
            <bdi>{props.words(name)}</bdi>
            <span className="oversight-bar" aria-hidden>
              <svg viewBox="0 0 100 6" preserveAspectRatio="none">
                <rect width={(100 * count) / most} height="6" />
              </svg>
            </span>
            <b>{format.number(count)}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Time goes from left to right in every language. */
function DayChart({ days }: { days: readonly { day: string; accesses: number; changes: number }[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const most = Math.max(1, ...days.map(({ accesses }) => accesses));
  const total = days.reduce((sum, { accesses }) => sum + accesses, 0);
  const first = days[0];
  const last = days[days.length - 1];
  return (
    <figure className="oversight-days" dir="ltr">
      <svg
        viewBox={`0 0 ${String(days.length * 10)} 60`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t('oversight.perDayIs', { count: total, most: format.number(most) })}
      >
        {days.map(({ day, accesses, changes }, index) => (
          <g key={day}>
            <title>{`${day}: ${format.number(accesses)}`}</title>
            <rect x={index * 10 + 1} y={60 - (58 * accesses) / most} width="8" height={(58 * accesses) / most} />
            {changes > 0 && <rect className="changes" x={index * 10 + 1} y="58" width="8" height="2" />}
          </g>
        ))}
      </svg>
      <figcaption className="dim">
        <span>{first?.day}</span>
        <span>{last?.day}</span>
      </figcaption>
    </figure>
  );
}
