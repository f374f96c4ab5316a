import { Alert, Button, FileButton } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconDownload, IconFileCode } from '@tabler/icons-react';
import { lazy, Suspense, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { withWords } from '../i18n';
import { Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { Changed, Faults } from './Changed';
import { countKinds, faultsOf } from './difference';
import { configurationUrl, useApply, useCompare, type Comparison } from './exchange';

// Of use at a site with a centre alone, with words of its own.
const FromCentre = lazy(() => withWords('partners', import('../sites/FromCentre')));

/** All that is set in these rooms as one text: taken out, compared with what is in force, and taken back. */
export default function ConfigurationRoom() {
  const { t } = useTranslation();
  const compare = useCompare();
  const apply = useApply();
  const reset = useRef<() => void>(null);
  const [name, setName] = useState('');
  const comparison = compare.data;

  const choose = (file: File | null) => {
    // The same file may be chosen again once it was mended.
    reset.current?.();
    if (!file) return;
    setName(file.name);
    apply.reset();
    compare.mutate(file);
  };

  return (
    <div className="page configuration">
      <div className="page-head">
        <h1>{t('configuration.title')}</h1>
      </div>
      <p className="dim">{t('configuration.what')}</p>

      <section aria-labelledby="take-out">
        <h2 id="take-out">{t('configuration.out')}</h2>
        <p className="dim">{t('configuration.outWhat')}</p>
        <Button
          component="a"
          href={configurationUrl}
          download
          variant="default"
          leftSection={<IconDownload size={16} />}
        >
          {t('configuration.save')}
        </Button>
      </section>

      <section aria-labelledby="take-in">
        <h2 id="take-in">{t('configuration.in')}</h2>
        <p className="dim">{t('configuration.inWhat')}</p>
        <FileButton accept=".yaml,.yml,application/yaml" resetRef={reset} onChange={choose}>
          {(props) => (
            <Button {...props} leftSection={<IconFileCode size={16} />} loading={compare.isPending}>
              {t('configuration.choose')}
            </Button>
          )}
        </FileButton>
        {compare.isError && <Refused name={name} error={compare.error} />}
        {comparison && !apply.isSuccess && (
          <Difference
            comparison={comparison}
            busy={apply.isPending}
            error={apply.error}
            onApply={() => apply.mutate(comparison, { onSuccess: () => toast(t('configuration.applied')) })}
            onLeave={compare.reset}
          />
        )}
        {apply.isSuccess && (
          <p className="state configuration-done" role="status">
            <IconCheck size={16} aria-hidden />
            {t('configuration.applied')}
          </p>
        )}
      </section>
      <Suspense>
        <FromCentre />
      </Suspense>
    </div>
  );
}

function Refused({ name, error }: { name: string; error: unknown }) {
  const { t } = useTranslation();
  const faults = faultsOf(error);
  return (
    <Alert
      color="red"
      variant="light"
      role="alert"
      icon={<IconAlertTriangle size={18} />}
      title={t('configuration.refused', { name })}
      mt={16}
    >
      {faults.length === 0 ? <Why error={error} /> : <Faults faults={faults} />}
    </Alert>
  );
}

function Difference(props: {
  comparison: Comparison;
  busy: boolean;
  error: unknown;
  onApply: () => void;
  onLeave: () => void;
}) {
  const { t } = useTranslation();
  const { name, change } = props.comparison;
  const counts = countKinds(change.changes);
  if (change.changes.length === 0)
    return (
      <p className="state configuration-done" role="status">
        <IconCheck size={16} aria-hidden />
        {t('configuration.same', { name })}
      </p>
    );
  return (
    <div className="difference">
      <h3 role="status">{t('configuration.differs', { name })}</h3>
      <ul className="checks">
        {change.changes.map((object) => (
          <Changed key={`${object.section}/${object.id}`} object={object} />
        ))}
      </ul>
      {counts.removed > 0 && (
        <p className="state amber">
          <IconAlertTriangle size={16} aria-hidden />
          {t('configuration.removes', { count: counts.removed })}
        </p>
      )}
      {props.error !== null && props.error !== undefined && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('configuration.failed')}>
          <Why error={props.error} />
        </Alert>
      )}
      <div className="form-end">
        <Button variant="default" onClick={props.onLeave}>
          {t('app.cancel')}
        </Button>
        <Button {...(counts.removed > 0 && { color: 'red' })} loading={props.busy} onClick={props.onApply}>
          {t('configuration.apply', { count: change.changes.length })}
        </Button>
      </div>
    </div>
  );
}
