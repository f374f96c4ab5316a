import { keepPreviousData, useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from './client';
import { nodeNow, readClock } from './clock';
import type { Rule, Ground, Rules } from '../rules/types';
import type { TrackPictures } from '../overlay/types';
import type {
  ArchiveCheck,
  ArchiveCheckResult,
  Camera,
  CameraInput,
  CheckInput,
  ExportInput,
  DeviceMasks,
  ExportJob,
  FoundDevice,
  Hold,
  HoldAssessment,
  HoldInput,
  HoldMade,
  Imaging,
  ImagingInput,
  MapPlace,
  MapPlaceInput,
  MaskedArea,
  Masks,
  Motion,
  NodeInfo,
  OnvifAnswer,
  OnvifRequest,
  Plan,
  PlanInput,
  Preset,
  Preview,
  Probe,
  ProbeRequest,
  PurposeInput,
  Reanalysis,
  ReanalysisInput,
  RuleTrial,
  SceneEventPage,
  SceneMark,
  SiteMap,
  Storage,
  StreamKind,
  Timeline,
  Unmasking,
} from './types';

// Events keep lists fresh; the slow polling below is for when the event stream is down.
const keys = {
  node: ['node'] as const,
  cameras: ['cameras'] as const,
  exports: ['exports'] as const,
  timelines: ['timelines'] as const,
  stretch: ['stretch'] as const,
  scene: ['scene'] as const,
  control: ['control'] as const,
  rules: ['rules'] as const,
  masks: ['masks'] as const,
  storage: ['storage'] as const,
  holds: ['holds'] as const,
  checks: ['checks'] as const,
  map: ['map'] as const,
  alarms: ['alarms'] as const,
  incidents: ['incidents'] as const,
  reanalyses: ['reanalyses'] as const,
  approvals: ['approvals'] as const,
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

/**
 * What all cameras have in a stretch. The stretch is on a grid, so that panning a little asks for nothing.
 * @param resolution what doesn't matter, ms: see resolutionOf
 */
export const useTimelines = (
  from: number,
  to: number,
  resolution: number,
  stream: StreamKind = 'main',
  enabled = true,
) =>
  useQuery({
    enabled,
    queryKey: [...keys.timelines, stream, from, to, resolution],
    queryFn: () =>
      answer<Record<string, Timeline>>(
        api.GET('/api/timeline', {
          params: { query: { from: new Date(from).toISOString(), to: new Date(to).toISOString(), stream, resolution } },
        }),
      ),
    placeholderData: keepPreviousData,
    // As often as a pixel's time passes, within reason.
    refetchInterval: to > nodeNow() ? Math.min(60_000, Math.max(4000, resolution)) : false,
  });

/** Of a site's camera, through the link; null: of none. */
export const useFarTimeline = (camera: string | null, from: number, to: number, resolution: number) =>
  useQuery({
    enabled: camera !== null,
    queryKey: [...keys.timelines, camera, from, to, resolution],
    queryFn: () => fetchTimeline(camera ?? '', 'main', from, to, resolution),
    refetchInterval: to > nodeNow() ? 10_000 : false,
    retry: false,
  });

export function fetchTimeline(
  camera: string,
  stream: StreamKind,
  from: number,
  to: number,
  resolution?: number,
): Promise<Timeline> {
  const query = {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    stream,
    ...(resolution !== undefined && { resolution }),
  };
  const [site = '', id] = camera.split('/');
  return answer<Timeline>(
    id === undefined
      ? api.GET('/api/cameras/{id}/timeline', { params: { path: { id: site }, query } })
      : api.GET('/api/sites/{site}/cameras/{id}/timeline', { params: { path: { site, id }, query } }),
  );
}

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

export const useDiscover = () =>
  useMutation({
    mutationFn: (body: { address?: string }) =>
      answer<FoundDevice[]>(api.POST('/api/cameras/discover', { body: { timeoutSeconds: 4, ...body } })),
  });

export const useAskOnvif = () =>
  useMutation({
    mutationFn: (body: OnvifRequest) => answer<OnvifAnswer>(api.POST('/api/cameras/onvif', { body })),
  });

export const beginPreview = (body: ProbeRequest): Promise<Preview> =>
  answer<Preview>(api.POST('/api/cameras/previews', { body }));

/** Ends by itself a little later where this isn't heard. */
export const endPreview = (id: string): Promise<unknown> =>
  answer<unknown>(api.DELETE('/api/cameras/previews/{id}', { params: { path: { id } }, keepalive: true })).catch(
    () => undefined,
  );

export const moveCamera = async (
  id: string,
  speed: { pan: number; tilt: number; zoom: number; focus?: number },
): Promise<void> => {
  // Kept alive, so that the stop of a page that is being closed still goes out.
  await answer<unknown>(api.POST('/api/cameras/{id}/ptz', { params: { path: { id } }, body: speed, keepalive: true }));
};

export const usePresets = (id: string) =>
  useQuery({
    queryKey: [...keys.control, id, 'presets'],
    queryFn: () => answer<Preset[]>(api.GET('/api/cameras/{id}/presets', { params: { path: { id } } })),
    staleTime: 60_000,
    retry: false,
  });

export const useGoToPreset = (id: string) =>
  useMutation({
    mutationFn: (token: string) =>
      answer<unknown>(api.POST('/api/cameras/{id}/presets/goto', { params: { path: { id } }, body: { token } })),
  });

export function useSetPreset(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) =>
      answer<Preset>(api.POST('/api/cameras/{id}/presets', { params: { path: { id } }, body: { name } })),
    onSettled: () => client.invalidateQueries({ queryKey: [...keys.control, id, 'presets'] }),
  });
}

