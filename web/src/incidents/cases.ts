import { keepPreviousData, useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import { keys } from '../api/queries';
import type {
  AlarmOutcome,
  AlarmPage,
  AlarmSeverity,
  HandOver,
  HandOverNote,
  Incident,
  IncidentPage,
  IncidentType,
  TickState,
} from '../api/types';

export const useIncidents = (open: boolean): UseQueryResult<IncidentPage> =>
  useQuery({
    queryKey: [...keys.incidents, { open }],
    queryFn: () => answer<IncidentPage>(api.GET('/api/incidents', { params: { query: { open, limit: 200 } } })),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });

export const useIncident = (id: string | null): UseQueryResult<Incident> =>
  useQuery({
    enabled: id !== null,
    queryKey: [...keys.incidents, id],
    queryFn: () => answer<Incident>(api.GET('/api/incidents/{id}', { params: { path: { id: id ?? '' } } })),
    refetchInterval: 15_000,
  });

export const useAlarmsOf = (incident: string): UseQueryResult<AlarmPage> =>
  useQuery({
    queryKey: [...keys.alarms, 'of', incident],
    queryFn: () => answer<AlarmPage>(api.GET('/api/alarms', { params: { query: { incident, limit: 500 } } })),
  });

/** Something that is done to an incident: each is one event of its story. */
export type IncidentDeed =
  | { kind: 'assign'; to: string }
  | { kind: 'dispatch'; patrol: string; task: string }
  | { kind: 'monitor'; note: string }
  | { kind: 'escalate'; to: string; why: string }
  | { kind: 'classify'; type: IncidentType; severity: AlarmSeverity; why: string }
  | { kind: 'attach'; name: string; reference: string }
  | { kind: 'tick'; item: string; state: TickState; note: string }
  | { kind: 'note'; note: string }
  | { kind: 'resolve'; note: string }
  | { kind: 'close'; outcome: AlarmOutcome; note: string }
  | { kind: 'reopen'; why: string };

function send(incident: Incident, deed: IncidentDeed): Promise<Incident> {
  const path = { id: incident.id };
  const params = { path, header: { 'If-Match': `"${incident.version}"` } };
  switch (deed.kind) {
    case 'assign':
      return answer<Incident>(api.POST('/api/incidents/{id}/assign', { params, body: { to: deed.to } }));
    case 'dispatch':
      return answer<Incident>(
        api.POST('/api/incidents/{id}/dispatch', { params, body: { patrol: deed.patrol, task: deed.task } }),
      );
    case 'monitor':
      return answer<Incident>(api.POST('/api/incidents/{id}/monitor', { params, body: { note: deed.note } }));
    case 'escalate':
      return answer<Incident>(
        api.POST('/api/incidents/{id}/escalate', { params, body: { to: deed.to, why: deed.why } }),
      );
    case 'classify':
      return answer<Incident>(
        api.POST('/api/incidents/{id}/classify', {
          params,
          body: { type: deed.type, severity: deed.severity, why: deed.why },
        }),
      );
    case 'attach':
      return answer<Incident>(
        api.POST('/api/incidents/{id}/attachments', { params, body: { name: deed.name, reference: deed.reference } }),
      );
    case 'tick':
      return answer<Incident>(
        api.PUT('/api/incidents/{id}/checklist/{item}', {
          params: { ...params, path: { ...path, item: deed.item } },
          body: { state: deed.state, note: deed.note },
        }),
      );
    case 'note':
      // Notes don't get in each other's way.
      return answer<Incident>(api.POST('/api/incidents/{id}/notes', { params: { path }, body: { note: deed.note } }));
    case 'resolve':
      return answer<Incident>(api.POST('/api/incidents/{id}/resolve', { params, body: { note: deed.note } }));
    case 'close':
      return answer<Incident>(
        api.POST('/api/incidents/{id}/close', { params, body: { outcome: deed.outcome, note: deed.note } }),
      );
    case 'reopen':
      return answer<Incident>(api.POST('/api/incidents/{id}/reopen', { params, body: { why: deed.why } }));
  }
}

export function useTell() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ incident, deed }: { incident: Incident; deed: IncidentDeed }) => send(incident, deed),
    onSuccess: (changed) => client.setQueryData([...keys.incidents, changed.id], changed),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.incidents }),
        client.invalidateQueries({ queryKey: keys.alarms }),
      ]),
  });
}

export function usePin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ incident, accept }: { incident: Incident; accept: boolean }) =>
      answer<{ incident: Incident }>(
        api.POST('/api/incidents/{id}/pins', { params: { path: { id: incident.id } }, body: { accept } }),
      ),
    onSettled: () =>
      Promise.all(
        [keys.incidents, keys.holds, keys.timelines].map((queryKey) => client.invalidateQueries({ queryKey })),
      ),
  });
}

export const useHandOver = (from: number, to: number): UseQueryResult<HandOver> =>
  useQuery({
    queryKey: [...keys.incidents, 'handover', from, to],
    queryFn: () =>
      answer<HandOver>(
        api.GET('/api/handover', {
          params: { query: { from: new Date(from).toISOString(), to: new Date(to).toISOString() } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

export function useLeaveNote() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ from, to, note }: { from: number; to: number; note: string }) =>
      answer<HandOverNote>(
        api.POST('/api/handover', {
          body: { from: new Date(from).toISOString(), to: new Date(to).toISOString(), note },
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: [...keys.incidents, 'handover'] }),
  });
}
