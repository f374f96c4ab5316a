import { Alert, Button, Checkbox, Modal, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../../api/clock';
import { Problem } from '../../api/problem';
import { usePreferences } from '../../i18n/preferences';
import { Said, Why } from '../../shell/Notice';
import { Zone } from '../../timeline/zone';
import { Attachments } from './Attachments';
import {
  kinds,
  urgencies,
  useAsk,
  useRequestTerms,
  type RequestFile,
  type RequestKind,
  type Urgency,
} from './requests';

/** Asks a partner for something. What the agreement doesn't foresee isn't sent, and the node says which clause decided. */
export default function AskDialog({ onClose }: { onClose: (made?: string) => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={() => onClose()}
      title={t('requests.ask')}
      size={560}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <AskForm onClose={onClose} />
    </Modal>
  );
}

function AskForm({ onClose }: { onClose: (made?: string) => void }) {
  const { t, i18n } = useTranslation();
  const { timeZone } = usePreferences();
  const [zone] = useState(() => new Zone(timeZone));
  const terms = useRequestTerms(i18n.language.slice(0, 2));
  const ask = useAsk();
  const [link, setLink] = useState('');
  const [kind, setKind] = useState<RequestKind>('information');
  const [urgency, setUrgency] = useState<Urgency>('routine');
  const [words, setWords] = useState({
    subject: '',
    text: '',
    legalBasis: '',
    person: '',
    reference: '',
    site: '',
    cameras: '',
  });
  const [purpose, setPurpose] = useState('');
  const [category, setCategory] = useState('');
  const [rescue, setRescue] = useState(false);
  // They are for one partner: with another they begin anew.
  const [attached, setAttached] = useState<{ link: string; files: RequestFile[] }>({ link: '', files: [] });
  const [now] = useState(() => nodeNow());
  const [from, setFrom] = useState(() => zone.toLocalText(now - 3_600_000));
  const [to, setTo] = useState(() => zone.toLocalText(now));

  const partners = terms.data ?? [];
  const partner = partners.find((each) => each.link === link) ?? partners[0];
  const hours = partner?.kinds.find((each) => each.kind === kind);
  const aboutFootage = kind === 'footage' || kind === 'holdFootage' || kind === 'liveAssistance';
  const begin = zone.fromLocalText(from);
  const end = zone.fromLocalText(to);
  const chosenPurpose = purpose === '' ? (partner?.purposes[0]?.id ?? '') : purpose;
  const files = attached.link === partner?.link ? attached.files : [];
  const ready =
    hours !== undefined &&
    chosenPurpose !== '' &&
    [words.subject, words.text, words.legalBasis].every((text) => text.trim() !== '') &&
    (!aboutFootage || (begin !== null && end !== null && end > begin));
  const errors = ask.error instanceof Problem ? ask.error.errors : {};
  const field = (name: keyof typeof words, most: number, required = false) => ({
    label: t(`requests.${name}`),
    value: words[name],
    maxLength: most,
    required,
    dir: 'auto' as const,
    error: errors[name]?.[0],
    onChange: (event: { currentTarget: { value: string } }) =>
      setWords({ ...words, [name]: event.currentTarget.value }),
  });

  if (terms.data && partners.length === 0) return <p>{t('requests.noPartner')}</p>;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!ready || !partner) return;
        ask.mutate(
          {
            link: partner.link,
            kind,
            urgency,
            subject: words.subject.trim(),
            text: words.text.trim(),
            legalBasis: words.legalBasis.trim(),
            purpose: chosenPurpose,
            ...(category !== '' && { category }),
            person: words.person.trim(),
            reference: words.reference.trim(),
            rescue,
            files: files.map(({ id }) => id),
            ...(aboutFootage &&
              begin !== null &&
              end !== null && {
                footage: {
                  site: words.site.trim(),
                  cameras: words.cameras
                    .split(/[,،\n]/)
                    .map((name) => name.trim())
                    .filter(Boolean),
                  from: new Date(begin).toISOString(),
                  to: new Date(end).toISOString(),
                },
              }),
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
      <NativeSelect
        label={t('requests.kindIs')}
        value={kind}
        onChange={(event) => setKind(kinds.find((each) => each === event.currentTarget.value) ?? kind)}
        data={kinds.map((each) => ({
          value: each,
          label: t(`requests.kind.${each}`),
          disabled: partner?.kinds.every((agreed) => agreed.kind !== each) ?? true,
        }))}
      />
      {partner && hours === undefined && (
        <Alert color="yellow" variant="light">
          {t('requests.notForeseen')}
        </Alert>
      )}
      <NativeSelect
        label={t('requests.urgencyIs')}
        value={urgency}
        onChange={(event) => setUrgency(urgencies.find((each) => each === event.currentTarget.value) ?? urgency)}
        data={urgencies.map((each) => ({
          value: each,
          label: hours
            ? t('requests.within', { urgency: t(`requests.urgency.${each}`), count: hours[each] })
            : t(`requests.urgency.${each}`),
        }))}
      />
      <TextInput {...field('subject', 200, true)} />
      <Textarea {...field('text', 4000, true)} autosize minRows={3} />
      <TextInput {...field('legalBasis', 300, true)} />
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
      {partner && partner.categories.length > 0 && (
        <NativeSelect
          label={t('requests.category')}
          value={category}
          onChange={(event) => setCategory(event.currentTarget.value)}
          data={[
            { value: '', label: t('requests.noCategory') },
            ...partner.categories.map(({ id, text }) => ({ value: id, label: text })),
          ]}
        />
      )}
      <TextInput {...field('person', 300)} description={t('requests.personHint')} />
      <TextInput {...field('reference', 300)} />
      {aboutFootage && (
        <>
          <TextInput {...field('site', 300)} />
          <TextInput {...field('cameras', 2000)} description={t('requests.camerasHint')} />
          <TextInput
            type="datetime-local"
            step={1}
            label={t('requests.footageFrom')}
            value={from}
            onChange={(event) => setFrom(event.currentTarget.value)}
          />
          <TextInput
            type="datetime-local"
            step={1}
            label={t('requests.footageTo')}
            value={to}
            onChange={(event) => setTo(event.currentTarget.value)}
          />
        </>
      )}
      {partner && (
        <Attachments
          link={partner.link}
          files={files}
          onChange={(next) => setAttached({ link: partner.link, files: next })}
        />
      )}
      <Checkbox
        label={t('requests.rescueIs')}
        checked={rescue}
        onChange={(event) => setRescue(event.currentTarget.checked)}
      />
      {ask.error instanceof Problem && ask.error.status === 409 && (
        <Alert color="red" variant="light" title={t('requests.beyond')}>
          <Said text={ask.error.detail} />
        </Alert>
      )}
      {ask.isError &&
        !(ask.error instanceof Problem && ask.error.status === 409) &&
        Object.keys(errors).length === 0 && (
          <p className="red" role="alert">
            <Why error={ask.error} />
          </p>
        )}
      <div className="form-end">
        <Button variant="default" onClick={() => onClose()}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" disabled={!ready} loading={ask.isPending}>
          {t('requests.send')}
        </Button>
      </div>
    </form>
  );
}