export function useRemovePreset(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (token: string) =>
      answer<unknown>(api.POST('/api/cameras/{id}/presets/remove', { params: { path: { id } }, body: { token } })),
    onSettled: () => client.invalidateQueries({ queryKey: [...keys.control, id, 'presets'] }),
  });
}

export const useImaging = (id: string) =>
  useQuery({
    queryKey: [...keys.control, id, 'imaging'],
    queryFn: () => answer<Imaging>(api.GET('/api/cameras/{id}/imaging', { params: { path: { id } } })),
    retry: false,
  });

export function useSetImaging(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ImagingInput) =>
      answer<Imaging>(api.PUT('/api/cameras/{id}/imaging', { params: { path: { id } }, body })),
    // What the camera really took.
    onSuccess: (imaging) => client.setQueryData([...keys.control, id, 'imaging'], imaging),
    onError: () => client.invalidateQueries({ queryKey: [...keys.control, id, 'imaging'] }),
  });
}

export function useSetCameraTime() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<Camera>(api.POST('/api/cameras/{id}/onvif/time', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.cameras, exact: true }),
  });
}

/** Steps that a stretch is cut into for its marks: closer than this they couldn't be told apart on a strip. */
const markSteps = 500;

/** Where in a stretch something happened, by camera. */
export const useSceneMarks = (from: number, to: number) =>
  useQuery({
    queryKey: [...keys.scene, 'marks', from, to],
    queryFn: () =>
      answer<Record<string, SceneMark[]>>(
        api.GET('/api/scene-events/marks', {
          params: { query: { from: new Date(from).toISOString(), to: new Date(to).toISOString(), steps: markSteps } },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: to > nodeNow() ? 15_000 : false,
  });

const recentMs = 7 * 86_400_000;

/** The newest fifty of the last week. */
export const useRecentEvents = () =>
  useQuery({
    queryKey: [...keys.scene, 'recent'],
    queryFn: () => {
      const now = nodeNow();
      return answer<SceneEventPage>(
        api.GET('/api/scene-events', {
          params: {
            query: {
              from: new Date(now - recentMs).toISOString(),
              to: new Date(now + 60_000).toISOString(),
              limit: 50,
            },
          },
        }),
      );
    },
    refetchInterval: 15_000,
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

const iso = (ms: number) => new Date(ms).toISOString();

export const fetchTracks = (id: string, from: number, to: number): Promise<TrackPictures> =>
  answer<TrackPictures>(
    api.GET('/api/cameras/{id}/tracks', { params: { path: { id }, query: { from: iso(from), to: iso(to) } } }),
  );

/** A camera's rules. Not refetched while they are being edited. */
export const useRules = (id: string | null) =>
  useQuery({
    queryKey: [...keys.rules, id],
    queryFn: async () =>
      (await answer(api.GET('/api/cameras/{id}/rules', { params: { path: { id: id ?? '' } } }))) as unknown as Rules,
    enabled: id !== null,
    refetchOnWindowFocus: false,
  });

export function usePutRules(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ rules, ground }: { rules: Rule[]; ground: Ground | null }) =>
      (await answer(
        api.PUT('/api/cameras/{id}/rules', { params: { path: { id } }, body: { rules, ground } }),
      )) as unknown as Rules,
    onSuccess: (rules) => client.setQueryData([...keys.rules, id], rules),
  });
}

/** Which parts of a camera's picture are hidden; null: of none. */
export const useMasks = (id: string | null): UseQueryResult<Masks> =>
  useQuery({
    queryKey: [...keys.masks, id],
    queryFn: () => answer<Masks>(api.GET('/api/cameras/{id}/masks', { params: { path: { id: id ?? '' } } })),
    enabled: id !== null,
    staleTime: 60_000,
  });

export function usePutMasks(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { version: number; masks: MaskedArea[] }) =>
      answer<Masks>(api.PUT('/api/cameras/{id}/masks', { params: { path: { id } }, body })),
    onSuccess: (masks) => client.setQueryData([...keys.masks, id], masks),
  });
}

