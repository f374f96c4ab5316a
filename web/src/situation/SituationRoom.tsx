import { ActionIcon, Button, Skeleton, Tooltip } from '@mantine/core';
import { IconMapPin, IconMapPinCog, IconX } from '@tabler/icons-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isFar } from '../api/client';
import { nodeNow } from '../api/clock';
import { AlarmPanel } from '../alarms/AlarmPanel';
import { AlarmQueue } from '../alarms/AlarmQueue';
import { useOpenAlarms } from '../alarms/cases';
import { useCameras, useMap } from '../api/queries';
import type { Camera, MapPlace } from '../api/types';
import { LiveTile } from '../live/LiveTile';
import { Failure } from '../shell/Notice';
import { go, setQuery, usePlace } from '../shell/route';
import { pinAround } from '../timeline/holds';
import { asCamera, useFarCameras } from '../sites/sites';
import { MapEditor, type Draft } from './MapEditor';
import type { MapCamera } from './SiteMap';

// Leaflet is as large as the rest of the room.
const SiteMap = lazy(async () => ({ default: (await import('./SiteMap')).SiteMap }));
const FarAlarmPanel = lazy(async () => ({ default: (await import('../sites/FarAlarmPanel')).FarAlarmPanel }));
const HoldDialog = lazy(() => import('../holds/HoldDialog'));
const never = () => undefined;

