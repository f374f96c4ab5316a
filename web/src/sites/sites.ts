import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api, isFar } from '../api/client';
import { keys } from '../api/queries';
import type {
  AlarmAct,
  AlarmDetail,
  AlarmOutcome,
  Camera,
  CameraState,
  FarCamera,
  FarCases,
  FarIncident,
  FarIncidentDeed,
  Incident,
  RecordingState,
  SentDeed,
  Site,
} from '../api/types';

const everyMs = 10_000;

/** Sites that report to this node; none where it is no centre. */
export const useSites = (): UseQueryResult<Site[]> =>
  useQuery({ queryKey: ['sites'], queryFn: () => answer<Site[]>(api.GET('/api/sites')), refetchInterval: everyMs });

export const useFarCameras = (): UseQueryResult<FarCamera[]> =>
  useQuery({
    queryKey: ['sites', 'cameras'],
    queryFn: () => answer<FarCamera[]>(api.GET('/api/sites/cameras')),
    refetchInterval: everyMs,
  });

/** Open alarms and incidents of all sites, from the first page to the last. */
export async function fetchFarCases(): Promise<FarCases> {
  const ask = (cursor?: string | null) =>
    answer<FarCases>(api.GET('/api/sites/cases', cursor ? { params: { query: { cursor } } } : {}));
  const all = await ask();
  for (let next = all.next; next !== null;) {
    const page = await ask(next);
    // One that became less urgent meanwhile is on a later page as well.
    const known = new Set([...all.alarms.map(({ alarm }) => alarm.id), ...all.incidents.map(({ id }) => id)]);
    all.alarms.push(...page.alarms.filter(({ alarm }) => !known.has(alarm.id)));
    all.incidents.push(...page.incidents.filter(({ id }) => !known.has(id)));
    next = page.next;
  }
  return all;
}

export const useFarCases = (): UseQueryResult<FarCases> =>
  useQuery({
    queryKey: [...keys.alarms, 'sites'],
    queryFn: fetchFarCases,
    refetchInterval: everyMs,
  });

/** With its steps, from the site; an error while that is away. */
export const useFarAlarm = (site: string, alarm: string): UseQueryResult<AlarmDetail> =>
  useQuery({
    queryKey: [...keys.alarms, site, alarm],
    queryFn: () =>
      answer<AlarmDetail>(api.GET('/api/sites/{site}/alarms/{alarm}', { params: { path: { site, alarm } } })),
    refetchInterval: everyMs,
    retry: false,
  });

export const useFarIncident = (site: string, incident: string): UseQueryResult<Incident> =>
  useQuery({
    queryKey: [...keys.alarms, site, incident],
    queryFn: () =>
      answer<Incident>(api.GET('/api/sites/{site}/incidents/{incident}', { params: { path: { site, incident } } })),
    refetchInterval: everyMs,
    retry: false,
  });

/** What was asked of a site about one case, the latest first. */
export const useSentDeeds = (site: string, subject: string): UseQueryResult<SentDeed[]> =>
  useQuery({
    queryKey: [...keys.alarms, site, subject, 'deeds'],
    queryFn: () =>
      answer<SentDeed[]>(api.GET('/api/sites/{site}/deeds/{subject}', { params: { path: { site, subject } } })),
    refetchInterval: everyMs,
  });

export function useActOnFarAlarm(site: string, alarm: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { act: AlarmAct; version: number; to?: string; outcome?: AlarmOutcome; note?: string }) =>
      answer<SentDeed>(api.POST('/api/sites/{site}/alarms/{alarm}/deeds', { params: { path: { site, alarm } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.alarms }),
  });
}

export function useActOnFarIncident(incident: FarIncident) {
  const client = useQueryClient();
  const { site, id, epoch } = incident;
  return useMutation({
    mutationFn: (what: { deed: FarIncidentDeed; to?: string; outcome?: AlarmOutcome; note?: string }) =>
      answer<SentDeed>(
        api.POST('/api/sites/{site}/incidents/{incident}/deeds', {
          params: { path: { site, incident: id } },
          body: { ...what, epoch },
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: keys.alarms }),
  });
}

/** The link of the site that a camera is at; the id itself of a camera here. */
export const siteOf = (camera: string): string => camera.split('/')[0] ?? '';

/** Cameras of sites by site, as they come. */
export function bySite(cameras: readonly Camera[]): { id: string; name: string; cameras: Camera[] }[] {
  const sites = new Map<string, { id: string; name: string; cameras: Camera[] }>();
  for (const camera of cameras) {
    if (!isFar(camera.id)) continue;
    const id = siteOf(camera.id);
    const site = sites.get(id) ?? { id, name: camera.site ?? id, cameras: [] };
    site.cameras.push(camera);
    sites.set(id, site);
  }
  return [...sites.values()];
}

/** A site's camera as rooms show cameras: with what its site told of it, and nothing that only the site knows. */
export function asCamera({ id, name, siteName, enabled, hasSub, state, reason, recording }: FarCamera): Camera {
  const since = new Date(0).toISOString();
  return {
    id,
    name: `${siteName} · ${name}`,
    enabled,
    source: 'api',
    main: { url: '' },
    sub: hasSub ? { url: '' } : null,
    transport: 'auto',
    record: 'main',
    audio: false,
    retention: null,
    userName: null,
    hasPassword: false,
    fingerprint: null,
    onvif: null,
    site: siteName,
    groups: [],
    status: { state: state as CameraState, reason, since, attempt: 0, streams: [] },
    recording: { state: recording as RecordingState, since, reason: '' },
  };
}
