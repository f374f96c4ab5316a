import { Alert, Button, Checkbox, Skeleton, Textarea, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Site } from '../api/types';
import { Changed, Faults } from '../configuration/Changed';
import { faultsOf } from '../configuration/difference';
import { useFormat } from '../i18n/format';
import { Failure, Why } from '../shell/Notice';
import { setQuery, usePlace } from '../shell/route';
import { useSites } from './sites';
import {
  asChange,
  useApplyTemplate,
  useOffers,
  useOfferTemplate,
  useRemoveTemplate,
  useRestoreTemplate,
  useSaveTemplate,
  useTemplates,
  waits,
  type Template,
  type TemplateOffer,
} from './templates';
import './sites.css';

// The words of the text are the configuration's own, in every language of the page.
const example = `version: 1
everyCamera:
  retention: { days: 30 }
groups:
  fence:
    analysis: { enabled: true, rate: 5 }
`;

/** At a centre: what several sites are to have in common, tried at each before it is applied there. */
export default function TemplatesRoom() {
  const { t } = useTranslation();
  const { query } = usePlace();
  const templates = useTemplates();
  const sites = useSites();
  const offers = useOffers();
  const open = query.get('template');
  const chosen = templates.data?.find(({ id }) => id === open) ?? null;

  if (templates.isError && !templates.data) {
    return (
      <Failure title={t('templates.failed')} error={templates.error}>
        <Button variant="default" onClick={() => void templates.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="page templates">
      <div className="page-head">
        <h1>{t('app.templates')}</h1>
        <span className="grow" />
        <Button leftSection={<IconPlus size={16} />} onClick={() => setQuery({ template: 'new' })}>
          {t('templates.add')}
        </Button>
      </div>
      <p className="dim template-about">{t('templates.about')}</p>
      {!templates.data && <Skeleton height={120} />}
      {templates.data?.length === 0 && open !== 'new' && <p className="dim">{t('templates.none')}</p>}
      {templates.data && templates.data.length > 0 && (
        <ul className="template-list">
          {templates.data.map((template) => (
            <li key={template.id}>
              <Button
                variant={template === chosen ? 'light' : 'default'}
                aria-pressed={template === chosen}
                onClick={() => setQuery({ template: template.id })}
              >
                <bdi>{template.name}</bdi>
              </Button>
            </li>
          ))}
        </ul>
      )}
      {open === 'new' && <Editor key="new" template={null} />}
      {chosen && <Editor key={chosen.id} template={chosen} />}
      {chosen && (
        <AtSites
          key={`${chosen.id} sites`}
          template={chosen}
          sites={sites.data ?? []}
          offers={(offers.data ?? []).filter((offer) => offer.template === chosen.id)}
        />
      )}
    </div>
  );
}

function Editor({ template }: { template: Template | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  const save = useSaveTemplate();
  const remove = useRemoveTemplate();
  const [name, setName] = useState(template?.name ?? '');
  const [text, setText] = useState(template?.text ?? example);
  const faults = faultsOf(save.error);
  const same = template !== null && name === template.name && text === template.text;
  return (
    <form
      className="template-editor"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(
          { id: template?.id ?? null, name, text },
          { onSuccess: ({ id }) => setQuery({ template: id }, { replace: true }) },
        );
      }}
    >
      <TextInput
        label={t('templates.name')}
        required
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Textarea
        label={t('templates.text')}
        description={t('templates.textWhat')}
        required
        autosize
        minRows={8}
        maxRows={24}
        dir="ltr"
        spellCheck={false}
        classNames={{ input: 'code' }}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {template && (
        <p className="dim small">
          <bdi>{template.changedBy}</bdi>
          {' · '}
          <time dateTime={template.changedAt}>{format.dateTime(Date.parse(template.changedAt))}</time>
        </p>
      )}
      {save.isError && (
        <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle size={18} />}>
          {faults.length > 0 ? <Faults faults={faults} /> : <Why error={save.error} />}
        </Alert>
      )}
      <div className="form-end">
        {template && (
          <Button
            variant="default"
            loading={remove.isPending}
            onClick={() => remove.mutate(template.id, { onSuccess: () => setQuery({ template: null }) })}
          >
            {t('templates.remove')}
          </Button>
        )}
        <Button type="submit" loading={save.isPending} disabled={same}>
          {t('templates.save')}
        </Button>
      </div>
    </form>
  );
}

