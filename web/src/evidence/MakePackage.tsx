import { ActionIcon, Alert, Button, Checkbox, Modal, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconPackage, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { approvalOf } from '../api/approvalOf';
import { nodeNow } from '../api/clock';
import { Problem } from '../api/problem';
import type { Camera, PackageInput, PackageLanguage, PurposeInput } from '../api/types';
import { ApprovalNeeded } from '../approvals/ApprovalNeeded';
import { usePurposes } from '../approvals/purpose';
import { isComplete, PurposeFields } from '../approvals/PurposeFields';
import { useFormat } from '../i18n/format';
import { usePreferences } from '../i18n/preferences';
import { Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { Zone } from '../timeline/zone';
import { rememberAsked } from './asked';
import './evidence.css';
import { useMakePackage } from './packages';
import { joined, type Stretch } from './stretches';

/** What the dialog begins with. */
export interface PackageDraft {
  title: string;
  incident: string | null;
  stretches: Stretch[];
  /** Of one that a second person agreed to: it must be the same to the letter. */
  asked?: PackageInput;
  /** Id of a finished release copy that it holds beside the stretches. */
  copy?: string;
}

const languages: { value: PackageLanguage; label: string }[] = [
  { value: 'es', label: 'Español' },
  { value: 'fr', label: 'Français' },
  { value: 'ar', label: 'العربية' },
  { value: 'en', label: 'English' },
];

const recipient = /^age1[02-9ac-hj-np-z]{58}$/;

/** A row of the form: what its fields hold, and what they mean. */
interface Line {
  key: number;
  camera: string;
  stream: Stretch['stream'];
  from: { text: string; ms: number | null };
  to: { text: string; ms: number | null };
}

interface Props {
  cameras: Camera[];
  draft: PackageDraft;
  onClose: () => void;
}

export default function MakePackage(props: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t('packages.make')}
      size={760}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <PackageForm {...props} />
    </Modal>
  );
}

