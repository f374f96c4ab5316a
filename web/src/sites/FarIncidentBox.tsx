import { Button, Menu, TextInput } from '@mantine/core';
import { IconBriefcase, IconChevronDown } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AlarmOutcome, FarIncident } from '../api/types';
import { useMay } from '../identity/session';
import { Why } from '../shell/Notice';
import { SentDeeds } from './SentDeeds';
import { useActOnFarIncident } from './sites';

const outcomes: readonly AlarmOutcome[] = ['real', 'false', 'nuisance', 'test'];

/** An incident of another site: who has it, taking it over and giving it back, and what the one who has it does. */
export function FarIncidentBox({ incident }: { incident: FarIncident }) {
  const { t } = useTranslation();
  const works = useMay()('manageIncidents');
  const act = useActOnFarIncident(incident);
  const [note, setNote] = useState('');
  const here = incident.holder === 'centre';
  const open = incident.state !== 'closed';
  return (
    <section className="far-incident" data-holder={incident.holder}>
      <h3>
        <IconBriefcase size={16} aria-hidden /> <bdi>{incident.title}</bdi>
      </h3>
      <p className="small">
        {t(`incidents.state.${incident.state}`)}
        {' · '}
        {t(here ? 'sites.heldHere' : 'sites.heldThere', { site: incident.siteName })}
        {incident.holderName !== '' && (
          <>
            {' · '}
            <bdi>{incident.holderName}</bdi>
          </>
        )}
      </p>
      {works && (
        <>
          <TextInput
            aria-label={t('alarms.note')}
            placeholder={t('alarms.note')}
            value={note}
            maxLength={4000}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <div className="alarm-deeds">
            {!here && open && (
              <Button loading={act.isPending} onClick={() => act.mutate({ deed: 'takeOver' })}>
                {t('sites.takeOver')}
              </Button>
            )}
            {here && (
              <Button variant="default" loading={act.isPending} onClick={() => act.mutate({ deed: 'handBack' })}>
                {t('sites.handBack')}
              </Button>
            )}
            <Button
              variant="default"
              disabled={note.trim() === ''}
              onClick={() => act.mutate({ deed: 'note', note }, { onSuccess: () => setNote('') })}
            >
              {t('sites.writeNote')}
            </Button>
            {here && open && (
              <>
                <Button variant="default" onClick={() => act.mutate({ deed: 'resolve', note })}>
                  {t('sites.resolve')}
                </Button>
                <Menu position="bottom-end">
                  <Menu.Target>
                    <Button variant="default" rightSection={<IconChevronDown size={16} />}>
                      {t('alarms.close')}
                    </Button>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Label>{t('alarms.whatWasIt')}</Menu.Label>
                    {outcomes.map((outcome) => (
                      <Menu.Item key={outcome} onClick={() => act.mutate({ deed: 'close', outcome, note })}>
                        {t(`alarms.outcome.${outcome}`)}
                      </Menu.Item>
                    ))}
                  </Menu.Dropdown>
                </Menu>
              </>
            )}
          </div>
        </>
      )}
      {act.isError && (
        <p className="red" role="alert">
          <Why error={act.error} />
        </p>
      )}
      <SentDeeds site={incident.site} subject={incident.id} />
    </section>
  );
}
