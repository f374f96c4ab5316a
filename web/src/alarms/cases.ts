import { keepPreviousData, useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import { keys } from '../api/queries';
import type { Alarm, AlarmDetail, AlarmOutcome, AlarmPage, Incident } from '../api/types';

/** As many as the node gives at once. */
const pageSize = 500;
/** The most urgent of them; the bar counts all. Whoever has more open doesn't read a list. */
const mostPages = 4;

async function fetchOpenAlarms(): Promise<AlarmPage> {
  const ask = (cursor?: string) =>
    answer<AlarmPage>(
      api.GET('/api/alarms', { params: { query: { open: true, limit: pageSize, ...(cursor ? { cursor } : {}) } } }),
    );
  const first = await ask();
  const alarms = [...first.alarms];
  const known = new Set(alarms.map(({ id }) => id));
  let next = first.next;
  for (let pages = 1; next !== null && pages < mostPages; pages++) {
    const page = await ask(next);
    // One that became less urgent meanwhile is on the next page as well.
    alarms.push(...page.alarms.filter(({ id }) => !known.has(id)));
    for (const { id } of page.alarms) known.add(id);
    next = page.next;
  }
  return { ...first, alarms, next };
}

/** Open alarms, the most urgent first. The event stream says when to ask anew; the polling is for when it is down. */
export const useOpenAlarms = (enabled = true): UseQueryResult<AlarmPage> =>
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