/** Where everything is and how it is: the map, and beside it the camera that was chosen. */
export default function SituationRoom() {
  const { t } = useTranslation();
  const { query } = usePlace();
  const cameras = useCameras();
  const farCameras = useFarCameras();
  const map = useMap();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [view, setView] = useState<{ south: number; west: number; north: number; east: number } | null>(null);
  const [pinned, setPinned] = useState<{ id: string; from: number; to: number } | null>(null);
  const alarms = useOpenAlarms();
  const editing = query.get('edit') !== null;
  const alarm = alarms.data?.alarms.find((candidate) => candidate.id === query.get('alarm')) ?? null;
  const far = useMemo(() => (farCameras.data ?? []).map(asCamera), [farCameras.data]);
  const all = useMemo(() => [...(cameras.data ?? []), ...far], [cameras.data, far]);
  const names = useMemo(() => new Map(all.map((camera) => [camera.id, camera.name])), [all]);
  const chosen = all.find((camera) => camera.id === query.get('camera')) ?? null;

  const farPlaces = useMemo(
    () =>
      new Map(
        (farCameras.data ?? []).flatMap(({ id, place }): [string, MapPlace][] =>
          place
            ? [
                [
                  id,
                  {
                    latitude: place.latitude,
                    longitude: place.longitude,
                    heading: place.direction ?? null,
                    angle: place.angle ?? null,
                    range: place.reach ?? null,
                  },
                ],
              ]
            : [],
        ),
      ),
    [farCameras.data],
  );
  const places = map.data?.places;
  const calling = useMemo(() => new Set((alarms.data?.alarms ?? []).flatMap((each) => each.cameras)), [alarms.data]);
  const onMap = useMemo<MapCamera[]>(
    () =>
      all.flatMap((camera) => {
        const place = draft?.camera === camera.id ? draft.place : (places?.[camera.id] ?? farPlaces.get(camera.id));
        if (!place) return [];
        const state = calling.has(camera.id) ? 'alarm' : stateOf(camera);
        return [{ id: camera.id, name: camera.name, place, state, words: t(`camera.state.${camera.status.state}`) }];
      }),
    [all, places, farPlaces, draft, calling, t],
  );
  const plans = useMemo(() => map.data?.plans ?? [], [map.data?.plans]);

  const choose = (id: string | null) => setQuery({ camera: id, alarm: null });

  if (map.isError && !map.data) {
    return (
      <Failure title={t('situation.failed')} error={map.error}>
        <Button variant="default" onClick={() => void map.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }

  return (
    <div className="situation">
      <h1 className="visually-hidden">{t('app.situation')}</h1>
      <div className="situation-map">
        {map.data && cameras.data ? (
          <Suspense fallback={<Skeleton className="map" />}>
            <SiteMap
              cameras={onMap}
              plans={plans}
              selected={chosen?.id ?? alarm?.camera ?? null}
              onSelect={choose}
              placing={editing ? (draft?.camera ?? null) : null}
              onPlace={(latitude, longitude) =>
                setDraft((now) => now && { ...now, place: { ...now.place, latitude, longitude } })
              }
              onView={setView}
            />
          </Suspense>
        ) : (
          <Skeleton className="map" />
        )}
        {!editing && (
          <Tooltip label={t('situation.edit')}>
            <ActionIcon
              className="map-edit"
              variant="default"
              aria-label={t('situation.edit')}
              onClick={() => setQuery({ edit: '' }, { replace: false })}
            >
              <IconMapPinCog size={18} />
            </ActionIcon>
          </Tooltip>
        )}
        {!editing && map.data && onMap.length === 0 && plans.length === 0 && (
          <div className="map-hint">
            <IconMapPin size={20} aria-hidden />
            <p>{t('situation.none')}</p>
            <Button size="xs" variant="default" onClick={() => setQuery({ edit: '' }, { replace: false })}>
              {t('situation.edit')}
            </Button>
          </div>
        )}
      </div>
      <aside className="situation-side" aria-label={t(editing ? 'situation.edit' : 'situation.side')}>
        {editing && map.data && cameras.data ? (
          <MapEditor
            cameras={cameras.data}
            map={map.data}
            view={view}
            draft={draft}
            onDraft={setDraft}
            onClose={() => {
              setDraft(null);
              setQuery({ edit: null });
            }}
          />
        ) : alarm?.site !== undefined ? (
          <Suspense fallback={<Skeleton height={320} />}>
            <FarAlarmPanel
              key={alarm.id}
              alarm={{ ...alarm, site: alarm.site }}
              camera={far.find(({ id }) => id === alarm.camera) ?? null}
              onClose={() => setQuery({ alarm: null })}
            />
          </Suspense>
        ) : alarm ? (
          <AlarmPanel
            key={alarm.id}
            alarm={alarm}
            cameras={cameras.data ?? []}
            onClose={() => setQuery({ alarm: null })}
          />
        ) : (
          chosen && (
            <section className="chosen" aria-label={chosen.name}>
              <header>
                <h2>
                  <bdi>{chosen.name}</bdi>
                </h2>
                <ActionIcon aria-label={t('app.close')} onClick={() => choose(null)}>
                  <IconX size={18} />
                </ActionIcon>
              </header>
              <div className="chosen-picture">
                <LiveTile
                  key={chosen.id}
                  camera={chosen}
                  stream="sub"
                  large={false}
                  hidden={false}
                  focused={false}
                  pad={false}
                  onFocus={never}
                  onToggle={(id) => !isFar(id) && go(`/live?camera=${encodeURIComponent(id)}`)}
                  onPin={(id) => setPinned({ id, ...pinAround(nodeNow()) })}
                />
              </div>
            </section>
          )
        )}
        {!editing && !alarm && (
          <AlarmQueue
            names={names}
            selected={null}
            onSelect={(each) => setQuery({ alarm: each.id, camera: null }, { replace: false })}
          />
        )}
      </aside>
      {pinned && cameras.data && (
        <Suspense>
          <HoldDialog
            cameras={cameras.data}
            camera={pinned.id}
            from={pinned.from}
            to={pinned.to}
            onClose={() => setPinned(null)}
          />
        </Suspense>
      )}
    </div>
  );
}

/** A camera that was switched off is no fault. */
function stateOf(camera: Camera): MapCamera['state'] {
  return camera.enabled && camera.status.state !== 'running' ? 'fault' : 'good';
}
