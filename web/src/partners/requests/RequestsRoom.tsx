import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { IconArrowDownLeft, IconArrowUpRight, IconMailQuestion } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '../../api/useNow';
import { useMay } from '../../identity/session';
import { Failure, Notice } from '../../shell/Notice';
import { setQuery, usePlace } from '../../shell/route';
import { Deadline } from './Deadline';
import './requests.css';
import { RequestPanel } from './RequestPanel';
import { useRequests, type RequestLine } from './requests';

const AskDialog = lazy(() => import('./AskDialog'));

/** What this organisation and its partners ask of each other: a list by deadline, and one case with its story. */
export default function RequestsRoom() {
  const { t } = useTranslation();
  const may = useMay();
  const { query } = usePlace();
  const [open, setOpen] = useState(true);
  const requests = useRequests(open);
  const now = useNow();
  const chosen = query.get('request');
  const asking = query.get('ask');

  if (requests.isError && !requests.data) {
    return (
      <Failure title={t('requests.failed')} error={requests.error}>
        <Button variant="default" onClick={() => void requests.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="incidents" data-chosen={chosen !== null}>
      <div className="incidents-list">
        <header>
          <h1>{t('requests.title')}</h1>
          <SegmentedControl
            size="xs"
            aria-label={t('requests.which')}
            value={open ? 'open' : 'over'}
            onChange={(value) => setOpen(value === 'open')}
            data={[
              { value: 'open', label: t('requests.open') },
              { value: 'over', label: t('requests.over') },
            ]}
          />
        </header>
        {may('cooperate') && (
          <div className="request-new">
            <Button fullWidth variant="default" onClick={() => setQuery({ ask: '' })}>
              {t('requests.ask')}
            </Button>
          </div>
        )}
        {!requests.data && <Skeleton height={120} m={16} />}
        {requests.data?.length === 0 && (
          <p className="dim queue-none">{t(open ? 'requests.none' : 'requests.noneOver')}</p>
        )}
        <ul className="queue-plain">
          {requests.data?.map((line) => (
            <li key={line.id}>
              <Line line={line} chosen={line.id === chosen} now={now} />
            </li>
          ))}
        </ul>
      </div>
      <div className="incident-place">
        {chosen === null ? (
          <Notice icon={<IconMailQuestion size={28} />} title={t('requests.choose')} text={t('requests.about')} />
        ) : (
          <RequestPanel key={chosen} id={chosen} now={now} onClose={() => setQuery({ request: null })} />
        )}
      </div>
      {asking !== null && may('cooperate') && (
        <Suspense>
          <AskDialog
            onClose={(made) => {
              setQuery({ ask: null, ...(made !== undefined && { request: made }) });
              if (made !== undefined) setOpen(true);
            }}
          />
        </Suspense>
      )}
    </div>
  );
}

function Line({ line, chosen, now }: { line: RequestLine; chosen: boolean; now: number }) {
  const { t } = useTranslation();
  return (
    <button
      type="button"
      className="request-line"
      data-request={line.id}
      data-rescue={line.rescue}
      aria-pressed={chosen}
      onClick={() => setQuery({ request: line.id }, { replace: false })}
    >
      <strong>
        <bdi>{line.subject}</bdi>
      </strong>
      <span className="dim small">
        {line.rescue && <b className="red">{t('requests.rescue')} · </b>}
        {t(`requests.kind.${line.kind}`)} · {t(`requests.urgency.${line.urgency}`)}
      </span>
      <span className="request-line-foot small">
        <span className="deadline">
          {line.ours ? <IconArrowUpRight size={16} aria-hidden /> : <IconArrowDownLeft size={16} aria-hidden />}
          <span className="visually-hidden">{t(line.ours ? 'requests.weAsk' : 'requests.theyAsk')} </span>
          <bdi>{line.partner}</bdi>
        </span>
        {line.fault === null ? (
          <Deadline line={line} now={now} />
        ) : (
          <span className="red">{t('requests.notTaken')}</span>
        )}
      </span>
    </button>
  );
}
