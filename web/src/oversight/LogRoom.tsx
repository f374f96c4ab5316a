import { Button, Skeleton } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useFormat } from '../i18n/format';
import { Failure } from '../shell/Notice';
import { keepKey, knownKey } from './knownKey';
import './oversight.css';
import { useLog } from './queries';

/** How the log is, who witnesses it, whose logs this node witnesses, and the keys. */
export default function LogRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const log = useLog();
  const [, setKept] = useState(0);
  if (log.isPending)
    return (
      <div className="page">
        <Skeleton height={240} />
      </div>
    );
  if (log.isError)
    return (
      <div className="page">
        <Failure title={t('oversight.logFailed')} error={log.error}>
          <Button variant="default" onClick={() => void log.refetch()}>
            {t('app.retry')}
          </Button>
        </Failure>
      </div>
    );
  const state = log.data;
  const known = knownKey(state.key, nodeNow());
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('oversight.log')}</h1>
        <span className="grow" />
        <Button
          component="a"
          variant="default"
          leftSection={<IconDownload size={16} />}
          href="/log/checkpoint"
          download={`checkpoint-${String(state.size)}.txt`}
        >
          {t('oversight.saveCheckpoint')}
        </Button>
      </div>
      <p className="dim">{t('oversight.logIs')}</p>
      {state.fault !== null && (
        <p className="oversight-warning" role="alert">
          <IconAlertTriangle size={16} aria-hidden /> <bdi>{state.fault}</bdi>
        </p>
      )}
      {known.key !== state.key && (
        <div className="oversight-warning" role="alert">
          <IconAlertTriangle size={16} aria-hidden />
          <span>
            {t('oversight.otherKey', { at: format.dateTime(known.since) })} <code dir="ltr">{known.key}</code>
          </span>
          <Button
            variant="default"
            size="compact-sm"
            onClick={() => {
              keepKey(state.key, nodeNow());
              setKept((count) => count + 1);
            }}
          >
            {t('oversight.keepNewKey')}
          </Button>
        </div>
      )}
      <dl className="proof-facts">
        <dt>{t('oversight.logName')}</dt>
        <dd>
          <bdi dir="ltr">{state.origin}</bdi>
        </dd>
        <dt>{t('oversight.leaves')}</dt>
        <dd>{format.number(state.size)}</dd>
        <dt>{t('oversight.key')}</dt>
        <dd>
          <code dir="ltr">{state.key}</code>
        </dd>
        {state.witnessKey !== null && (
          <>
            <dt>{t('oversight.witnessKey')}</dt>
            <dd>
              <code dir="ltr">{state.witnessKey}</code>
            </dd>
          </>
        )}
        <dt>{t('oversight.checkpoint')}</dt>
        <dd>
          <pre dir="ltr" aria-label={t('oversight.checkpoint')}>
            {state.checkpoint}
          </pre>
        </dd>
      </dl>
      <section aria-labelledby="witnesses">
        <h2 id="witnesses">{t('oversight.witnesses')}</h2>
        {state.witnesses.length === 0 && <p className="dim">{t('oversight.noWitnesses')}</p>}
        <ul className="oversight-notable">
          {state.witnesses.map((witness) => (
            <li key={witness.key} data-urgent={witness.contradicts}>
              {witness.fault === null ? (
                <IconCircleCheck size={16} aria-hidden />
              ) : (
                <IconAlertTriangle size={16} aria-hidden />
              )}
              <span>
                <bdi dir="ltr">{witness.name}</bdi>
                {' · '}
                {witness.signedAt === null
                  ? t('oversight.notSignedYet')
                  : t('oversight.signedAt', {
                      at: format.dateTime(Date.parse(witness.signedAt)),
                      size: format.number(witness.size),
                    })}
                {witness.fault !== null && (
                  <>
                    {' · '}
                    <bdi>{witness.fault}</bdi>
                  </>
                )}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="witnessed">
        <h2 id="witnessed">{t('oversight.witnessed')}</h2>
        {state.witnessed.length === 0 && <p className="dim">{t('oversight.witnessesNobody')}</p>}
        <ul className="oversight-notable">
          {state.witnessed.map((other) => (
            <li key={other.origin} data-urgent={other.fork !== null}>
              {other.fork === null ? (
                <IconCircleCheck size={16} aria-hidden />
              ) : (
                <IconAlertTriangle size={16} aria-hidden />
              )}
              <div>
                <bdi dir="ltr">{other.origin}</bdi>
                {' · '}
                {other.size === null
                  ? t('oversight.notAskedYet')
                  : t('oversight.signedSize', { size: format.number(other.size) })}
                {other.fork !== null && (
                  <>
                    <p>
                      <b>{t('oversight.forked')}</b>
                    </p>
                    <pre dir="ltr" aria-label={t('oversight.forked')}>
                      {other.fork}
                    </pre>
                  </>
                )}
              </div>
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="keys">
        <h2 id="keys">{t('oversight.keys')}</h2>
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t('oversight.keyFor')}</th>
              <th scope="col">{t('oversight.fingerprint')}</th>
              <th scope="col">{t('oversight.begun')}</th>
              <th scope="col">{t('oversight.ended')}</th>
            </tr>
          </thead>
          <tbody>
            {state.keys.map((key) => (
              <tr key={key.id}>
                <td>{t(`oversight.keyPurpose.${key.purpose}`, { defaultValue: key.purpose })}</td>
                <td>
                  <code dir="ltr">{key.fingerprint}</code>
                </td>
                <td>
                  {format.dateTime(Date.parse(key.begunAt))} <bdi className="dim">{key.why}</bdi>
                </td>
                <td>
                  {key.endedAt !== null && format.dateTime(Date.parse(key.endedAt))}{' '}
                  <bdi className="dim">{key.endedWhy}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}
