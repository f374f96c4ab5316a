import { Button, Modal, SegmentedControl, Skeleton, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { useMay } from '../../identity/session';
import { Failure, Said, Why } from '../../shell/Notice';
import { follow, go, setQuery } from '../../shell/route';
import { toast } from '../../shell/toast';
import { Duration, StateBadge } from './AgreementsRoom';
import {
  documentUrl,
  fetchOdrl,
  nameOf,
  useAgreement,
  useDenounce,
  useRemove,
  useSign,
  type AgreementEntry,
  type AgreementPage,
  type Which,
} from './agreements';
import { WhatIf } from './WhatIf';

const languages = [
  { value: 'en', label: 'English' },
  { value: 'es', label: 'Español' },
  { value: 'fr', label: 'Français' },
  { value: 'ar', label: 'العربية' },
];

type Asking = 'sign' | 'denounce' | 'remove' | 'odrl';

/** One version as a page in any of the four languages, with what differs from the one before and what it would allow. */
export function AgreementView({ which }: { which: Which }) {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const [language, setLanguage] = useState(i18n.language.slice(0, 2));
  const [asking, setAsking] = useState<Asking | null>(null);
  const found = useAgreement(which, language);
  const manages = may('manageLinks');

  if (found.isError && !found.data) {
    return (
      <Failure title={t('agreements.gone')} error={found.error}>
        <Button variant="default" onClick={() => go('/partners/agreements')}>
          {t('agreements.all')}
        </Button>
      </Failure>
    );
  }
  if (!found.data) return <Skeleton height={320} />;
  const page = found.data;
  const { agreement } = page;
  const signable = agreement.state === 'draft' || agreement.state === 'received';
  const binds = agreement.state === 'binding' || agreement.state === 'inForce';
  return (
    <>
      <p>
        <a href="/partners/agreements" onClick={follow}>
          {t('agreements.all')}
        </a>
      </p>
      <div className="page-head agreement-head">
        <h1>
          <bdi>{agreement.title}</bdi>
        </h1>
        <StateBadge agreement={agreement} />
        <span className="grow" />
        {manages && signable && (
          <Button onClick={() => setAsking('sign')}>
            {t(agreement.state === 'draft' ? 'agreements.signOffer' : 'agreements.countersign')}
          </Button>
        )}
        {manages && agreement.state === 'draft' && (
          <>
            <Button variant="default" onClick={() => setQuery({ draft: nameOf(which) })}>
              {t('agreements.edit')}
            </Button>
            <Button variant="default" color="red" onClick={() => setAsking('remove')}>
              {t('agreements.remove')}
            </Button>
          </>
        )}
        {manages && binds && (
          <>
            <Button variant="default" onClick={() => setQuery({ draft: nameOf(which) })}>
              {t('agreements.next')}
            </Button>
            {agreement.denouncedBy == null && (
              <Button variant="default" color="red" onClick={() => setAsking('denounce')}>
                {t('agreements.denounce')}
              </Button>
            )}
          </>
        )}
      </div>
      <Facts page={page} which={which} onOdrl={() => setAsking('odrl')} />
      {page.before != null && <Changes page={page} language={language} />}
      <WhatIf which={which} page={page} language={i18n.language.slice(0, 2)} />
      <div className="agreement-languages">
        <h2>{t('agreements.text')}</h2>
        <SegmentedControl
          size="xs"
          aria-label={t('agreements.language')}
          value={language}
          onChange={setLanguage}
          data={languages}
        />
      </div>
      <article className="agreement-text" lang={language} dir={page.isRightToLeft ? 'rtl' : 'ltr'}>
        {page.sections.map((section) => (
          <section key={section.heading}>
            <h3>{section.heading}</h3>
            {section.entries.map((entry) => (
              <Entry key={entry.key} entry={entry} />
            ))}
          </section>
        ))}
      </article>
      {asking === 'sign' && <SignDialog page={page} which={which} onClose={() => setAsking(null)} />}
      {asking === 'denounce' && <DenounceDialog page={page} which={which} onClose={() => setAsking(null)} />}
      {asking === 'remove' && <RemoveDialog which={which} onClose={() => setAsking(null)} />}
      {asking === 'odrl' && <OdrlDialog which={which} onClose={() => setAsking(null)} />}
    </>
  );
}

function Entry({ entry }: { entry: AgreementEntry }) {
  return (
    <div className="agreement-entry">
      {(entry.number !== '' || entry.text !== '') && (
        <p className="agreement-own">
          {entry.number !== '' && <bdi className="agreement-number">{entry.number}</bdi>} <bdi>{entry.text}</bdi>
        </p>
      )}
      {entry.sentences.map((sentence) => (
        <p key={sentence}>
          <bdi>{sentence}</bdi>
        </p>
      ))}
    </div>
  );
}

function Facts({ page, which, onOdrl }: { page: AgreementPage; which: Which; onOdrl: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { agreement } = page;
  return (
    <dl className="agreement-facts">
      <dt>{t('agreements.partner')}</dt>
      <dd>
        <bdi>{agreement.other}</bdi>
      </dd>
      <dt>{t('agreements.time')}</dt>
      <dd>
        {t('agreements.version', { number: agreement.version })} · <Duration agreement={agreement} />
      </dd>
      <dt>{t('agreements.signatures')}</dt>
      <dd>
        {agreement.signatures.length === 0
          ? t('agreements.unsigned')
          : format.list(agreement.signatures.map((name) => `\u2068${name}\u2069`))}
        {agreement.signedBy != null && agreement.signed != null && (
          <div className="dim small">
            {t('agreements.signedHere')} <bdi>{agreement.signedBy}</bdi> ·{' '}
            {format.dateTime(Date.parse(agreement.signed))}
          </div>
        )}
      </dd>
      <dt>SHA-256</dt>
      <dd>
        <code dir="ltr" className="agreement-digest">
          {agreement.digest}
        </code>
        <div className="small">
          <a href={documentUrl(which)} download>
            {t('agreements.download')}
          </a>{' '}
          ·{' '}
          <button type="button" className="agreement-link" onClick={onOdrl}>
            {t('agreements.odrl')}
          </button>
        </div>
      </dd>
    </dl>
  );
}

function Changes({ page, language }: { page: AgreementPage; language: string }) {
  const { t } = useTranslation();
  return (
    <section className="agreement-changes">
      <h2>{t('agreements.changes', { number: page.before ?? 0 })}</h2>
      {page.changes.length === 0 && <p className="dim">{t('agreements.same')}</p>}
      {page.changes.map((change) => (
        <div key={change.after?.key ?? change.before?.key} className="agreement-change">
          <Side title={t('agreements.before')} entry={change.before} language={language} page={page} />
          <Side title={t('agreements.after')} entry={change.after} language={language} page={page} />
        </div>
      ))}
    </section>
  );
}

function Side(props: { title: string; entry?: AgreementEntry | null; language: string; page: AgreementPage }) {
  const { t } = useTranslation();
  return (
    <div>
      <p className="dim small">{props.title}</p>
      {props.entry == null ? (
        <p className="dim">{t('agreements.notThere')}</p>
      ) : (
        <div lang={props.language} dir={props.page.isRightToLeft ? 'rtl' : 'ltr'}>
          <Entry entry={props.entry} />
        </div>
      )}
    </div>
  );
}

function SignDialog({ page, which, onClose }: { page: AgreementPage; which: Which; onClose: () => void }) {
  const { t } = useTranslation();
  const sign = useSign();
  const binds = page.agreement.state === 'received';
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('agreements.signTitle')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <p>{t(binds ? 'agreements.countersignText' : 'agreements.signText', { name: page.agreement.other })}</p>
      <p>
        <code dir="ltr" className="agreement-digest">
          {page.agreement.digest}
        </code>
      </p>
      {sign.isError && (
        <p role="alert" className="red">
          <Why error={sign.error} />
        </p>
      )}
      <Button
        fullWidth
        loading={sign.isPending}
        onClick={() =>
          sign.mutate(
            { which, digest: page.agreement.digest },
            {
              onSuccess: () => {
                toast(t(binds ? 'agreements.bound' : 'agreements.offered'));
                onClose();
              },
            },
          )
        }
      >
        {t(binds ? 'agreements.countersign' : 'agreements.signOffer')}
      </Button>
    </Modal>
  );
}

function DenounceDialog({ page, which, onClose }: { page: AgreementPage; which: Which; onClose: () => void }) {
  const { t } = useTranslation();
  const denounce = useDenounce();
  const [reason, setReason] = useState('');
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('agreements.denounceTitle')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <p>{t('agreements.denounceText', { name: page.agreement.other })}</p>
      <Textarea
        label={t('agreements.reason')}
        value={reason}
        maxLength={400}
        autosize
        minRows={2}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {denounce.isError && (
        <p role="alert" className="red">
          <Why error={denounce.error} />
        </p>
      )}
      <Button
        fullWidth
        mt="md"
        color="red"
        loading={denounce.isPending}
        disabled={reason.trim() === ''}
        onClick={() => denounce.mutate({ which, reason }, { onSuccess: onClose })}
      >
        {t('agreements.denounce')}
      </Button>
    </Modal>
  );
}

