import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import type { GivenPurpose, Purposes, PurposeFor, PurposeInput } from '../api/types';

export const purposesKey = ['purposes'] as const;

/** What there is to choose from, what it is asked for, and what this session goes on with. */
export const usePurposes = (): UseQueryResult<Purposes> =>
  useQuery({
    queryKey: purposesKey,
    queryFn: () => answer<Purposes>(api.GET('/api/purposes')),
    refetchInterval: 60_000,
  });

export function useGivePurpose() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: PurposeInput) => answer<GivenPurpose>(api.PUT('/api/me/purpose', { body })),
    onSuccess: (current) => {
      client.setQueryData<Purposes>(purposesKey, (before) => before && { ...before, current });
    },
  });
}

export function useEndPurpose() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => answer<unknown>(api.DELETE('/api/me/purpose')),
    onSettled: () => client.invalidateQueries({ queryKey: purposesKey }),
  });
}

/** Whether a purpose has to be given before the node shows this. */
export const isMissing = (purposes: Purposes | undefined, what: PurposeFor): boolean =>
  purposes !== undefined && purposes.current === null && purposes.askedFor.includes(what);
