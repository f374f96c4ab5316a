import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import type {
  PurposeInput,
  Redaction,
  RedactionInput,
  RedactionPictures,
  RedactionPlan,
  RedactionState,
} from '../api/types';

const listKey = ['redactions'] as const;
const planKey = (id: string) => ['redaction-plan', id] as const;

export const isBusy = (state: RedactionState): boolean =>
  state === 'queued' || state === 'searching' || state === 'waiting' || state === 'making';

export const useRedactions = (): UseQueryResult<Redaction[]> =>
  useQuery({
    queryKey: listKey,
    queryFn: () => answer<Redaction[]>(api.GET('/api/redactions')),
    refetchInterval: (query) => (query.state.data?.some(({ state }) => isBusy(state)) ? 1000 : 15_000),
  });

export const useRedaction = (id: string): UseQueryResult<Redaction> =>
  useQuery({
    queryKey: [...listKey, id],
    queryFn: () => answer<Redaction>(api.GET('/api/redactions/{id}', { params: { path: { id } } })),
    refetchInterval: (query) => (query.state.data && isBusy(query.state.data.state) ? 700 : 15_000),
  });

/** Not refetched while it is being edited: who loads it again loses what isn't saved. */
export const usePlan = (id: string, enabled: boolean): UseQueryResult<RedactionPlan> =>
  useQuery({
    queryKey: planKey(id),
    queryFn: async () =>
      (await answer(api.GET('/api/redactions/{id}/plan', { params: { path: { id } } }))) as RedactionPlan,
    enabled,
    refetchOnWindowFocus: false,
    staleTime: Infinity,
    gcTime: 0,
  });

export const usePictures = (id: string): UseQueryResult<RedactionPictures> =>
  useQuery({
    queryKey: ['redaction-pictures', id],
    queryFn: () => answer<RedactionPictures>(api.GET('/api/redactions/{id}/pictures', { params: { path: { id } } })),
    staleTime: Infinity,
    retry: false,
  });

export function useCreateRedaction() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: RedactionInput) => answer<Redaction>(api.POST('/api/redactions', { body })),
    onSettled: () => client.invalidateQueries({ queryKey: listKey }),
  });
}

export function usePutPlan(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ revision, plan }: { revision: number; plan: RedactionPlan }) =>
      answer<Redaction>(api.PUT('/api/redactions/{id}/plan', { params: { path: { id } }, body: { revision, plan } })),
    onSuccess: (redaction) => client.setQueryData([...listKey, id], redaction),
  });
}

export function useMakeCopy(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ revision, purpose }: { revision: number; purpose?: PurposeInput }) =>
      answer<Redaction>(
        api.POST('/api/redactions/{id}/copy', {
          params: { path: { id } },
          body: { revision, ...(purpose && { purpose }) },
        }),
      ),
    onSuccess: (redaction) => client.setQueryData([...listKey, id], redaction),
  });
}

export function useDeleteRedaction() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/redactions/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: listKey }),
  });
}

export const pictureUrl = (id: string, index: number, width: number, painted: number | null): string =>
  `/api/redactions/${encodeURIComponent(id)}/pictures/${index}.jpg?width=${width}${
    painted === null ? '' : `&painted=true&revision=${painted}`
  }`;

export const copyUrl = (id: string): string => `/api/redactions/${encodeURIComponent(id)}/file`;
