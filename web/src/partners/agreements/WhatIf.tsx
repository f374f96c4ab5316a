import { Button, Checkbox, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Why } from '../../shell/Notice';
import { useDecide, type AgreementPage, type Ask, type Which } from './agreements';

const whats = ['alarm', 'incidentCard', 'still', 'live', 'clip', 'package'] as const;
const types = ['rescue', 'intrusion', 'crossing', 'smuggling', 'vehicle', 'crowd', 'tamper', 'technical'] as const;
const requests = ['information', 'footage', 'liveAssistance', 'holdFootage', 'jointOperation', 'supportFile'] as const;

/** What the document would say to something, and why. Nothing comes of it. */
export function WhatIf({ which, page, language }: { which: Which; page: AgreementPage; language: string }) {
  const { t } = useTranslation();
  const decide = useDecide(which, language);
  const [ask, setAsk] = useState<Ask>({ give: true, what: 'live', masked: true, rescue: false, approvals: 0 });
  const change = (patch: Partial<Ask>) => {
    setAsk((before) => ({ ...before, ...patch }));
    // The answer is to what was asked, not to what stands there by now.
    decide.reset();
  };
  const purpose = ask.purpose ?? page.purposes[0]?.id ?? '';
  const orNone = (items: readonly { value: string; label: string }[]) => [
    { value: '', label: t('agreements.noneOf') },
    ...items,
  ];
  return (
    <section className="agreement-if">
      <h2>{t('agreements.whatIf')}</h2>
      <form
        className="agreement-ask"
        onSubmit={(event) => {
          event.preventDefault();
          decide.mutate({ ...ask, purpose });
        }}
      >
        <NativeSelect
          label={t('agreements.who')}
          value={ask.give === false ? 'they' : 'we'}
          onChange={(event) => change({ give: event.currentTarget.value === 'we' })}
          data={[
            { value: 'we', label: page.agreement.own },
            { value: 'they', label: page.agreement.other },
          ]}
        />
        <NativeSelect
          label={t('agreements.gives')}
          value={ask.what ?? 'live'}
          onChange={(event) => change({ what: event.currentTarget.value as (typeof whats)[number] })}
          data={whats.map((what) => ({ value: what, label: t(`agreements.what.${what}`) }))}
        />
        <NativeSelect
          label={t('agreements.purpose')}
          value={purpose}
          onChange={(event) => change({ purpose: event.currentTarget.value })}
          data={page.purposes.map(({ id, text }) => ({ value: id, label: text }))}
        />
        <NativeSelect
          label={t('agreements.category')}
          value={ask.category ?? ''}
          onChange={(event) => change({ category: event.currentTarget.value || null })}
          data={orNone(page.categories.map(({ id, text }) => ({ value: id, label: text })))}
        />
        <NativeSelect
          label={t('agreements.incident')}
          value={ask.incidentType ?? ''}
          onChange={(event) => change({ incidentType: event.currentTarget.value || null })}
          data={orNone(types.map((type) => ({ value: type, label: t(`alarms.type.${type}`) })))}
        />
        <NativeSelect
          label={t('agreements.request')}
          value={ask.request ?? ''}
          onChange={(event) =>
            change({ request: (event.currentTarget.value || null) as (typeof requests)[number] | null })
          }
          data={orNone(requests.map((kind) => ({ value: kind, label: t(`agreements.requests.${kind}`) })))}
        />
        <TextInput
          label={t('agreements.site')}
          value={ask.site ?? ''}
          onChange={(event) => change({ site: event.currentTarget.value || null })}
        />
        <NumberInput
          label={t('agreements.approvals')}
          value={ask.approvals ?? 0}
          min={0}
          max={9}
          onChange={(value) => change({ approvals: Number(value) || 0 })}
        />
        <Checkbox
          label={t('agreements.masked')}
          checked={ask.masked ?? true}
          onChange={(event) => change({ masked: event.currentTarget.checked })}
        />
        <Checkbox
          label={t('agreements.rescue')}
          checked={ask.rescue ?? false}
          onChange={(event) => change({ rescue: event.currentTarget.checked })}
        />
        <Button type="submit" variant="default" loading={decide.isPending}>
          {t('agreements.decide')}
        </Button>
      </form>
      <div aria-live="polite">
        {decide.isError && (
          <p className="red">
            <Why error={decide.error} />
          </p>
        )}
        {decide.data && (
          <div className="agreement-answer" data-allowed={decide.data.allowed}>
            <p className="agreement-own">
              {decide.data.allowed ? (
                <IconCircleCheck size={20} aria-hidden className="blue" />
              ) : (
                <IconCircleX size={20} aria-hidden className="red" />
              )}{' '}
              {t(decide.data.allowed ? 'agreements.yes' : 'agreements.no')}
            </p>
            <ul>
              {decide.data.reasons.map((reason, index) => (
                <li key={index}>
                  <bdi>{reason}</bdi>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </section>
  );
}