/** What the camera hides itself; null: isn't asked. */
export const useDeviceMasks = (id: string | null): UseQueryResult<DeviceMasks> =>
  useQuery({
    queryKey: [...keys.masks, id, 'device'],
    queryFn: () =>
      answer<DeviceMasks>(api.GET('/api/cameras/{id}/masks/device', { params: { path: { id: id ?? '' } } })),
    enabled: id !== null,
    retry: false,
    staleTime: 60_000,
  });

export function usePutDeviceMask(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (mask: string) =>
      answer<DeviceMasks>(api.POST('/api/cameras/{id}/masks/device', { params: { path: { id } }, body: { mask } })),
    onSuccess: (masks) => client.setQueryData([...keys.masks, id, 'device'], masks),
  });
}

export function useRemoveDeviceMask(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (token: string) =>
      answer<DeviceMasks>(api.DELETE('/api/cameras/{id}/masks/device/{token}', { params: { path: { id, token } } })),
    onSuccess: (masks) => client.setQueryData([...keys.masks, id, 'device'], masks),
  });
}

export function useLiftMasks(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (purpose: PurposeInput | null) =>
      answer<Unmasking>(api.POST('/api/cameras/{id}/unmasking', { params: { path: { id } }, body: { purpose } })),
    onSuccess: () => client.invalidateQueries({ queryKey: [...keys.masks, id] }),
  });
}

export function usePutMasksBack(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => answer<unknown>(api.DELETE('/api/cameras/{id}/unmasking', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: [...keys.masks, id] }),
  });
}

export function useTryRules(id: string) {
  return useMutation({
    mutationFn: (body: { rules: Rule[]; ground: Ground | null; from: string; to: string }) =>
      answer<RuleTrial>(api.POST('/api/cameras/{id}/rules/try', { params: { path: { id } }, body })),
  });
}

export const useReanalyses = (): UseQueryResult<Reanalysis[]> =>
  useQuery({
    queryKey: keys.reanalyses,
    queryFn: () => answer<Reanalysis[]>(api.GET('/api/reanalyses')),
    refetchInterval: 15_000,
  });

export function useStartReanalysis() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ReanalysisInput) => answer<Reanalysis>(api.POST('/api/reanalyses', { body })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.reanalyses }),
  });
}

export function useCancelReanalysis() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/reanalyses/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.reanalyses }),
  });
}

export function useFindMotion(id: string) {
  return useMutation({
    mutationFn: ({ from, to, area }: { from: number; to: number; area: string }) =>
      answer<Motion>(
        api.GET('/api/cameras/{id}/motion', {
          params: { path: { id }, query: { from: iso(from), to: iso(to), area } },
        }),
      ),
  });
}

export const useStorage = (enabled = true): UseQueryResult<Storage> =>
  useQuery({
    enabled,
    queryKey: keys.storage,
    queryFn: () => answer<Storage>(api.GET('/api/storage')),
    refetchInterval: 15_000,
  });

