import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../../api/client';
import type { components } from '../../api/schema';

type Schemas = components['schemas'];
export type OperationLine = Schemas['OperationLine'];
export type Operation = Schemas['Operation'];
export type OperationMark = Schemas['OperationMark'];
export type MarkKind = Schemas['MarkKind'];
export type GrantChoice = Schemas['GrantChoice'];
export type ProposeInput = Schemas['ProposeOperationInput'];

export const markKinds = [
  'point',
  'post',
  'patrol',
  'danger',
  'person',
  'vehicle',
  'boat',
] as const satisfies readonly MarkKind[];

const operationsKey = ['operations'] as const;

// The other side writes as well: looked for as long as the room is open.
export const useOperations = (): UseQueryResult<OperationLine[]> =>
  useQuery({
    queryKey: [...operationsKey, 'list'],
    queryFn: () => answer<OperationLine[]>(api.GET('/api/operations')),
    refetchInterval: 5000,
  });

export const useOperation = (id: string): UseQueryResult<Operation> =>
  useQuery({
    queryKey: [...operationsKey, 'one', id],
    queryFn: () => answer<Operation>(api.GET('/api/operations/{id}', { params: { path: { id } } })),
    refetchInterval: 2000,
  });

/** Grants of ours that it may carry. */
export const useOperationGrants = (id: string, enabled: boolean): UseQueryResult<GrantChoice[]> =>
  useQuery({
    queryKey: [...operationsKey, 'grants', id],
    queryFn: () => answer<GrantChoice[]>(api.GET('/api/operations/{id}/grants', { params: { path: { id } } })),
    enabled,
    refetchInterval: 5000,
  });

export function usePropose() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ProposeInput) => answer<Operation>(api.POST('/api/operations', { body })),
    onSettled: () => client.invalidateQueries({ queryKey: operationsKey }),
  });
}

/** What one side does in a room. */
export type OperationDo =
  | { deed: 'join'; members: string[] }
  | { deed: 'decline'; note: string }
  | { deed: 'say'; language: string; text: string }
  | { deed: 'mark'; id: string; kind: MarkKind; label: string; latitude: number; longitude: number }
  | { deed: 'unmark'; id: string }
  | { deed: 'task'; id: string; text: string; for: string }
  | { deed: 'done'; id: string }
  | { deed: 'grant'; grant: string; what: string }
  | { deed: 'close'; note: string };

function send(id: string, what: OperationDo): Promise<Operation> {
  const params = { path: { id } };
  switch (what.deed) {
    case 'join':
      return answer<Operation>(api.POST('/api/operations/{id}/join', { params, body: { members: what.members } }));
    case 'decline':
      return answer<Operation>(api.POST('/api/operations/{id}/decline', { params, body: { note: what.note } }));
    case 'say':
      return answer<Operation>(
        api.POST('/api/operations/{id}/messages', { params, body: { language: what.language, text: what.text } }),
      );
    case 'mark':
      return answer<Operation>(
        api.PUT('/api/operations/{id}/marks/{mark}', {
          params: { path: { id, mark: what.id } },
          body: { kind: what.kind, label: what.label, latitude: what.latitude, longitude: what.longitude },
        }),
      );
    case 'unmark':
      return answer<Operation>(
        api.DELETE('/api/operations/{id}/marks/{mark}', { params: { path: { id, mark: what.id } } }),
      );
    case 'task':
      return answer<Operation>(
        api.PUT('/api/operations/{id}/tasks/{task}', {
          params: { path: { id, task: what.id } },
          body: { text: what.text, for: what.for },
        }),
      );
    case 'done':
      return answer<Operation>(
        api.POST('/api/operations/{id}/tasks/{task}/done', { params: { path: { id, task: what.id } }, body: {} }),
      );
    case 'grant':
      return answer<Operation>(
        api.POST('/api/operations/{id}/grants', { params, body: { grant: what.grant, what: what.what } }),
      );
    case 'close':
      return answer<Operation>(api.POST('/api/operations/{id}/close', { params, body: { note: what.note } }));
  }
}

export function useTake(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (what: OperationDo) => send(id, what),
    onSuccess: (changed) => client.setQueryData([...operationsKey, 'one', id], changed),
    onSettled: () => client.invalidateQueries({ queryKey: operationsKey }),
  });
}

/** Of something new that both sides will know by it. */
export const newId = (): string => crypto.randomUUID();
