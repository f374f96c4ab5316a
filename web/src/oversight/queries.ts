import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { answer, api } from '../api/client';

export interface RecordQuery {
  from: string;
  to: string;
  kind?: string;
  text?: string;
}

export const useFigures = (from: string, to: string) =>
  useQuery({
    queryKey: ['oversight', 'figures', from, to],
    queryFn: () => answer(api.GET('/api/oversight/figures', { params: { query: { from, to } } })),
  });

export const useRecords = (query: RecordQuery) =>
  useInfiniteQuery({
    queryKey: ['oversight', 'records', query],
    queryFn: ({ pageParam }) =>
      answer(
        api.GET('/api/oversight/records', {
          params: { query: { ...query, ...(pageParam !== null && { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const useRecordProof = (leaf: number) =>
  useQuery({
    queryKey: ['oversight', 'proof', leaf],
    queryFn: () => answer(api.GET('/api/oversight/records/{leaf}/proof', { params: { path: { leaf } } })),
    retry: false,
  });

export const useLog = () =>
  useQuery({
    queryKey: ['oversight', 'log'],
    queryFn: () => answer(api.GET('/api/log')),
    refetchInterval: 10_000,
  });
