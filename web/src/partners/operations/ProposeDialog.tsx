import { Alert, Button, Modal, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../../api/clock';
import { Problem } from '../../api/problem';
import { usePreferences } from '../../i18n/preferences';
import { Said, Why } from '../../shell/Notice';
import { Zone } from '../../timeline/zone';
import { useRequestTerms } from '../requests/requests';
import { usePropose } from './operations';

/** Proposes a joint operation, from when to when and with whom. */
export default function ProposeDialog({ onClose }: { onClose: (made?: string) => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={() => onClose()}
      title={t('operations.propose')}
      size={560}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <ProposeForm onClose={onClose} />
    </Modal>
  );
}

function ProposeForm({ onClose }: { onClose: (made?: string) => void }) {
  const { t, i18n } = useTranslation();
  const { timeZone } = usePreferences();
  const [zone] = useState(() => new Zone(timeZone));
  const terms = useRequestTerms(i18n.language.slice(0, 2));
  const propose = usePropose();
  const [link, setLink] = useState('');
  const [words, setWords] = useState({ name: '', aim: '', place: '', legalBasis: '', members: '' });
  const [purpose, setPurpose] = useState('');
  const [now] = useState(() => nodeNow());
  const [start, setStart] = useState(() => zone.toLocalText(now));
  const [end, setEnd] = useState(() => zone.toLocalText(now + 6 * 3_600_000));
  const partners = terms.data ?? [];
  const partner = partners.find((each) => each.link === link) ?? partners[0];
  const chosenPurpose = purpose === '' ? (partner?.purposes[0]?.id ?? '') : purpose;
  const from = zone.fromLocalText(start);
  const to = zone.fromLocalText(end);
  const members = namesIn(words.members);
  const ready =
    partner !== undefined &&
    from !== null &&
    to !== null &&
    to > from &&
    members.length > 0 &&
    chosenPurpose !== '' &&
    [words.name, words.aim, words.legalBasis].every((text) => text.trim() !== '');
  const errors = propose.error instanceof Problem ? propose.error.errors : {};
  const field = (name: keyof typeof words, most: number, required = false) => ({
    label: t(`operations.${name}`),
    value: words[name],
    maxLength: most,
    required,
    dir: 'auto' as const,
    error: errors[name === 'name' ? 'title' : name]?.[0],
    onChange: (event: { currentTarget: { value: string } }) =>
      setWords({ ...words, [name]: event.currentTarget.value }),
  });

  if (terms.data && partners.length === 0) return <p>{t('requests.noPartner')}</p>;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!ready) return;
        propose.mutate(
          {
            link: partner.link,
            title: words.name.trim(),
            aim: words.aim.trim(),
            place: words.place.trim(),
            legalBasis: words.legalBasis.trim(),
            purpose: chosenPurpose,
            start: new Date(from).toISOString(),
            end: new Date(to).toISOString(),
            members,
          },
          { onSuccess: (made) => onClose(made.line.id) },
        );
      }}
    >
      <NativeSelect
        label={t('requests.partner')}
        value={partner?.link ?? ''}
        onChange={(event) => setLink(event.currentTarget.value)}
        data={partners.map((each) => ({ value: each.link, label: `${each.partner} · ${each.site}` }))}
      />
      <TextInput {...field('name', 200, true)} />
      <Textarea {...field('aim', 4000, true)} autosize minRows={2} />
      <TextInput {...field('place', 200)} />
      <TextInput {...field('legalBasis', 200, true)} />
      {partner && partner.purposes.length > 0 ? (
        <NativeSelect
          label={t('requests.purpose')}
          value={chosenPurpose}
          onChange={(event) => setPurpose(event.currentTarget.value)}
          data={partner.purposes.map(({ id, text }) => ({ value: id, label: text }))}
        />
      ) : (
        <TextInput
          label={t('requests.purpose')}
          required
          value={purpose}
          maxLength={100}
          onChange={(event) => setPurpose(event.currentTarget.value)}
        />
      )}
      <TextInput
        type="datetime-local"
        step={1}
        label={t('operations.start')}
        value={start}
        onChange={(event) => setStart(event.currentTarget.value)}
      />
      <TextInput
        type="datetime-local"
        step={1}
        label={t('operations.end')}
        description={t('operations.endHint')}
        value={end}
        onChange={(event) => setEnd(event.currentTarget.value)}
      />
      <Textarea {...field('members', 4000, true)} description={t('operations.membersHint')} autosize minRows={2} />
      {propose.error instanceof Problem && propose.error.status === 409 ? (
        <Alert color="red" variant="light" title={t('requests.beyond')}>
          <Said text={propose.error.detail} />
        </Alert>
      ) : (
        propose.isError &&
        Object.keys(errors).length === 0 && (
          <p className="red" role="alert">
            <Why error={propose.error} />
          </p>
        )
      )}
      <div className="form-end">
        <Button variant="default" onClick={() => onClose()}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" disabled={!ready} loading={propose.isPending}>
          {t('operations.propose')}
        </Button>
      </div>
    </form>
  );
}

/** One a line, or separated by commas. */
export const namesIn = (text: string): string[] =>
  text
    .split(/[,،\n]/)
    .map((name) => name.trim())
    .filter(Boolean);
