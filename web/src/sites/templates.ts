import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import type { components } from '../api/schema';
import type { ObjectChange } from '../api/types';

type Schemas = components['schemas'];
export type Template = Schemas['Template'];
export type TemplateOffer = Schemas['TemplateOffer'];
export type TemplateState = TemplateOffer['state'];
export type FromCentre = Schemas['FromCentre'];

const templates = ['sites', 'templates'] as const;
const fromCentre = ['configuration', 'from-centre'] as const;

export const useTemplates = (): UseQueryResult<Template[]> =>
  useQuery({ queryKey: [...templates, 'texts'], queryFn: () => answer<Template[]>(api.GET('/api/templates')) });

/** What became of each template at each site; asked often while a site is at it. */
export const useOffers = (): UseQueryResult<TemplateOffer[]> =>
  useQuery({
    queryKey: [...templates, 'offers'],
    queryFn: () => answer<TemplateOffer[]>(api.GET('/api/templates/offers')),
    refetchInterval: (query) => (query.state.data?.some(({ state }) => waits(state)) ? 2_000 : 10_000),
  });

export const waits = (state: TemplateState) => state === 'offered' || state === 'confirmed' || state === 'recalled';

/** A change of a site as the configuration's own room shows one. */
export const asChange = (change: NonNullable<TemplateOffer['tried']>['changes'][number]): ObjectChange => ({
  kind: 'changed',
  section: change.section,
  id: change.id,
  name: change.name,
  fields: change.fields.map(({ field, before, after }) => ({ field, before, after, secret: false })),
});

function useRefreshing() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: templates });
}

/** Writes a template; without an id a new one. */
export const useSaveTemplate = () =>
  useMutation({
    mutationFn: ({ id, ...body }: { id: string | null; name: string; text: string }) =>
      answer<Template>(
        id === null
          ? api.POST('/api/templates', { body })
          : api.PUT('/api/templates/{template}', { params: { path: { template: id } }, body }),
      ),
    onSettled: useRefreshing(),
  });

export const useRemoveTemplate = () =>
  useMutation({
    mutationFn: (template: string) =>
      answer(api.DELETE('/api/templates/{template}', { params: { path: { template } } })),
    onSettled: useRefreshing(),
  });

export const useOfferTemplate = (template: string) =>
  useMutation({
    mutationFn: (sites: string[]) =>
      answer(api.POST('/api/templates/{template}/offers', { params: { path: { template } }, body: { sites } })),
    onSettled: useRefreshing(),
  });

export const useApplyTemplate = () =>
  useMutation({
    mutationFn: async (offers: string[]) => {
      for (const offer of offers)
        await answer<TemplateOffer>(api.POST('/api/templates/offers/{offer}/apply', { params: { path: { offer } } }));
    },
    onSettled: useRefreshing(),
  });

export const useRestoreTemplate = () =>
  useMutation({
    mutationFn: (offer: string) =>
      answer<TemplateOffer>(api.POST('/api/templates/offers/{offer}/restore', { params: { path: { offer } } })),
    onSettled: useRefreshing(),
  });

export const useFromCentre = (): UseQueryResult<FromCentre> =>
  useQuery({
    queryKey: fromCentre,
    queryFn: () => answer<FromCentre>(api.GET('/api/configuration/from-centre')),
    refetchInterval: 10_000,
  });

export function useSwitchFromCentre() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (accepts: boolean) =>
      answer<FromCentre>(api.PUT('/api/configuration/from-centre', { body: { accepts } })),
    onSettled: () => client.invalidateQueries({ queryKey: fromCentre }),
  });
}

export function useTakeBack() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (template: string) =>
      answer(api.POST('/api/configuration/from-centre/{template}/restore', { params: { path: { template } } })),
    // It may be about any camera.
    onSettled: () => client.invalidateQueries(),
  });
}
