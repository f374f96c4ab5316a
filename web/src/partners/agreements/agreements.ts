import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../../api/client';
import type { components } from '../../api/schema';

type Schemas = components['schemas'];
export type Agreement = Schemas['Agreement'];
export type AgreementPage = Schemas['AgreementPage'];
export type AgreementEntry = Schemas['AgreementEntry'];
export type AgreementChange = Schemas['AgreementChange'];
export type AgreementWritten = Schemas['AgreementWritten'];
export type Ask = Schemas['AgreementAsk'];
export type Decision = Schemas['AgreementDecision'];
export type Partner = Schemas['Link'];

/** Which version: what the address of the page and of the API name it by. */
export interface Which {
  link: string;
  id: string;
  version: number;
}

const key = ['agreements'] as const;

export const whichOf = (text: string | null): Which | null => {
  const [link, id, version] = (text ?? '').split('/');
  return link && id && /^[1-9]\d{0,4}$/.test(version ?? '') ? { link, id, version: Number(version) } : null;
};

export const nameOf = ({ link, id, version }: Which): string => `${link}/${id}/${version}`;

// What a partner does comes over the link: it is looked for, as long as the room is open.
export const useAgreements = (language: string): UseQueryResult<Agreement[]> =>
  useQuery({
    queryKey: [...key, 'list', language],
    queryFn: () => answer<Agreement[]>(api.GET('/api/agreements', { params: { query: { language } } })),
    refetchInterval: 5000,
  });

export const useAgreement = (which: Which, language: string): UseQueryResult<AgreementPage> =>
  useQuery({
    queryKey: [...key, 'one', nameOf(which), language],
    queryFn: () =>
      answer<AgreementPage>(
        api.GET('/api/agreements/{link}/{id}/{version}', { params: { path: { ...which }, query: { language } } }),
      ),
    refetchInterval: 5000,
  });

export const usePartners = (): UseQueryResult<Partner[]> =>
  useQuery({
    queryKey: ['links', 'partners'],
    queryFn: async () =>
      (await answer<Partner[]>(api.GET('/api/links'))).filter(
        (link) => link.kind === 'partner' && link.state !== 'ended',
      ),
  });

const text = async (address: string): Promise<string> => {
  const response = await answer<string>(
    // The document is a file; its bytes are shown as they are.
    fetch(address).then(async (got) => ({ data: await got.text(), response: got })),
  );
  return response;
};

const path = ({ link, id, version }: Which): string =>
  `/api/agreements/${encodeURIComponent(link)}/${encodeURIComponent(id)}/${version}`;

export const fetchTemplate = (link: string): Promise<string> =>
  text(`/api/agreements/template?link=${encodeURIComponent(link)}`);

export const fetchNext = (which: Which): Promise<string> => text(`${path(which)}/next`);

export const fetchDocument = (which: Which): Promise<string> => text(`${path(which)}/document`);

export const documentUrl = (which: Which): string => `${path(which)}/document`;

export const fetchOdrl = (which: Which): Promise<Schemas['AgreementOdrl']> =>
  answer(api.GET('/api/agreements/{link}/{id}/{version}/odrl', { params: { path: { ...which } } }));

function useChange<In, Out>(act: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: act, onSettled: () => client.invalidateQueries({ queryKey: key }) });
}

export const useDraft = () =>
  useChange((body: Schemas['AgreementInput']) => answer<AgreementWritten>(api.POST('/api/agreements', { body })));

export const useSign = () =>
  useChange(({ which, digest }: { which: Which; digest: string }) =>
    answer<Agreement>(
      api.POST('/api/agreements/{link}/{id}/{version}/sign', { params: { path: { ...which } }, body: { digest } }),
    ),
  );

export const useDenounce = () =>
  useChange(({ which, reason }: { which: Which; reason: string }) =>
    answer<Agreement>(
      api.POST('/api/agreements/{link}/{id}/{version}/denounce', { params: { path: { ...which } }, body: { reason } }),
    ),
  );

export const useRemove = () =>
  useChange((which: Which) =>
    answer<unknown>(api.DELETE('/api/agreements/{link}/{id}/{version}', { params: { path: { ...which } } })),
  );

export const useDecide = (which: Which, language: string) =>
  useMutation({
    mutationFn: (body: Ask) =>
      answer<Decision>(
        api.POST('/api/agreements/{link}/{id}/{version}/decide', {
          params: { path: { ...which }, query: { language } },
          body,
        }),
      ),
  });
