import { Alert, Button, Skeleton } from '@mantine/core';
import {
  IconAlertOctagonFilled,
  IconAlertTriangle,
  IconCircleCheck,
  IconDatabaseOff,
  IconPencil,
} from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { useCameras, useStorage } from '../api/queries';
import type { CameraStorage, Volume } from '../api/types';
import { useFormat, type Format } from '../i18n/format';
import { Failure, Notice, Said } from '../shell/Notice';
import { follow } from '../shell/route';
import { day } from '../timeline/TimeScale';
import { ArchiveChecks } from './ArchiveChecks';
import { limitWords } from './limitWords';
import { fallsShort, shareNames, sharesOf } from './figures';

type Translate = TFunction;

/** What footage lies on, how long it is kept, and whether the archive is what it says. */
export default function StorageRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const storage = useStorage();
  const cameras = useCameras();
  const { data } = storage;

  if (storage.isError && !data) {
    return (
      <Failure title={t('storage.failed')} error={storage.error}>
        <Button variant="default" onClick={() => void storage.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="page storage">
      <div className="page-head">
        <h1>{t('storage.title')}</h1>
        {data?.at && <span className="dim">{t('storage.measured', { time: format.time(Date.parse(data.at)) })}</span>}
      </div>
      {data?.fault && (
        <Alert
          color="red"
          variant="light"
          role="alert"
          icon={<IconAlertTriangle size={18} />}
          title={t('storage.fault')}
          mb={16}
        >
          <Said text={data.fault} />
        </Alert>
      )}
      <section aria-labelledby="volumes">
        <h2 id="volumes">{t('storage.volumes')}</h2>
        {!data && <Skeleton height={150} />}
        {data?.volumes.length === 0 && <p className="dim">{t('storage.measuring')}</p>}
        <ul className="volumes">
          {data?.volumes.map((volume) => (
            <VolumeCard key={volume.name} volume={volume} format={format} />
          ))}
        </ul>
      </section>

      <section aria-labelledby="kept">
        <h2 id="kept">{t('storage.kept')}</h2>
        {data && <p className="dim">{t('storage.defaults', { limits: limitWords(t, format, data.retention) })}</p>}
        {data && data.cameras.length > 0 && (
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{t('cameras.name')}</th>
                <th scope="col">{t('storage.asked')}</th>
                <th scope="col">{t('storage.gives')}</th>
                <th scope="col" className="end">
                  {t('storage.now')}
                </th>
                <th scope="col" className="end">
                  {t('storage.perDay')}
                </th>
                <th scope="col">
                  <span className="visually-hidden">{t('cameras.actions')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.cameras.map((camera) => (
                <CameraRow
                  key={camera.camera}
                  camera={camera}
                  name={cameras.data?.find((candidate) => candidate.id === camera.camera)?.name ?? null}
                  format={format}
                />
              ))}
            </tbody>
          </table>
        )}
        {data?.cameras.length === 0 && <Notice icon={<IconDatabaseOff size={28} />} title={t('timeline.nothing')} />}
      </section>

      <ArchiveChecks />
    </div>
  );
}

function stateWords(t: Translate, format: Format, volume: Volume): string {
  return volume.condition === 'filling' && volume.fullInSeconds !== null
    ? t('storage.fullIn', { duration: format.about(volume.fullInSeconds * 1000) })
    : t(`storage.condition.${volume.condition}`);
}

function VolumeCard({ volume, format }: { volume: Volume; format: Format }) {
  const { t } = useTranslation();
  const shares = sharesOf(volume);
  // The rest is said in the page's own words.
  const told = volume.condition === 'refused' || volume.condition === 'unreachable';
  const sizes = shareNames.filter((name) => (shares?.[name] ?? 0) > 0);
  return (
    <li className="volume" data-volume={volume.name} data-level={volume.level}>
      <div className="volume-head">
        <h3>
          <bdi>{volume.name}</bdi>
        </h3>
        <span className="dim">{t(`storage.tier.${volume.tier}`)}</span>
        <span className="grow" />
        <Level level={volume.level} />
      </div>
      <p title={volume.detail}>{stateWords(t, format, volume)}</p>
      {told && (
        <p className="small">
          <Said text={volume.detail} />
        </p>
      )}
      {shares && (
        <>
          {/* The list below says the same. */}
          <div className="share-bar" aria-hidden>
            {sizes.map((name) => (
              <span key={name} className={`share ${name}`} style={{ flexGrow: shares[name] / volume.capacity }} />
            ))}
          </div>
          <ul className="shares">
            {sizes.map((name) => (
              <li key={name}>
                <span className={`swatch share ${name}`} aria-hidden />
                {t(`storage.share.${name}`, { size: format.bytes(shares[name]) })}
              </li>
            ))}
          </ul>
        </>
      )}
      {!shares && !told && <p>{t('storage.share.footage', { size: format.bytes(volume.used) })}</p>}
      <p className="dim small">
        {!told && (
          <>
            {t('storage.grows', { size: format.bytes(volume.bytesPerDay) })}
            {volume.holdsLimit > 0 &&
              ` · ${t('storage.holdsUse', { held: format.bytes(volume.held), limit: format.bytes(volume.holdsLimit) })}`}
            {volume.oldest !== null &&
              ` · ${t('storage.oldest', { time: format.dateTime(Date.parse(volume.oldest)) })}`}
            <br />
          </>
        )}
        <bdi dir="ltr" className="code">
          {volume.place}
        </bdi>
      </p>
    </li>
  );
}

/** Whether someone should look: by shape and in words. */
function Level({ level }: { level: Volume['level'] }) {
  const { t } = useTranslation();
  const Icon = level === 'alarm' ? IconAlertOctagonFilled : level === 'warning' ? IconAlertTriangle : IconCircleCheck;
  return (
    <span className={level === 'alarm' ? 'state red' : level === 'warning' ? 'state amber' : 'state dim'}>
      <Icon size={16} aria-hidden />
      {t(`storage.level.${level}`)}
    </span>
  );
}

function CameraRow({ camera, name, format }: { camera: CameraStorage; name: string | null; format: Format }) {
  const { t } = useTranslation();
  const short = fallsShort(camera);
  return (
    <tr data-camera={camera.camera}>
      <td>
        <bdi className="list-name">{name ?? camera.camera}</bdi>
        {name === null && <div className="dim small">{t('storage.removed')}</div>}
      </td>
      <td>
        {limitWords(t, format, camera.retention)}
        <div className="dim small">{camera.isOwn ? t('storage.own') : t('storage.default')}</div>
      </td>
      <td>
        <span className={short ? 'state amber' : 'state'}>
          {short && <IconAlertTriangle size={16} aria-hidden />}
          {camera.givesDays === null ? t('storage.givesAll') : format.about(camera.givesDays * day)}
        </span>
        {short && <div className="small">{t('storage.short')}</div>}
      </td>
      <td className="end">
        <bdi>{format.bytes(camera.bytes)}</bdi>
        {camera.held > 0 && (
          <div className="dim small">{t('storage.share.held', { size: format.bytes(camera.held) })}</div>
        )}
        {camera.oldest !== null && (
          <div className="dim small">{t('storage.since', { time: format.dateTime(Date.parse(camera.oldest)) })}</div>
        )}
      </td>
      <td className="end">
        <bdi>{format.bytes(camera.bytesPerDay)}</bdi>
      </td>
      <td className="list-tools">
        {name !== null && (
          <a
            className="icon-link"
            href={`/settings/cameras?edit=${encodeURIComponent(camera.camera)}`}
            aria-label={t('storage.change', { camera: name })}
            title={t('storage.change', { camera: name })}
            onClick={follow}
          >
            <IconPencil size={18} aria-hidden />
          </a>
        )}
      </td>
    </tr>
  );
}
