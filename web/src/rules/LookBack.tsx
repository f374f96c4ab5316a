import { Button, Progress } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useCancelReanalysis, useReanalyses, useStartReanalysis } from '../api/queries';
import { useFormat } from '../i18n/format';
import { Why } from '../shell/Notice';

/** Offers to look at footage that nobody watched, and shows how far that is. */
export function LookBack(props: {
  camera: string;
  from: number;
  to: number;
  /** Of recorded footage that nobody watched. */
  seconds: number;
  /** Once, when a look back that was started here has ended. */
  onDone: () => void;
}) {
  const { camera, from, to, seconds, onDone } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const jobs = useReanalyses();
  const start = useStartReanalysis();
  const cancel = useCancelReanalysis();
  // One that somebody else started is shown as well: it is the same footage.
  const mine = jobs.data?.find((job) => job.id === start.data?.id);
  const job =
    mine ??
    jobs.data?.find((other) => other.camera === camera && (other.state === 'running' || other.state === 'queued'));
  const told = useRef<string>(undefined);
  const ended = mine?.state === 'done' || mine?.state === 'cancelled' ? mine.id : undefined;
  useEffect(() => {
    if (ended === undefined || told.current === ended) return;
    told.current = ended;
    onDone();
  }, [ended, onDone]);

  if (job && (job.state === 'running' || job.state === 'queued')) {
    const done = t('exports.progress', { percent: format.percent(job.progress) });
    return (
      <div className="check-running" data-look-back={job.state}>
        <div className="grow">
          <p role="status">
            {job.state === 'queued' ? t('rules.lookBackQueued') : t('rules.lookBackRunning')} · {done}
            {job.footageSeconds !== null && (
              <span className="dim">
                {' · '}
                {t('rules.lookBackDone', {
                  done: format.duration(job.doneSeconds * 1000),
                  all: format.duration(job.footageSeconds * 1000),
                })}
              </span>
            )}
          </p>
          <Progress value={job.progress * 100} aria-label={done} />
        </div>
        <Button size="compact-sm" variant="default" loading={cancel.isPending} onClick={() => cancel.mutate(job.id)}>
          {t('rules.lookBackCancel')}
        </Button>
      </div>
    );
  }

  return (
    <>
      {start.isError && (
        <p className="red" role="alert">
          <Why error={start.error} />
        </p>
      )}
      {mine?.state === 'failed' && (
        <p className="red" role="alert">
          {t('rules.lookBackFailed', { reason: mine.reason ?? '' })}
        </p>
      )}
      {mine && mine.skipped.length > 0 && (
        <p className="amber small">{t('rules.lookBackSkipped', { count: mine.skipped.length })}</p>
      )}
      {seconds > 0 && (
        <div className="rules-head" data-look-back="offer">
          <span className="small grow">{t('rules.lookBack', { length: format.duration(seconds * 1000) })}</span>
          <Button
            size="compact-sm"
            variant="default"
            loading={start.isPending}
            onClick={() =>
              start.mutate({
                camera,
                from: new Date(from).toISOString(),
                to: new Date(to).toISOString(),
                everything: false,
              })
            }
          >
            {t('rules.lookBackDo')}
          </Button>
        </div>
      )}
    </>
  );
}
