import { Alert, Button, Modal, NativeSelect, NumberInput, Textarea, TextInput } from '@mantine/core';
import { IconLink } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { approvalOf } from '../api/approvalOf';
import { Problem } from '../api/problem';
import type { PurposeInput } from '../api/types';
import { ApprovalNeeded } from '../approvals/ApprovalNeeded';
import { usePurposes } from '../approvals/purpose';
import { isComplete, PurposeFields } from '../approvals/PurposeFields';
import { usePackages } from '../evidence/packages';
import { useFormat } from '../i18n/format';
import { ShownOnce } from '../identity/ShownOnce';
import { Why } from '../shell/Notice';
import { linkOf, useCreateRelease } from './releases';

/** Hands a finished package to somebody outside: to whom, on what ground, for how long. The link is shown once. */
export default function ReleaseDialog({ given, onClose }: { given: string; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('disclosures.add')}
      size={520}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <ReleaseForm given={given} onClose={onClose} />
    </Modal>
  );
}

function ReleaseForm({ given, onClose }: { given: string; onClose: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const packages = usePackages();
  const finished = (packages.data ?? []).filter(({ state }) => state === 'ready');
  const purposes = usePurposes();
  const asked = purposes.data?.askedFor.includes('export') ?? false;
  const [chosen, setChosen] = useState(given);
  const [recipient, setRecipient] = useState('');
  const [organisation, setOrganisation] = useState('');
  const [legalBasis, setLegalBasis] = useState('');
  const [note, setNote] = useState('');
  const [days, setDays] = useState<number | string>(7);
  const [chosenPurpose, setPurpose] = useState<PurposeInput | null>(null);
  const create = useCreateRelease();

  const found = finished.find(({ id }) => id === chosen);
  const purpose: PurposeInput = chosenPurpose ?? {
    purpose: found?.purpose ?? purposes.data?.current?.purpose ?? '',
    reference: found?.reference ?? purposes.data?.current?.reference ?? '',
  };
  const ready =
    found !== undefined &&
    [recipient, organisation, legalBasis].every((text) => text.trim() !== '') &&
    typeof days === 'number' &&
    purposes.data !== undefined &&
    (!asked || isComplete(purposes.data, purpose));
  const errors = create.error instanceof Problem ? create.error.errors : {};

  if (create.data) {
    const link = linkOf(create.data.token);
    return (
      <div className="form" data-released={create.data.release.id}>
        <Alert color="yellow" variant="light" icon={<IconLink size={18} />} title={t('disclosures.linkTitle')}>
          {t('disclosures.linkText')}
        </Alert>
        <ShownOnce label={t('disclosures.link')} text={link} />
        <div className="form-end">
          <Button onClick={onClose}>{t('app.close')}</Button>
        </div>
      </div>
    );
  }
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!ready || typeof days !== 'number') return;
        create.mutate({
          package: chosen,
          recipient: recipient.trim(),
          organisation: organisation.trim(),
          legalBasis: legalBasis.trim(),
          note: note.trim(),
          days,
          ...(asked && { purpose }),
        });
      }}
    >
      <NativeSelect
        label={t('disclosures.package')}
        description={packages.data && finished.length === 0 ? t('disclosures.noPackage') : undefined}
        required
        value={chosen}
        onChange={(event) => setChosen(event.currentTarget.value)}
        data={[
          { value: '', label: t('disclosures.choose'), disabled: true },
          ...finished.map(({ id, title, created }) => ({
            value: id,
            label: `${title} · ${format.dateTime(Date.parse(created))}`,
          })),
        ]}
        error={errors.package?.[0]}
      />
      <TextInput
        label={t('disclosures.recipient')}
        description={t('disclosures.recipientHint')}
        required
        maxLength={200}
        dir="auto"
        value={recipient}
        onChange={(event) => setRecipient(event.currentTarget.value)}
        error={errors.recipient?.[0]}
      />
      <TextInput
        label={t('disclosures.organisation')}
        required
        maxLength={200}
        dir="auto"
        value={organisation}
        onChange={(event) => setOrganisation(event.currentTarget.value)}
        error={errors.organisation?.[0]}
      />
      <TextInput
        label={t('disclosures.legalBasis')}
        description={t('disclosures.legalBasisHint')}
        required
        maxLength={500}
        dir="auto"
        value={legalBasis}
        onChange={(event) => setLegalBasis(event.currentTarget.value)}
        error={errors.legalBasis?.[0]}
      />
      <Textarea
        label={t('disclosures.note')}
        maxLength={1000}
        dir="auto"
        autosize
        minRows={2}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
        error={errors.note?.[0]}
      />
      <NumberInput
        label={t('disclosures.days')}
        min={1}
        max={365}
        allowDecimal={false}
        value={days}
        onChange={setDays}
        error={errors.days?.[0]}
      />
      {asked && purposes.data && <PurposeFields purposes={purposes.data} value={purpose} onChange={setPurpose} />}
      {found && !found.encrypted && <p className="dim">{t('disclosures.notEncrypted')}</p>}
      <ApprovalNeeded error={create.error} />
      {create.isError && approvalOf(create.error) === null && Object.keys(errors).length === 0 && (
        <p className="red" role="alert">
          <Why error={create.error} />
        </p>
      )}
      <div className="form-end">
        <Button variant="default" onClick={onClose}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" disabled={!ready} loading={create.isPending}>
          {t('disclosures.add')}
        </Button>
      </div>
    </form>
  );
}