function AtSites({ template, sites, offers }: { template: Template; sites: Site[]; offers: TemplateOffer[] }) {
  const { t } = useTranslation();
  const offer = useOfferTemplate(template.id);
  const apply = useApplyTemplate();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const ready = offers.filter(
    ({ state, tried, digest }) =>
      state === 'tried' && digest === template.digest && tried?.faults.length === 0 && tried.changes.length > 0,
  );
  const error = offer.error ?? apply.error;
  if (sites.length === 0) return <p className="dim">{t('sites.none')}</p>;
  return (
    <section aria-labelledby="template-sites">
      <h2 id="template-sites">{t('templates.sites')}</h2>
      <p className="dim template-about">{t('templates.sitesWhat')}</p>
      <ul className="template-sites">
        {sites.map((site) => (
          <li key={site.id}>
            <Checkbox
              label={<bdi>{site.name}</bdi>}
              checked={chosen.includes(site.id)}
              onChange={(event) => {
                const { checked } = event.currentTarget;
                setChosen((before) => (checked ? [...before, site.id] : before.filter((id) => id !== site.id)));
              }}
            />
          </li>
        ))}
      </ul>
      <div className="alarm-deeds">
        <Button
          variant="default"
          onClick={() => setChosen(chosen.length === sites.length ? [] : sites.map(({ id }) => id))}
        >
          {t('templates.all')}
        </Button>
        <Button
          loading={offer.isPending}
          disabled={chosen.length === 0}
          onClick={() => offer.mutate([...chosen], { onSuccess: () => setChosen([]) })}
        >
          {t('templates.try')}
        </Button>
        {ready.length > 1 && (
          <Button color="orange" loading={apply.isPending} onClick={() => apply.mutate(ready.map(({ id }) => id))}>
            {t('templates.applyAll', { count: ready.length })}
          </Button>
        )}
      </div>
      {error !== null && (
        <p className="red" role="alert">
          <Why error={error} />
        </p>
      )}
      {offers.map((each) => (
        <AtSite key={each.id} offer={each} isOld={each.digest !== template.digest} />
      ))}
    </section>
  );
}

/** One site: what the template would change there, and what became of it. */
function AtSite({ offer, isOld }: { offer: TemplateOffer; isOld: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const apply = useApplyTemplate();
  const restore = useRestoreTemplate();
  const { tried, state } = offer;
  const faulty = tried !== null && tried.faults.length > 0;
  const idle = state === 'tried' && !faulty && tried?.changes.length === 0;
  const error = apply.error ?? restore.error;
  return (
    <section className="template-site" data-template-site={offer.site} data-state={state}>
      <h3>
        <bdi>{offer.siteName}</bdi>
      </h3>
      <p className={state === 'refused' || faulty ? 'amber' : ''} role="status">
        {faulty && state === 'tried'
          ? t('templates.faulty')
          : idle
            ? t('templates.same')
            : t(`templates.state.${state}`)}
        {' · '}
        <time className="dim" dateTime={offer.changedAt}>
          {format.dateTime(Date.parse(offer.changedAt))}
        </time>
        {offer.confirmedBy !== '' && (
          <span className="dim">
            {' · '}
            <bdi>{offer.confirmedBy}</bdi>
          </span>
        )}
      </p>
      {offer.reason !== '' && (
        <p className="amber">
          <bdi lang="en" dir="ltr">
            {offer.reason}
          </bdi>
        </p>
      )}
      {isOld && <p className="dim">{t('templates.old')}</p>}
      {tried && (state === 'tried' || state === 'confirmed' || state === 'applied') && (
        <details open={state === 'tried'}>
          <summary>{t('templates.changes', { count: tried.changes.length + tried.more })}</summary>
          {faulty && <Faults faults={tried.faults} />}
          <div className="difference">
            <ul className="checks">
              {tried.changes.map((change) => (
                <Changed key={`${change.section}/${change.id}`} object={asChange(change)} />
              ))}
            </ul>
          </div>
          {tried.more > 0 && <p className="dim">{t('templates.more', { count: tried.more })}</p>}
          {tried.kept.map((kept) => (
            <p key={kept} className="dim small">
              <bdi lang="en" dir="ltr">
                {kept}
              </bdi>
            </p>
          ))}
        </details>
      )}
      {error !== null && (
        <p className="red" role="alert">
          <Why error={error} />
        </p>
      )}
      {!waits(state) && (
        <div className="alarm-deeds">
          {state === 'tried' && !faulty && !idle && (
            <Button loading={apply.isPending} onClick={() => apply.mutate([offer.id])}>
              {t('templates.apply')}
            </Button>
          )}
          {state === 'applied' && (
            <Button variant="default" loading={restore.isPending} onClick={() => restore.mutate(offer.id)}>
              {t('templates.restore')}
            </Button>
          )}
        </div>
      )}
    </section>
  );
}
