import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import type { SavedLayout, SavedLayoutInput, Tour, TourInput } from '../api/types';

const layoutsKey = ['layouts'] as const;
const toursKey = ['tours'] as const;

/** Walls that are kept: own ones, and those for everybody. */
export const useLayouts = (enabled = true): UseQueryResult<SavedLayout[]> =>
  useQuery({
    enabled,
    queryKey: layoutsKey,
    queryFn: () => answer<SavedLayout[]>(api.GET('/api/layouts')),
    refetchInterval: 60_000,
  });

export const useTours = (enabled = true): UseQueryResult<Tour[]> =>
  useQuery({
    enabled,
    queryKey: toursKey,
    queryFn: () => answer<Tour[]>(api.GET('/api/tours')),
    refetchInterval: 60_000,
  });

const seen = ({ id, version }: { id: string; version: number }) => ({
  path: { id },
  header: { 'If-Match': `"${version}"` },
});

/** Makes a new one where there is none yet; a change counts only if nobody was faster. */
export function useSaveLayout() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ before, input }: { before: SavedLayout | null; input: SavedLayoutInput }) =>
      before
        ? answer<SavedLayout>(api.PUT('/api/layouts/{id}', { params: seen(before), body: input }))
        : answer<SavedLayout>(api.POST('/api/layouts', { body: input })),
    onSettled: () => client.invalidateQueries({ queryKey: layoutsKey }),
  });
}

export function useSaveTour() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ before, input }: { before: Tour | null; input: TourInput }) =>
      before
        ? answer<Tour>(api.PUT('/api/tours/{id}', { params: seen(before), body: input }))
        : answer<Tour>(api.POST('/api/tours', { body: input })),
    onSettled: () => client.invalidateQueries({ queryKey: toursKey }),
  });
}

export function useDeleteLayout() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/layouts/{id}', { params: { path: { id } } })),
    // A tour may have gone through it.
    onSettled: () =>
      Promise.all([layoutsKey, toursKey].map((queryKey) => client.invalidateQueries({ queryKey: [...queryKey] }))),
  });
}

export function useDeleteTour() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/tours/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: toursKey }),
  });
}
