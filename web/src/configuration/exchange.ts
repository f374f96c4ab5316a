import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../api/client';
import { Problem } from '../api/problem';
import type { ConfigurationChange } from '../api/types';

/** A text that was compared, and what it was compared with. */
export interface Comparison {
  /** The file's name, as the reader knows it. */
  name: string;
  text: string;
  change: ConfigurationChange;
  revision: string | null;
}

export const configurationUrl = '/api/configuration';

async function put(text: string, dryRun: boolean, seen: string | null) {
  const { data, error, response } = await api
    .PUT('/api/configuration', {
      params: { query: { dryRun } },
      body: text,
      bodySerializer: (body: string) => body,
      headers: { 'Content-Type': 'application/yaml', ...(seen === null ? {} : { 'If-Match': seen }) },
    })
    .catch(() => {
      throw new Problem(0, '', '');
    });
  if (!data) throw Problem.from(response.status, error);
  return { change: data, revision: response.headers.get('ETag') };
}

export const useCompare = () =>
  useMutation({
    mutationFn: async (file: File): Promise<Comparison> => {
      const text = await file.text();
      return { name: file.name, text, ...(await put(text, true, null)) };
    },
  });

/** Applies what was compared, and nothing else: refused if the node's configuration has changed since. */
export function useApply() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ text, revision }: Comparison) => put(text, false, revision),
    // It may be about anything that the page shows.
    onSettled: () => client.invalidateQueries(),
  });
}
