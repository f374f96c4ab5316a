import { Badge, Button, Skeleton } from '@mantine/core';
import { IconUsersGroup } from '@tabler/icons-react';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '../../api/useNow';
import { useFormat } from '../../i18n/format';
import { useMay } from '../../identity/session';
import { Failure, Notice } from '../../shell/Notice';
import { setQuery, usePlace } from '../../shell/route';
import '../requests/requests.css';
import './operations.css';
import { OperationPanel } from './OperationPanel';
import { useOperations, type OperationLine } from './operations';

const ProposeDialog = lazy(() => import('./ProposeDialog'));

/** Joint operations: a list, and the room of one. */
export default function OperationsRoom() {
  const { t } = useTranslation();
  const may = useMay();
  const { query } = usePlace();
  const operations = useOperations();
  const now = useNow();
  const chosen = query.get('operation');

  if (operations.isError && !operations.data) {
    return (
      <Failure title={t('operations.failed')} error={operations.error}>
        <Button variant="default" onClick={() => void operations.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="incidents" data-chosen={chosen !== null}>
      <div className="incidents-list">
        <header>
          <h1>{t('operations.title')}</h1>
        </header>
        {may('cooperate') && (
          <div className="request-new">
            <Button fullWidth variant="default" onClick={() => setQuery({ propose: '' })}>
              {t('operations.propose')}
            </Button>
          </div>
        )}
        {!operations.data && <Skeleton height={120} m={16} />}
        {operations.data?.length === 0 && <p className="dim queue-none">{t('operations.none')}</p>}
        <ul className="queue-plain">
          {operations.data?.map((line) => (
            <li key={line.id}>
              <Line line={line} chosen={line.id === chosen} now={now} />
            </li>
          ))}
        </ul>
      </div>
      <div className="incident-place">
        {chosen === null ? (
          <Notice icon={<IconUsersGroup size={28} />} title={t('operations.choose')} text={t('operations.about')} />
        ) : (
          <OperationPanel key={chosen} id={chosen} now={now} onClose={() => setQuery({ operation: null })} />
        )}
      </div>
      {query.get('propose') !== null && may('cooperate') && (
        <Suspense>
          <ProposeDialog
            onClose={(made) => setQuery({ propose: null, ...(made !== undefined && { operation: made }) })}
          />
        </Suspense>
      )}
    </div>
  );
}

function Line({ line, chosen, now }: { line: OperationLine; chosen: boolean; now: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const end = Date.parse(line.end);
  return (
    <button
      type="button"
      className="request-line"
      data-operation={line.id}
      aria-pressed={chosen}
      onClick={() => setQuery({ operation: line.id }, { replace: false })}
    >
      <strong>
        <bdi>{line.title}</bdi>
      </strong>
      <span className="request-line-foot small">
        <bdi className="dim">{line.partner}</bdi>
        <span>
          <Badge variant="light" color={line.over ? 'gray' : line.state === 'joined' ? 'blue' : 'yellow'}>
            {t(`operations.state.${line.over && line.state === 'joined' ? 'over' : line.state}`)}
          </Badge>
        </span>
      </span>
      <span className="dim small">
        {line.over ? format.dateTime(end) : t('operations.ends', { when: format.relative(end, now) })}
      </span>
    </button>
  );
}