/** Holds in force; with `ended` also those that were released or have expired. */
export const useHolds = (ended: boolean): UseQueryResult<Hold[]> =>
  useQuery({
    queryKey: [...keys.holds, ended],
    queryFn: () => answer<Hold[]>(api.GET('/api/holds', { params: { query: { ended } } })),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });

/** What a hold would cost, asked again for each other stretch; null asks nothing. */
export const useAssessment = (input: HoldInput | null): UseQueryResult<HoldAssessment> =>
  useQuery({
    enabled: input !== null,
    queryKey: [...keys.holds, 'assessment', input],
    queryFn: () => answer<HoldAssessment>(api.POST('/api/holds/assessment', { body: input ?? {} })),
    retry: false,
  });

/** Holds are on strips and in figures too. */
function useForgetHolds() {
  const client = useQueryClient();
  return () =>
    Promise.all(
      [keys.holds, keys.timelines, keys.storage, keys.stretch].map((queryKey) =>
        client.invalidateQueries({ queryKey }),
      ),
    );
}

export function useCreateHold() {
  const onSettled = useForgetHolds();
  return useMutation({
    mutationFn: (body: HoldInput) => answer<HoldMade>(api.POST('/api/holds', { body })),
    onSettled,
  });
}

export function useReleaseHold() {
  const onSettled = useForgetHolds();
  return useMutation({
    mutationFn: ({ id, by, why }: { id: string; by: string; why: string }) =>
      answer<unknown>(api.DELETE('/api/holds/{id}', { params: { path: { id }, query: { by, why } } })),
    onSettled,
  });
}

/** Newest first. Events keep it fresh while one runs. */
export const useChecks = (): UseQueryResult<ArchiveCheck[]> =>
  useQuery({
    queryKey: keys.checks,
    queryFn: () => answer<ArchiveCheck[]>(api.GET('/api/archive/checks')),
    select: (checks) => [...checks].sort((a, b) => b.startedAt.localeCompare(a.startedAt)),
    refetchInterval: 15_000,
  });

export const useCheckResult = (id: string): UseQueryResult<ArchiveCheckResult> =>
  useQuery({
    queryKey: [...keys.checks, id],
    queryFn: () => answer<ArchiveCheckResult>(api.GET('/api/archive/checks/{id}', { params: { path: { id } } })),
    staleTime: Infinity,
  });

export function useStartCheck() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: CheckInput) => answer<ArchiveCheck>(api.POST('/api/archive/checks', { body })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.checks, exact: true }),
  });
}

export function useCancelCheck() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/archive/checks/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.checks, exact: true }),
  });
}

/** Where cameras stand, and the plans under them. */
export const useMap = (): UseQueryResult<SiteMap> =>
  useQuery({ queryKey: keys.map, queryFn: () => answer<SiteMap>(api.GET('/api/map')), refetchInterval: 60_000 });

const useForgetMap = () => {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: keys.map });
};

export const usePutPlace = () =>
  useMutation({
    mutationFn: ({ id, place }: { id: string; place: MapPlaceInput }) =>
      answer<MapPlace>(api.PUT('/api/cameras/{id}/place', { params: { path: { id } }, body: place })),
    onSettled: useForgetMap(),
  });

export const useDeletePlace = () =>
  useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/cameras/{id}/place', { params: { path: { id } } })),
    onSettled: useForgetMap(),
  });

/** A plan with its picture, in this order: without a plan there is nothing that the picture could belong to. */
export const usePutPlan = () =>
  useMutation({
    mutationFn: async ({ id, plan, image }: { id: string; plan: PlanInput; image: File | null }) => {
      const kept = await answer<Plan>(api.PUT('/api/plans/{id}', { params: { path: { id } }, body: plan }));
      if (!image) return kept;
      return answer<Plan>(
        api.PUT('/api/plans/{id}/image', {
          params: { path: { id } },
          body: image as unknown as string,
          bodySerializer: (body: unknown) => body as Blob,
          headers: { 'Content-Type': image.type },
        }),
      );
    },
    onSettled: useForgetMap(),
  });

export const useDeletePlan = () =>
  useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/plans/{id}', { params: { path: { id } } })),
    onSettled: useForgetMap(),
  });
