import { keepPreviousData, useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from './client';
import { nodeNow, readClock } from './clock';
import type {
  Camera,
  CameraInput,
  ExportInput,
  ExportJob,
  NodeInfo,
  Probe,
  ProbeRequest,
  StreamKind,
  Timeline,
} from './types';

// Events keep lists fresh; the slow polling below is for when the event stream is down.
const keys = {
  node: ['node'] as const,
  cameras: ['cameras'] as const,
  exports: ['exports'] as const,
  timelines: ['timelines'] as const,
};
export { keys };

export async function fetchNode(): Promise<NodeInfo> {
  const sent = Date.now();
  const node = await answer(api.GET('/api/node'));
  readClock(Date.parse(node.now), sent, Date.now());
  return node;
}

export const useNode = (): UseQueryResult<NodeInfo> =>
  useQuery({ queryKey: keys.node, queryFn: fetchNode, refetchInterval: 60_000 });

export const useCameras = (): UseQueryResult<Camera[]> =>
  useQuery({
    queryKey: keys.cameras,
    queryFn: () => answer<Camera[]>(api.GET('/api/cameras')),
    refetchInterval: 15_000,
  });

export const useExports = (): UseQueryResult<ExportJob[]> =>
  useQuery({
    queryKey: keys.exports,
    queryFn: () => answer<ExportJob[]>(api.GET('/api/exports')),
    refetchInterval: (query) => (query.state.data?.some(isUnfinished) ? 1000 : 15_000),
  });

export const isUnfinished = (job: ExportJob): boolean => job.state === 'queued' || job.state === 'running';

/** What all cameras have in a stretch. The stretch is on a grid, so that panning a little asks for nothing. */
export const useTimelines = (from: number, to: number, stream: StreamKind = 'main', enabled = true) =>
  useQuery({
    enabled,
    queryKey: [...keys.timelines, stream, from, to],
    queryFn: () =>
      answer<Record<string, Timeline>>(
        api.GET('/api/timeline', {
          params: { query: { from: new Date(from).toISOString(), to: new Date(to).toISOString(), stream } },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: to > nodeNow() ? 4000 : false,
  });

export const fetchTimeline = (camera: string, stream: StreamKind, from: number, to: number): Promise<Timeline> =>
  answer(
    api.GET('/api/cameras/{id}/timeline', {
      params: {
        path: { id: camera },
        query: { from: new Date(from).toISOString(), to: new Date(to).toISOString(), stream },
      },
    }),
  );

export function useSaveCamera() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, input }: { id: string | null; input: CameraInput }) =>
      id === null
        ? answer<Camera>(api.POST('/api/cameras', { body: input }))
        : answer<Camera>(api.PUT('/api/cameras/{id}', { params: { path: { id } }, body: input })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.cameras }),
  });
}

export function useDeleteCamera() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/cameras/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.cameras }),
  });
}

export const useProbe = () =>
  useMutation({
    mutationFn: (body: ProbeRequest) => answer<Probe>(api.POST('/api/cameras/probe', { body })),
  });

export function useCreateExport() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ExportInput) => answer<ExportJob>(api.POST('/api/exports', { body })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.exports }),
  });
}

export function useDeleteExport() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/exports/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.exports }),
  });
}
