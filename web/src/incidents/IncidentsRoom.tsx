import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { IconBriefcase } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCameras } from '../api/queries';
import { useNow } from '../api/useNow';
import { SeverityMark } from '../alarms/severity';
import { useFormat } from '../i18n/format';
import { Failure, Notice } from '../shell/Notice';
import { setQuery, usePlace } from '../shell/route';
import { useIncidents } from './cases';
import { IncidentPanel } from './IncidentPanel';

/** The cases: a list, and the one that is worked on. */
export default function IncidentsRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const { query } = usePlace();
  const [open, setOpen] = useState(true);
  const incidents = useIncidents(open);
  const cameras = useCameras();
  const now = useNow();
  const names = useMemo(() => new Map((cameras.data ?? []).map((camera) => [camera.id, camera.name])), [cameras.data]);
  const chosen = query.get('incident');

  if (incidents.isError && !incidents.data) {
    return (
      <Failure title={t('incidents.failed')} error={incidents.error}>
        <Button variant="default" onClick={() => void incidents.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="incidents" data-chosen={chosen !== null}>
      <div className="incidents-list">
        <header>
          <h1>{t('app.incidents')}</h1>
          <SegmentedControl
            size="xs"
            aria-label={t('incidents.which')}
            value={open ? 'open' : 'closed'}
            onChange={(value) => setOpen(value === 'open')}
            data={[
              { value: 'open', label: t('incidents.open') },
              { value: 'closed', label: t('incidents.closed') },
            ]}
          />
        </header>
        {!incidents.data && <Skeleton height={120} m={16} />}
        {incidents.data?.incidents.length === 0 && (
          <p className="dim queue-none">{t(open ? 'incidents.none' : 'incidents.noneClosed')}</p>
        )}
        <ul className="queue-plain">
          {incidents.data?.incidents.map((incident) => (
            <li key={incident.id}>
              <button
                type="button"
                className={`alarm ${incident.severity}`}
                data-incident={incident.id}
                aria-pressed={incident.id === chosen}
                onClick={() => setQuery({ incident: incident.id }, { replace: false })}
              >
                <SeverityMark severity={incident.severity} />
                <span className="alarm-what">
                  <strong>
                    <bdi>{incident.title}</bdi>
                  </strong>
                  <span className="dim small">
                    {t(`alarms.type.${incident.type}`)} · {t(`incidents.state.${incident.state}`)}
                    {incident.assignee !== null && (
                      <>
                        {' · '}
                        <bdi>{incident.assignee}</bdi>
                      </>
                    )}
                  </span>
                </span>
                <time className="alarm-when small" dateTime={incident.changedAt}>
                  {format.relative(Date.parse(incident.changedAt), now)}
                </time>
              </button>
            </li>
          ))}
        </ul>
      </div>
      <div className="incident-place">
        {chosen === null ? (
          <Notice icon={<IconBriefcase size={28} />} title={t('incidents.choose')} />
        ) : (
          <IncidentPanel key={chosen} id={chosen} names={names} onClose={() => setQuery({ incident: null })} />
        )}
      </div>
    </div>
  );
}
