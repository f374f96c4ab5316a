import { keepPreviousData, useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import { keys } from '../api/queries';
import type { Alarm, AlarmDetail, AlarmOutcome, AlarmPage, AlarmSeverity, Incident } from '../api/types';
import { fetchFarCases } from '../sites/sites';
import { severities } from './severity';

/** An alarm of this node, or of another site: then with the site's link and name, and its cameras as SITE/CAMERA. */
export type ListedAlarm = Alarm & { site?: string; siteName?: string };

interface ListedAlarms extends AlarmPage {
  alarms: ListedAlarm[];
}

/** As many as the node gives at once. */
const pageSize = 500;
/** The most urgent of them; the bar counts all. Whoever has more open doesn't read a list. */
const mostPages = 4;

async function fetchOpenAlarms(): Promise<ListedAlarms> {
  const ask = (cursor?: string) =>
    answer<AlarmPage>(
      api.GET('/api/alarms', { params: { query: { open: true, limit: pageSize, ...(cursor ? { cursor } : {}) } } }),
    );
  const [first, far] = await Promise.all([ask(), fetchFarCases()]);
  const alarms: ListedAlarm[] = [...first.alarms];
  const known = new Set(alarms.map(({ id }) => id));
  let next = first.next;
  for (let pages = 1; next !== null && pages < mostPages; pages++) {
    const page = await ask(next);
    // One that became less urgent meanwhile is on the next page as well.
    alarms.push(...page.alarms.filter(({ id }) => !known.has(id)));
    for (const { id } of page.alarms) known.add(id);
    next = page.next;
  }
  if (far.alarms.length === 0) return { ...first, alarms, next };
  const open: Record<AlarmSeverity, number> = { ...first.open };
  for (const { alarm, site, siteName } of far.alarms) {
    open[alarm.severity]++;
    alarms.push({ ...alarm, site, siteName });
  }
  const rank = ({ severity }: Alarm) => severities.indexOf(severity);
  alarms.sort((a, b) => rank(a) - rank(b) || Date.parse(a.at) - Date.parse(b.at));
  return { ...first, alarms, next, open };
}

/** Open alarms of this node and of its sites, the most urgent first. The event stream says when to ask anew; the polling is for when it is down. */
export const useOpenAlarms = (enabled = true): UseQueryResult<ListedAlarms> =>
  useQuery({
    enabled,
    queryKey: [...keys.alarms, 'open'],
    queryFn: fetchOpenAlarms,
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });

export const useAlarm = (id: string | null): UseQueryResult<AlarmDetail> =>
  useQuery({
    enabled: id !== null,
    queryKey: [...keys.alarms, id],
    queryFn: () => answer<AlarmDetail>(api.GET('/api/alarms/{id}', { params: { path: { id: id ?? '' } } })),
    refetchInterval: 10_000,
  });

export type AlarmDeed =
  | { kind: 'acknowledge' }
  | { kind: 'assign'; to: string }
  | { kind: 'escalate' }
  | { kind: 'close'; outcome: AlarmOutcome; note: string };

/** Does something with an alarm as it was seen: who was slower is told what the other did. */
export function useActOnAlarm() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ alarm, deed }: { alarm: Alarm; deed: AlarmDeed }) => {
      const params = { path: { id: alarm.id }, header: { 'If-Match': `"${alarm.version}"` } };
      switch (deed.kind) {
        case 'acknowledge':
          return answer<Alarm>(api.POST('/api/alarms/{id}/acknowledge', { params, body: {} }));
        case 'assign':
          return answer<Alarm>(api.POST('/api/alarms/{id}/assign', { params, body: { to: deed.to } }));
        case 'escalate':
          return answer<Alarm>(api.POST('/api/alarms/{id}/escalate', { params, body: {} }));
        case 'close':
          return answer<Alarm>(
            api.POST('/api/alarms/{id}/close', { params, body: { outcome: deed.outcome, note: deed.note } }),
          );
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.alarms }),
  });
}

export function useOpenIncident() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (alarm: string) =>
      answer<Incident>(api.POST('/api/alarms/{id}/incident', { params: { path: { id: alarm } }, body: {} })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.alarms }),
  });
}
