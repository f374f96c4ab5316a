import { Button, Skeleton } from '@mantine/core';
import {
  IconAlertOctagonFilled,
  IconAlertTriangleFilled,
  IconCircleCheck,
  IconPlugConnectedX,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import type { FarCamera, FarCases, Site } from '../api/types';
import { clockWords, tenth } from '../i18n/clock';
import { useFormat } from '../i18n/format';
import { LiveTile } from '../live/LiveTile';
import { Failure } from '../shell/Notice';
import { go, setQuery, usePlace } from '../shell/route';
import { FarIncidentBox } from './FarIncidentBox';
import { asCamera, useFarCameras, useFarCases, useSites } from './sites';
import './sites.css';

const never = () => undefined;

/** All sites of the organisation: how each is, and one of them with its cameras and cases. */
export default function SitesRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const { query } = usePlace();
  const sites = useSites();
  const cameras = useFarCameras();
  const cases = useFarCases();
  const chosen = sites.data?.find(({ id }) => id === query.get('site')) ?? null;

  if (sites.isError && !sites.data) {
    return (
      <Failure title={t('sites.failed')} error={sites.error}>
        <Button variant="default" onClick={() => void sites.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    // With nothing to press in it, keys scroll it by itself.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="page sites" role="region" aria-label={t('sites.title')} tabIndex={0}>
      <div className="page-head">
        <h1>{t('sites.title')}</h1>
      </div>
      {!sites.data && <Skeleton height={120} />}
      {sites.data?.length === 0 && <p className="dim">{t('sites.none')}</p>}
      {sites.data && sites.data.length > 0 && (
        <div className="sites-list">
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{t('sites.site')}</th>
                <th scope="col">{t('sites.state')}</th>
                <th scope="col" className="end">
                  {t('sites.alarms')}
                </th>
                <th scope="col" className="end">
                  {t('sites.cameras')}
                </th>
                <th scope="col" className="end">
                  {t('sites.free')}
                </th>
                <th scope="col" className="end">
                  {t('sites.clock')}
                </th>
                <th scope="col">{t('health.version')}</th>
              </tr>
            </thead>
            <tbody>
              {sites.data.map((site) => (
                <tr key={site.id} data-site={site.id} aria-selected={site === chosen}>
                  <td>
                    <button type="button" className="link" onClick={() => setQuery({ site: site.id })}>
                      <bdi>{site.name}</bdi>
                    </button>
                  </td>
                  <td>
                    <State site={site} />
                  </td>
                  <td className="end" data-label={t('sites.alarms')}>
                    {format.number(alarmsOf(cases.data, site).length)}
                  </td>
                  <td className="end" data-label={t('sites.cameras')}>
                    {site.report
                      ? `${format.number(site.report.camerasWell)} / ${format.number(site.report.cameras)}`
                      : '–'}
                  </td>
                  <td className="end" data-label={t('sites.free')}>
                    {free(site, format.bytes)}
                  </td>
                  <td className="end" data-label={t('sites.clock')}>
                    {site.clockOffsetSeconds === null ? '–' : clockWords(t, format, site.clockOffsetSeconds, tenth)}
                  </td>
                  <td data-label={t('health.version')}>
                    <bdi dir="ltr">{site.report?.version ?? '–'}</bdi>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {chosen && (
        <OneSite
          key={chosen.id}
          site={chosen}
          cameras={(cameras.data ?? []).filter((camera) => camera.site === chosen.id)}
          cases={cases.data}
        />
      )}
    </div>
  );
}

const alarmsOf = (cases: FarCases | undefined, site: Site) =>
  (cases?.alarms ?? []).filter((each) => each.site === site.id);

/** Of all volumes of which it is known. */
function free(site: Site, bytes: (count: number) => string): string {
  const known = (site.report?.volumes ?? []).filter((volume) => volume.freeBytes != null);
  return known.length === 0 ? '–' : bytes(known.reduce((sum, volume) => sum + (volume.freeBytes ?? 0), 0));
}

function State({ site }: { site: Site }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (!site.up) {
    return (
      <span className="site-state amber">
        <IconPlugConnectedX size={18} aria-hidden /> {t('sites.down')}
        {site.since !== null && ` · ${format.duration(Math.max(0, nodeNow() - Date.parse(site.since)))}`}
      </span>
    );
  }
  const state = site.report?.state ?? null;
  const Mark =
    state === 'failed' ? IconAlertOctagonFilled : state === 'degraded' ? IconAlertTriangleFilled : IconCircleCheck;
  return (
    <span className={state === 'failed' ? 'site-state red' : state === 'degraded' ? 'site-state amber' : 'site-state'}>
      <Mark size={18} aria-hidden /> {t(state === null ? 'sites.up' : `sites.is.${state}`)}
    </span>
  );
}

function OneSite({ site, cameras, cases }: { site: Site; cameras: FarCamera[]; cases: FarCases | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { query } = usePlace();
  const report = site.report;
  const troubles = (report?.parts ?? []).filter((part) => part.state !== 'ok');
  const shown = cameras.find(({ id }) => id === query.get('camera')) ?? null;
  const incidents = (cases?.incidents ?? []).filter((each) => each.site === site.id);
  return (
    <section className="site" aria-label={site.name} data-one-site={site.id}>
      <h2>
        <bdi>{site.name}</bdi>
      </h2>
      {site.reportedAt !== null && (
        <p className="dim small">{t('storage.measured', { time: format.dateTime(Date.parse(site.reportedAt)) })}</p>
      )}
      {site.waiting > 0 && <p className="dim">{t('sites.waiting', { many: format.number(site.waiting) })}</p>}
      {report && (
        <>
          {troubles.length === 0 ? (
            <p>{t('health.well')}</p>
          ) : (
            <ul className="site-troubles">
              {troubles.map((part) => (
                <li key={part.name} className={part.state === 'failed' ? 'red' : 'amber'}>
                  <strong>{part.name}</strong>{' '}
                  <bdi lang="en" dir="ltr">
                    {part.detail.join(' ')}
                  </bdi>
                </li>
              ))}
            </ul>
          )}
          <dl className="site-facts">
            <dt>{t('sites.clock')}</dt>
            <dd>
              {t(
                report.clock.synchronised === null
                  ? 'health.clockUnknown'
                  : report.clock.synchronised
                    ? 'health.clockKept'
                    : 'health.clockFree',
              )}
            </dd>
            <dt>{t('sites.key')}</dt>
            <dd>
              <bdi dir="ltr" className="code small">
                {report.keys.key || '–'}
              </bdi>
              {report.keys.fault !== null && <span className="amber"> {report.keys.fault}</span>}
            </dd>
            {report.volumes.map((volume) => (
              <div key={volume.name} className="site-volume">
                <dt>{t('health.volume', { name: volume.name })}</dt>
                <dd className={volume.state === 'ok' ? '' : 'amber'}>
                  {volume.freeBytes != null && volume.totalBytes != null
                    ? `${format.bytes(volume.freeBytes)} / ${format.bytes(volume.totalBytes)}`
                    : t('health.unlimited')}
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
      {alarmsOf(cases, site).length > 0 && (
        <ul className="site-alarms">
          {alarmsOf(cases, site).map(({ alarm }) => (
            <li key={alarm.id}>
              <a
                href={`/situation?alarm=${alarm.id}`}
                onClick={(event) => {
                  event.preventDefault();
                  go(`/situation?alarm=${alarm.id}`);
                }}
              >
                {t(`scene.kind.${alarm.kind}`)} · {format.dateTime(Date.parse(alarm.at))} ·{' '}
                {t(`alarms.state.${alarm.state}`)}
              </a>
            </li>
          ))}
        </ul>
      )}
      {incidents.map((incident) => (
        <FarIncidentBox key={incident.id} incident={incident} />
      ))}
      <div className="site-cameras">
        <ul>
          {cameras.map((camera) => (
            <li key={camera.id} className={camera.enabled && camera.state !== 'running' ? 'amber' : ''}>
              <button
                type="button"
                className="link"
                aria-pressed={camera === shown}
                onClick={() => setQuery({ camera: camera.id })}
              >
                <bdi>{camera.name}</bdi>
              </button>{' '}
              {camera.state !== 'running' && <bdi className="small">{camera.reason || camera.state}</bdi>}
            </li>
          ))}
        </ul>
        {shown && (
          <div className="chosen-picture">
            <LiveTile
              key={shown.id}
              camera={asCamera(shown)}
              stream="sub"
              large={false}
              hidden={false}
              focused={false}
              pad={false}
              onFocus={never}
              onToggle={never}
              onPin={never}
            />
          </div>
        )}
      </div>
    </section>
  );
}
