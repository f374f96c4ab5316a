import { Button, SegmentedControl, Skeleton, Textarea } from '@mantine/core';
import { IconPrinter } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { SeverityMark } from '../alarms/severity';
import { nodeNow } from '../api/clock';
import { useCameras } from '../api/queries';
import type { Alarm } from '../api/types';
import { useFormat } from '../i18n/format';
import { Failure, Why } from '../shell/Notice';
import { follow } from '../shell/route';
import { toast } from '../shell/toast';
import { useHandOver, useLeaveNote } from './cases';

const hourMs = 3_600_000;
const shifts = [8, 12, 24] as const;

/** What the next shift must know, on one page that can be printed. */
export default function HandOverRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const [hours, setHours] = useState<number>(12);
  // To the minute: the same question for a while.
  const to = useMemo(() => Math.ceil(nodeNow() / 60_000) * 60_000, []);
  const from = to - hours * hourMs;
  const told = useHandOver(from, to);
  const leave = useLeaveNote();
  const cameras = useCameras();
  const [note, setNote] = useState('');
  const names = useMemo(() => new Map((cameras.data ?? []).map((camera) => [camera.id, camera.name])), [cameras.data]);

  if (told.isError && !told.data) return <Failure title={t('handover.failed')} error={told.error} />;
  const data = told.data;
  const line = (alarm: Alarm) => (
    <li key={alarm.id}>
      <SeverityMark severity={alarm.severity} size={16} />
      <span>
        {t(`scene.kind.${alarm.kind}`)} ·{' '}
        <bdi>{alarm.camera === '' ? t('alarms.node') : (names.get(alarm.camera) ?? alarm.camera)}</bdi>
        {alarm.assignee !== null && (
          <>
            {' · '}
            <bdi>{alarm.assignee}</bdi>
          </>
        )}
      </span>
      <time dateTime={alarm.at} className="dim small">
        {format.dateTime(Date.parse(alarm.at))}
      </time>
    </li>
  );
  return (
    <div className="page handover">
      <header className="page-head">
        <h1>{t('app.handover')}</h1>
        <span className="dim small">
          {format.dateTime(from)} – {format.dateTime(to)}
        </span>
        <span className="grow" />
        <SegmentedControl
          size="xs"
          aria-label={t('handover.shift')}
          value={String(hours)}
          onChange={(value) => setHours(Number(value))}
          data={shifts.map((each) => ({ value: String(each), label: format.about(each * hourMs) }))}
        />
        <Button variant="default" size="xs" leftSection={<IconPrinter size={16} />} onClick={() => window.print()}>
          {t('handover.print')}
        </Button>
      </header>
      {!data && <Skeleton height={240} />}
      {data && (
        <>
          <form
            className="form-note"
            onSubmit={(event) => {
              event.preventDefault();
              leave.mutate(
                { from, to, note },
                {
                  onSuccess: () => {
                    setNote('');
                    toast(t('handover.left'));
                  },
                },
              );
            }}
          >
            <Textarea
              label={t('handover.note')}
              autosize
              minRows={3}
              maxLength={4000}
              value={note}
              onChange={(event) => setNote(event.currentTarget.value)}
            />
            {leave.isError && (
              <p className="red" role="alert">
                <Why error={leave.error} />
              </p>
            )}
            <Button type="submit" loading={leave.isPending} disabled={note.trim() === ''}>
              {t('handover.leave')}
            </Button>
          </form>
          {data.notes.length > 0 && (
            <section>
              <h2>{t('handover.notes')}</h2>
              <ol className="story">
                {data.notes.map((each) => (
                  <li key={each.id}>
                    <time dateTime={each.at}>{format.dateTime(Date.parse(each.at))}</time>
                    <span>
                      <bdi className="dim">{each.by}</bdi>
                      <bdi className="story-note">{each.note}</bdi>
                    </span>
                  </li>
                ))}
              </ol>
            </section>
          )}
          <section>
            <h2>{t('handover.waiting')}</h2>
            {data.waiting.length === 0 ? (
              <p className="dim">{t('handover.nothing')}</p>
            ) : (
              <ul className="footage">{data.waiting.map(line)}</ul>
            )}
          </section>
          {data.held.length > 0 && (
            <section>
              <h2>{t('handover.held')}</h2>
              <ul className="footage">{data.held.map(line)}</ul>
            </section>
          )}
          <section>
            <h2>{t('handover.incidents')}</h2>
            {data.open.length + data.closed.length === 0 && <p className="dim">{t('handover.nothing')}</p>}
            <ul className="footage">
              {[...data.open, ...data.closed].map((incident) => (
                <li key={incident.id}>
                  <SeverityMark severity={incident.severity} size={16} />
                  <a href={`/incidents?incident=${incident.id}`} onClick={follow}>
                    <bdi>{incident.title}</bdi>
                  </a>
                  <span className="dim small">{t(`incidents.state.${incident.state}`)}</span>
                </li>
              ))}
            </ul>
          </section>
          {data.suppressions.length + data.disarmed.length > 0 && (
            <section>
              <h2>{t('handover.off')}</h2>
              <ul className="footage">
                {data.disarmed.map((each) => (
                  <li key={each.id}>
                    <bdi>{each.reason}</bdi>
                    <span className="dim small">
                      <bdi>{each.by}</bdi> ·{' '}
                      {each.until === null ? t('handover.noEnd') : format.dateTime(Date.parse(each.until))}
                    </span>
                  </li>
                ))}
                {data.suppressions.map((each) => (
                  <li key={each.id}>
                    <bdi>{each.reason}</bdi>
                    <span className="dim small">
                      <bdi>{each.by}</bdi> · {format.dateTime(Date.parse(each.until))}
                    </span>
                  </li>
                ))}
              </ul>
            </section>
          )}
          <section>
            <h2>{t('handover.figures')}</h2>
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">{t('handover.type')}</th>
                  {(['raised', 'withinTarget', 'closed', 'real', 'false', 'nuisance', 'test'] as const).map(
                    (column) => (
                      <th key={column} scope="col" className="end">
                        {t(`handover.count.${column}`)}
                      </th>
                    ),
                  )}
                </tr>
              </thead>
              <tbody>
                {data.counts.map((count) => (
                  <tr key={count.type}>
                    <th scope="row">{t(`alarms.type.${count.type}`)}</th>
                    {(['raised', 'withinTarget', 'closed', 'real', 'false', 'nuisance', 'test'] as const).map(
                      (column) => (
                        <td key={column} className="end">
                          {format.number(count[column])}
                        </td>
                      ),
                    )}
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
