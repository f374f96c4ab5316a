import { Button, Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Why } from '../shell/Notice';
import { useFromCentre, useSwitchFromCentre, useTakeBack } from './templates';
import './sites.css';

/** At a site: whether templates of its centre are taken, and those that came. */
export default function FromCentre() {
  const { t } = useTranslation();
  const format = useFormat();
  const from = useFromCentre();
  const rule = useSwitchFromCentre();
  const back = useTakeBack();
  const error = rule.error ?? back.error;
  if (!from.data) return null;
  return (
    <section aria-labelledby="from-centre" className="from-centre">
      <h2 id="from-centre">{t('templates.fromCentre')}</h2>
      <p className="dim">{t('templates.fromCentreWhat')}</p>
      <Switch
        label={t('templates.accepts')}
        checked={from.data.accepts}
        disabled={rule.isPending}
        onChange={(event) => rule.mutate(event.currentTarget.checked)}
      />
      {error !== null && (
        <p className="red" role="alert">
          <Why error={error} />
        </p>
      )}
      {from.data.templates.map(({ id, name, state, reason, offeredBy, changedAt, text }) => (
        <details key={id} data-from-centre={state}>
          <summary>
            <bdi>{name}</bdi>
            {' · '}
            {t(`templates.state.${state}`)}
            <span className="dim small">
              {' · '}
              <bdi>{offeredBy}</bdi>
              {' · '}
              <time dateTime={changedAt}>{format.dateTime(Date.parse(changedAt))}</time>
            </span>
          </summary>
          {reason !== '' && (
            <p className="amber">
              <bdi lang="en" dir="ltr">
                {reason}
              </bdi>
            </p>
          )}
          <pre className="code small" dir="ltr">
            {text}
          </pre>
          {state === 'applied' && (
            <Button variant="default" loading={back.isPending} onClick={() => back.mutate(id)}>
              {t('templates.restore')}
            </Button>
          )}
        </details>
      ))}
    </section>
  );
}
