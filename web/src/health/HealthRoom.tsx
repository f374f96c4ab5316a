import { Button, Skeleton } from '@mantine/core';
import { IconAlertOctagonFilled, IconAlertTriangleFilled, IconArrowRight, IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client';
import { nodeNow } from '../api/clock';
import { useCameras, useNode, useStorage } from '../api/queries';
import type { AnalysisHealth, HealthParts, HealthReport } from '../api/types';
import { useFormat } from '../i18n/format';
import { Failure, Said } from '../shell/Notice';
import { follow } from '../shell/route';
import { troublesOf, type Trouble } from './troubles';
import './health.css';

const everyMs = 10_000;

/** How the node is: what is wrong with what to do about it, then the figures behind it. */
export default function HealthRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const node = useNode();
  const cameras = useCameras();
  const storage = useStorage();
  const report = useQuery({
    queryKey: ['health', 'report'],
    queryFn: () => answer<HealthReport>(api.GET('/api/health')),
    refetchInterval: everyMs,
  });
  const parts = useQuery({
    queryKey: ['health', 'parts'],
    queryFn: () => answer<HealthParts>(api.GET('/health')),
    refetchInterval: everyMs,
  });
  const analysis = useQuery({
    queryKey: ['health', 'analysis'],
    queryFn: () => answer<AnalysisHealth>(api.GET('/api/analysis')),
    refetchInterval: everyMs,
  });

  if (report.isError && !report.data) {
    return (
      <Failure title={t('health.failed')} error={report.error}>
        <Button variant="default" onClick={() => void report.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  const data = report.data;
  const now = nodeNow();
  const ready = data && cameras.data && storage.data && analysis.data;
  const troubles = ready
    ? troublesOf({
        report: data,
        parts: parts.data ?? null,
        cameras: cameras.data,
        storage: storage.data,
        analysis: analysis.data,
        now,
      })
    : [];
  const nameOf = (id: string) => cameras.data?.find((camera) => camera.id === id)?.name ?? id;
  const share = (value: number | null) => (value === null ? '–' : format.percent(value));

  return (
    // With nothing to press in it, keys scroll it by itself.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="page health" role="region" aria-label={t('health.title')} tabIndex={0}>
      <div className="page-head">
        <h1>{t('health.title')}</h1>
        {data && <span className="dim">{t('storage.measured', { time: format.time(Date.parse(data.at)) })}</span>}
      </div>

      <section aria-labelledby="troubles" aria-busy={!ready} data-ready={ready ? '' : undefined}>
        <h2 id="troubles" className="visually-hidden">
          {t('health.troubles')}
        </h2>
        {!ready && <Skeleton height={64} />}
        {ready && troubles.length === 0 && (
          <p className="health-well" role="status">
            <IconCircleCheck size={22} aria-hidden /> {t('health.well')}
          </p>
        )}
        <ul className="troubles">
          {troubles.map((trouble, index) => (
            <TroubleLine key={`${trouble.kind} ${trouble.about ?? index}`} trouble={trouble} />
          ))}
        </ul>
      </section>

      <div className="health-facts">
        <Facts title={t('health.node')}>
          <Fact name={t('health.version')} value={<bdi dir="ltr">{node.data?.version ?? '–'}</bdi>} />
          <Fact
            name={t('health.runs')}
            value={node.data ? format.duration(now - Date.parse(node.data.startedAt)) : '–'}
          />
          <Fact
            name={t('health.clock')}
            value={
              data
                ? data.clock.synchronised === null
                  ? t('health.clockUnknown')
                  : data.clock.synchronised
                    ? t('health.clockKept')
                    : t('health.clockFree')
                : '–'
            }
          />
          <Fact
            name={t('health.database')}
            value={
              data ? (
                <bdi dir="ltr">
                  {data.database.engine === 'sqlite' ? 'SQLite' : 'PostgreSQL'}
                  {data.database.milliseconds !== null && ` · ${format.number(data.database.milliseconds, 1)} ms`}
                </bdi>
              ) : (
                '–'
              )
            }
          />
        </Facts>
        <Facts title={t('health.machine')}>
          <Fact
            name={t('health.processors')}
            value={data ? `${format.number(data.machine.processors)} · ${share(data.machine.busy)}` : '–'}
          />
          <Fact name={t('health.ofThatNode')} value={data ? share(data.machine.node) : '–'} />
          <Fact name={t('health.memory')} value={data ? format.bytes(data.machine.residentBytes) : '–'} />
          <Fact
            name={t('health.memoryLeft')}
            value={data?.machine.availableBytes != null ? format.bytes(data.machine.availableBytes) : '–'}
          />
        </Facts>
        <Facts title={t('health.analysis')}>
          <Fact
            name={t('health.analysisState')}
            value={analysis.data ? t(`health.analysisIs.${analysis.data.state}`) : '–'}
          />
          <Fact name={t('health.processors')} value={analysis.data ? share(analysis.data.busy) : '–'} />
          <Fact name={t('health.restarts')} value={analysis.data ? format.number(analysis.data.restarts) : '–'} />
        </Facts>
        <Facts title={t('health.outbox')}>
          <Fact name={t('health.waiting')} value={data?.outbox ? format.number(data.outbox.waiting) : '–'} />
          <Fact name={t('health.dead')} value={data?.outbox ? format.number(data.outbox.dead) : '–'} />
        </Facts>
        {(storage.data?.volumes ?? []).map((volume) => (
          <Facts key={volume.name} title={t('health.volume', { name: volume.name })}>
            <Fact
              name={t('health.free')}
              value={volume.capacity > 0 ? format.bytes(volume.free) : t('health.unlimited')}
            />
            <Fact name={t('health.perDay')} value={format.bytes(volume.bytesPerDay)} />
            <Fact
              name={t('health.fullIn')}
              value={volume.fullInSeconds === null ? t('health.never') : format.about(volume.fullInSeconds * 1000)}
            />
          </Facts>
        ))}
      </div>

      <section aria-labelledby="recording">
        <h2 id="recording">{t('health.recording')}</h2>
        {!data && <Skeleton height={120} />}
        {data && (
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{t('health.camera')}</th>
                <th scope="col">{t('health.state')}</th>
                <th scope="col" className="end">
                  {t('health.rate')}
                </th>
                <th scope="col" className="end">
                  {t('health.analysisRate')}
                </th>
                <th scope="col">{t('health.lastGap')}</th>
              </tr>
            </thead>
            <tbody>
              {data.recording.map((recorder) => {
                const stream = cameras.data
                  ?.find(({ id }) => id === recorder.camera)
                  ?.status.streams.find((each) => each.stream === recorder.stream);
                const seen = analysis.data?.cameras.find(
                  ({ camera, stream: of }) => camera === recorder.camera && of === recorder.stream,
                );
                const gap = recorder.lastGap;
                return (
                  <tr key={`${recorder.camera} ${recorder.stream}`} data-recorder={recorder.camera}>
                    <td>
                      <bdi>{nameOf(recorder.camera)}</bdi>{' '}
                      <span className="dim small">{t(`health.stream.${recorder.stream}`)}</span>
                    </td>
                    <td className={recorder.state === 'recording' ? '' : 'amber'}>
                      {t(`health.recorder.${recorder.state}`)}
                    </td>
                    <td className="end">{stream?.bitrate != null ? format.bitrate(stream.bitrate) : '–'}</td>
                    <td className="end">
                      {seen?.enabled
                        ? `${format.number(seen.givenRate, 1)} / ${format.number(seen.askedRate, 1)}`
                        : '–'}
                    </td>
                    <td>
                      {gap ? (
                        <a
                          href={`/timeline?camera=${encodeURIComponent(recorder.camera)}&t=${gap.from}`}
                          onClick={follow}
                        >
                          {t('health.gap', {
                            time: format.dateTime(Date.parse(gap.from)),
                            duration: format.duration(
                              (gap.to === null ? now : Date.parse(gap.to)) - Date.parse(gap.from),
                            ),
                            cause: t(`timeline.cause.${gap.cause}`),
                          })}
                        </a>
                      ) : (
                        <span className="dim">{t('health.noGap')}</span>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </section>
    </div>
  );
}

function TroubleLine({ trouble }: { trouble: Trouble }) {
  const { t } = useTranslation();
  const { kind, urgent, about, said, to } = trouble;
  return (
    <li className={urgent ? 'trouble urgent' : 'trouble'} data-trouble={kind}>
      {urgent ? (
        <IconAlertOctagonFilled size={20} className="red" aria-label={t('health.urgent')} role="img" />
      ) : (
        <IconAlertTriangleFilled size={20} className="amber" aria-label={t('health.attend')} role="img" />
      )}
      <div className="trouble-words">
        <strong>
          {about !== null && (
            <>
              <bdi>{about}</bdi>
              {': '}
            </>
          )}
          <span className="trouble-title">{t(`health.trouble.${kind}`)}</span>
        </strong>
        <p>
          {t(`health.meaning.${kind}`)} {t(`health.deed.${kind}`)}
        </p>
        {said !== '' && (
          <p className="dim small">
            <Said text={said} />
          </p>
        )}
      </div>
      {to !== null && (
        <a className="trouble-to" href={to} onClick={follow}>
          {t('health.mend')} <IconArrowRight size={16} className="flip" aria-hidden />
        </a>
      )}
    </li>
  );
}

function Facts({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="health-box" aria-label={title}>
      <h2>{title}</h2>
      <dl>{children}</dl>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