function PackageForm({ cameras, draft, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { language: own } = usePreferences();
  const zone = useMemo(() => new Zone(format.timeZone), [format.timeZone]);
  const edge = (ms: number) => ({ ms, text: zone.toLocalText(ms) });
  const [lines, setLines] = useState<Line[]>(() =>
    draft.stretches.map(({ camera, stream, from, to }, key) => ({
      key,
      camera,
      stream,
      from: edge(from),
      to: edge(to),
    })),
  );
  const [title, setTitle] = useState(draft.title);
  const [language, setLanguage] = useState<PackageLanguage>(draft.asked?.language ?? own);
  const [masked, setMasked] = useState(draft.asked?.masked ?? false);
  const [recipients, setRecipients] = useState((draft.asked?.recipients ?? []).join('\n'));
  const purposes = usePurposes();
  const asked = purposes.data?.askedFor.includes('export') ?? false;
  const [chosenPurpose, setPurpose] = useState<PurposeInput | null>(draft.asked?.purpose ?? null);
  const purpose: PurposeInput = chosenPurpose ?? {
    purpose: purposes.data?.current?.purpose ?? '',
    reference: purposes.data?.current?.reference ?? '',
  };
  const make = useMakePackage();

  const keysGiven = recipients.split(/\s+/).filter(Boolean);
  const badKey = keysGiven.find((key) => !recipient.test(key));
  const stretches = lines.flatMap(({ camera, stream, from, to }): Stretch[] =>
    from.ms !== null && to.ms !== null && to.ms > from.ms ? [{ camera, stream, from: from.ms, to: to.ms }] : [],
  );
  const future = lines.some(({ to }) => to.ms !== null && to.ms > nodeNow() + 1000);
  const whole = joined(stretches);
  const ready =
    title.trim() !== '' &&
    (lines.length > 0 || draft.copy !== undefined) &&
    stretches.length === lines.length &&
    !future &&
    badKey === undefined &&
    purposes.data !== undefined &&
    (!asked || isComplete(purposes.data, purpose));

  const change = (key: number, patch: Partial<Line>) =>
    setLines((before) => before.map((line) => (line.key === key ? { ...line, ...patch } : line)));
  const add = () =>
    setLines((before) => {
      const last = before.at(-1);
      const used = new Set(before.map(({ camera }) => camera));
      const camera = (cameras.find(({ id }) => !used.has(id)) ?? cameras[0])?.id ?? '';
      const now = Math.floor(nodeNow() / 1000) * 1000;
      return [
        ...before,
        {
          key: (last?.key ?? 0) + 1,
          camera,
          stream: 'main',
          from: last?.from ?? edge(now - 360_000),
          to: last?.to ?? edge(now - 60_000),
        },
      ];
    });
  const streamOf = (camera: string, wanted: Stretch['stream']): Stretch['stream'] => {
    const record = cameras.find(({ id }) => id === camera)?.record;
    return record === 'both' ? wanted : record === 'sub' ? 'sub' : 'main';
  };

  const submit = () => {
    const body: PackageInput = {
      title: title.trim(),
      ...(draft.incident !== null && { incident: draft.incident }),
      stretches: [
        ...(draft.copy === undefined ? [] : [{ redaction: draft.copy }]),
        ...whole.map(({ camera, stream, from, to }) => ({
          camera,
          stream,
          from: new Date(from).toISOString(),
          to: new Date(to).toISOString(),
        })),
      ],
      ...(masked && { masked }),
      ...(keysGiven.length > 0 && { recipients: keysGiven }),
      language,
      ...(asked && { purpose }),
    };
    make.mutate(body, {
      onSuccess: () => {
        toast(t('packages.started'));
        onClose();
      },
      onError: (error) => {
        const needed = approvalOf(error);
        if (needed && needed.approval.state !== 'refused') rememberAsked(needed.approval.id, body);
      },
    });
  };
  const fieldErrors = make.error instanceof Problem ? Object.entries(make.error.errors) : [];

  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) submit();
      }}
    >
      <p className="dim">{t('packages.about')}</p>
      <TextInput
        label={t('packages.title')}
        description={t('packages.titleHint')}
        required
        maxLength={200}
        dir="auto"
        value={title}
        data-autofocus
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      <fieldset className="package-stretches">
        <legend>{t('packages.footage')}</legend>
        {draft.copy !== undefined && <p data-copy={draft.copy}>{t('packages.copy')}</p>}
        {lines.map((line) => {
          const chosen = cameras.find(({ id }) => id === line.camera);
          const isOrdered = line.from.ms !== null && line.to.ms !== null && line.to.ms > line.from.ms;
          const name = chosen?.name ?? line.camera;
          return (
            <div key={line.key} className="package-stretch" data-stretch={line.camera}>
              <NativeSelect
                label={t('export.camera')}
                value={`${line.camera} ${line.stream}`}
                onChange={(event) => {
                  const [camera = '', stream] = event.currentTarget.value.split(' ');
                  change(line.key, { camera, stream: streamOf(camera, stream === 'sub' ? 'sub' : 'main') });
                }}
                data={choicesOf(cameras, line, (stream) => t(`camera.stream.${stream}`))}
              />
              <TextInput
                type="datetime-local"
                step={1}
                required
                label={t('export.from')}
                value={line.from.text}
                onChange={(event) => {
                  const text = event.currentTarget.value;
                  change(line.key, { from: { text, ms: zone.fromLocalText(text) } });
                }}
              />
              <TextInput
                type="datetime-local"
                step={1}
                required
                label={t('export.to')}
                value={line.to.text}
                error={!isOrdered ? t('export.order') : undefined}
                onChange={(event) => {
                  const text = event.currentTarget.value;
                  change(line.key, { to: { text, ms: zone.fromLocalText(text) } });
                }}
              />
              <ActionIcon
                aria-label={t('packages.removeStretch', { name })}
                onClick={() => setLines((before) => before.filter(({ key }) => key !== line.key))}
              >
                <IconTrash size={18} />
              </ActionIcon>
            </div>
          );
        })}
        {lines.length === 0 && draft.copy === undefined && <p className="dim">{t('packages.noFootage')}</p>}
        <div>
          <Button variant="default" leftSection={<IconPlus size={16} />} onClick={add} disabled={cameras.length === 0}>
            {t('packages.addStretch')}
          </Button>
        </div>
        <p className="dim small">
          {whole.length > 0 &&
            `${t('export.length', { duration: format.duration(whole.reduce((sum, { from, to }) => sum + to - from, 0)) })} · `}
          {format.timeZone}
        </p>
        {future && <p className="red">{t('export.tooFuture')}</p>}
      </fieldset>
      {lines.length > 0 && (
        <Checkbox
          label={t('packages.masked')}
          description={t('packages.maskedHint')}
          checked={masked}
          onChange={(event) => setMasked(event.currentTarget.checked)}
        />
      )}
      {asked && purposes.data && <PurposeFields purposes={purposes.data} value={purpose} onChange={setPurpose} />}
      <NativeSelect
        label={t('packages.language')}
        description={t('packages.languageHint')}
        value={language}
        onChange={(event) => setLanguage(event.currentTarget.value as PackageLanguage)}
        data={languages}
      />
      <Textarea
        label={t('packages.recipients')}
        description={t('packages.recipientsHint')}
        autosize
        minRows={1}
        maxRows={6}
        dir="ltr"
        spellCheck={false}
        value={recipients}
        error={badKey === undefined ? undefined : t('packages.badRecipient', { key: badKey.slice(0, 24) })}
        onChange={(event) => setRecipients(event.currentTarget.value)}
      />
      <ApprovalNeeded error={make.error} />
      {approvalOf(make.error) && <p className="dim">{t('packages.approvalNext')}</p>}
      {make.isError && !approvalOf(make.error) && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('packages.notMade')}>
          {fieldErrors.length > 0 ? (
            <ul className="plain">
              {fieldErrors.map(([field, messages]) => (
                <li key={field}>
                  <bdi lang="en">
                    {field} {messages.join(' ')}
                  </bdi>
                </li>
              ))}
            </ul>
          ) : (
            <Why error={make.error} />
          )}
        </Alert>
      )}
      <div className="form-end">
        <Button variant="default" onClick={onClose}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" leftSection={<IconPackage size={16} />} loading={make.isPending} disabled={!ready}>
          {t('packages.make')}
        </Button>
      </div>
    </form>
  );
}

/** Each camera once, or once a stream where both are recorded; one that was removed stays to be seen. */
function choicesOf(cameras: Camera[], line: Line, streamName: (stream: Stretch['stream']) => string) {
  const choices = cameras.flatMap(({ id, name, record }) =>
    record === 'both'
      ? (['main', 'sub'] as const).map((stream) => ({
          value: `${id} ${stream}`,
          label: `${name} · ${streamName(stream)}`,
        }))
      : [{ value: `${id} ${record === 'sub' ? 'sub' : 'main'}`, label: name }],
  );
  const value = `${line.camera} ${line.stream}`;
  return choices.some((choice) => choice.value === value) ? choices : [{ value, label: line.camera }, ...choices];
}
