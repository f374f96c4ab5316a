import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client';
import { keys } from '../api/queries';
import type { Custody } from '../api/types';
import { Why } from '../shell/Notice';

/** Says that the centre has an incident of this site, and takes it back; nothing while the site has it. */
export function AtCentre({ incident }: { incident: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const params = { path: { id: incident } };
  const custody = useQuery({
    queryKey: [...keys.incidents, incident, 'custody'],
    queryFn: () => answer<Custody>(api.GET('/api/incidents/{id}/custody', { params })),
  });
  const back = useMutation({
    mutationFn: () => answer<Custody>(api.POST('/api/incidents/{id}/take-back', { params })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.incidents }),
  });
  if (custody.data?.holder !== 'centre') return null;
  return (
    <div className="alarm-deeds" role="status">
      <span className="amber">{t('sites.atCentre', { name: custody.data.by })}</span>
      <Button size="compact-sm" variant="default" loading={back.isPending} onClick={() => back.mutate()}>
        {t('sites.takeBack')}
      </Button>
      {back.isError && (
        <span className="red" role="alert">
          <Why error={back.error} />
        </span>
      )}
    </div>
  );
}