function RemoveDialog({ which, onClose }: { which: Which; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemove();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('agreements.removeTitle')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <p>{t('agreements.removeText')}</p>
      {remove.isError && (
        <p role="alert" className="red">
          <Why error={remove.error} />
        </p>
      )}
      <Button
        fullWidth
        color="red"
        loading={remove.isPending}
        onClick={() => remove.mutate(which, { onSuccess: () => go('/partners/agreements', { replace: true }) })}
      >
        {t('agreements.remove')}
      </Button>
    </Modal>
  );
}

function OdrlDialog({ which, onClose }: { which: Which; onClose: () => void }) {
  const { t } = useTranslation();
  const [state, setState] = useState<{ lost?: readonly string[]; error?: unknown }>({});
  const fetchIt = () =>
    void fetchOdrl(which).then(
      ({ policy, lost }) => {
        const address = URL.createObjectURL(new Blob([policy], { type: 'application/ld+json' }));
        const link = document.createElement('a');
        link.href = address;
        link.download = `${which.id}-${which.version}.odrl.json`;
        link.click();
        URL.revokeObjectURL(address);
        setState({ lost });
      },
      (error: unknown) => setState({ error }),
    );
  return (
    <Modal opened onClose={onClose} title="ODRL" size={560} closeButtonProps={{ 'aria-label': t('app.close') }}>
      <p>{t('agreements.odrlText')}</p>
      {state.error !== undefined && (
        <p role="alert" className="red">
          <Why error={state.error} />
        </p>
      )}
      {state.lost !== undefined && (
        <>
          <p>{t('agreements.lost')}</p>
          <ul>
            {state.lost.map((sentence) => (
              <li key={sentence}>
                <Said text={sentence} />
              </li>
            ))}
          </ul>
        </>
      )}
      <Button fullWidth onClick={fetchIt}>
        {t('agreements.downloadOdrl')}
      </Button>
    </Modal>
  );
}
