import { Alert, Button, Checkbox, Modal, NativeSelect, NumberInput, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../../api/clock';
import { useCameras } from '../../api/queries';
import { ApprovalNeeded } from '../../approvals/ApprovalNeeded';
import { approvalOf } from '../../api/approvalOf';
import { usePackages } from '../../evidence/packages';
import { useIncidents } from '../../incidents/cases';
import { usePreferences } from '../../i18n/preferences';
import { Said, Why } from '../../shell/Notice';
import { Zone } from '../../timeline/zone';
import { commonOf, keptFor, shareOf } from './give';
import { useCheck, useGive, useHandOver, usePartners, type ShareInput, type ShareKind } from './grants';

const kinds: ShareKind[] = ['live', 'clip', 'still', 'package'];

/** What the node takes where nobody says. */
const usualMinutes = 120;
const requests = ['', 'information', 'footage', 'liveAssistance', 'jointOperation', 'supportFile'] as const;
const minute = 60_000;

/** Lets a partner have something, or hands an incident over to it; what the agreement says is told before. */
export default function GiveDialog({ incident, onClose }: { incident: string | null; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const partners = usePartners();
  const cameras = useCameras();
  const packages = usePackages();
  const incidents = useIncidents(true);
  const give = useGive();
  const handOver = useHandOver();
  const check = useCheck();
  const [link, setLink] = useState('');
  const [what, setWhat] = useState<ShareKind>('clip');
  const [camera, setCamera] = useState('');
  const [about, setAbout] = useState('');
  const { timeZone } = usePreferences();
  const [zone] = useState(() => new Zone(timeZone));
  const [from, setFrom] = useState(() => zone.toLocalText(nodeNow() - 10 * minute));
  const [to, setTo] = useState(() => zone.toLocalText(nodeNow() - 5 * minute));
  const begin = zone.fromLocalText(from);
  const end = zone.fromLocalText(to);
  const [bundle, setBundle] = useState('');
  const [purpose, setPurpose] = useState('');
  const [category, setCategory] = useState('');
  const [request, setRequest] = useState('');
  const [grade, setGrade] = useState('');
  const [reference, setReference] = useState('');
  const [days, setDays] = useState<number | string>(7);
  const [minutes, setMinutes] = useState<number | string>(usualMinutes);
  const [note, setNote] = useState('');
  const [masked, setMasked] = useState(true);

  const partner = partners.data?.find((one) => one.link === link);
  const terms = (of: { id: string; names: Record<string, string> }[] | undefined) =>
    (of ?? []).map(({ id, names }) => ({ value: id, label: names[i18n.language] ?? names.en ?? id }));
  const purposes = terms(partner?.purposes);
  const common = commonOf({ link, purpose, category, request, grade });
  const body: ShareInput = incident
    ? { ...common, what: 'incidentCard', reference: reference.trim(), incident, ...keptFor(days) }
    : shareOf({
        link,
        purpose,
        category,
        request,
        grade,
        reference,
        what,
        about,
        camera,
        masked,
        minutes,
        from: begin === null ? '' : new Date(begin).toISOString(),
        to: end === null ? '' : new Date(end).toISOString(),
        bundle,
        days,
      });
  const timed =
    what === 'live' || what === 'package' || (end !== null && (what === 'still' || (begin !== null && end > begin)));
  const ready =
    link !== '' && purpose !== '' && (incident || (what === 'package' ? bundle !== '' : camera !== '' && timed));
  const act = incident ? handOver : give;
  const decision = check.data;
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(incident ? 'grants.handOverTitle' : 'grants.give')}
      size={560}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!ready) return;
          if (incident)
            handOver.mutate(
              {
                ...common,
                incident,
                note: note.trim(),
                ...(camera && { camera, ...(typeof minutes === 'number' && { minutes }) }),
              },
              { onSuccess: onClose },
            );
          else give.mutate(body, { onSuccess: onClose });
        }}
      >
        <NativeSelect
          label={t('grants.partner')}
          required
          value={link}
          onChange={(event) => setLink(event.currentTarget.value)}
          data={[
            { value: '', label: t('people.choose'), disabled: true },
            ...(partners.data ?? []).map((one) => ({ value: one.link, label: `${one.organisation} · ${one.site}` })),
          ]}
        />
        {!incident && (
          <NativeSelect
            label={t('grants.kind')}
            value={what}
            onChange={(event) => setWhat(event.currentTarget.value as ShareKind)}
            data={kinds.map((value) => ({ value, label: t(`grants.what.${value}`) }))}
          />
        )}
        {!incident && what === 'package' && (
          <NativeSelect
            label={t('disclosures.package')}
            required
            value={bundle}
            onChange={(event) => setBundle(event.currentTarget.value)}
            data={[
              { value: '', label: t('disclosures.choose'), disabled: true },
              ...(packages.data ?? [])
                .filter(({ state }) => state === 'ready')
                .map(({ id, title }) => ({ value: id, label: title })),
            ]}
          />
        )}
        {!incident && what !== 'package' && (
          <>
            <NativeSelect
              label={t('grants.camera')}
              required
              value={camera}
              onChange={(event) => setCamera(event.currentTarget.value)}
              data={[
                { value: '', label: t('people.choose'), disabled: true },
                ...(cameras.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
              ]}
            />
            {what === 'live' && (
              <NumberInput label={t('grants.see.minutes')} min={1} max={1440} value={minutes} onChange={setMinutes} />
            )}
            {what === 'clip' && (
              <TextInput
                type="datetime-local"
                step={1}
                label={t('grants.from')}
                value={from}
                onChange={(event) => setFrom(event.currentTarget.value)}
              />
            )}
            {what !== 'live' && (
              <TextInput
                type="datetime-local"
                step={1}
                label={t('grants.to')}
                value={to}
                onChange={(event) => setTo(event.currentTarget.value)}
              />
            )}
            <Checkbox
              label={t('grants.masked')}
              checked={masked}
              onChange={(event) => setMasked(event.currentTarget.checked)}
            />
          </>
        )}
        {!incident && (
          <NativeSelect
            label={t('agreements.incident')}
            value={about}
            onChange={(event) => setAbout(event.currentTarget.value)}
            data={[
              { value: '', label: '–' },
              ...(incidents.data?.incidents ?? []).map(({ id, title }) => ({ value: id, label: title })),
            ]}
          />
        )}
        {purposes.length > 0 || !partner ? (
          <NativeSelect
            label={t('grants.purpose')}
            required
            value={purpose}
            onChange={(event) => setPurpose(event.currentTarget.value)}
            data={[{ value: '', label: t('people.choose'), disabled: true }, ...purposes]}
          />
        ) : (
          <TextInput
            label={t('grants.purpose')}
            required
            dir="auto"
            value={purpose}
            onChange={(event) => setPurpose(event.currentTarget.value)}
          />
        )}
        {partner && partner.categories.length > 0 && (
          <NativeSelect
            label={t('grants.category')}
            value={category}
            onChange={(event) => setCategory(event.currentTarget.value)}
            data={[{ value: '', label: '–' }, ...terms(partner.categories)]}
          />
        )}
        <NativeSelect
          label={t('grants.request')}
          value={request}
          onChange={(event) => setRequest(event.currentTarget.value)}
          data={requests.map((value) => ({ value, label: value === '' ? '–' : t(`grants.requests.${value}`) }))}
        />
        <TextInput
          label={t('grants.grade')}
          dir="ltr"
          maxLength={2}
          placeholder="B2"
          value={grade}
          onChange={(event) => setGrade(event.currentTarget.value.toUpperCase())}
        />
        {incident && (
          <>
            <NativeSelect
              label={t('grants.see.along')}
              value={camera}
              onChange={(event) => setCamera(event.currentTarget.value)}
              data={[
                { value: '', label: '–' },
                ...(cameras.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
              ]}
            />
            {camera !== '' && (
              <NumberInput label={t('grants.see.minutes')} min={1} max={1440} value={minutes} onChange={setMinutes} />
            )}
            <Textarea
              label={t('grants.note')}
              dir="auto"
              maxLength={1000}
              value={note}
              onChange={(event) => setNote(event.currentTarget.value)}
            />
          </>
        )}
        {!incident && (
          <>
            <TextInput
              label={t('grants.reference')}
              dir="auto"
              maxLength={200}
              value={reference}
              onChange={(event) => setReference(event.currentTarget.value)}
            />
            {what !== 'live' && (
              <NumberInput label={t('grants.days')} min={1} max={365} value={days} onChange={setDays} />
            )}
          </>
        )}
        {decision && (
          <Alert
            color={decision.allowed ? 'blue' : 'red'}
            variant="light"
            title={t(decision.allowed ? 'grants.allowed' : 'grants.notAllowed', { clause: decision.clause })}
          >
            <Said text={decision.reasons.join(' ')} />
          </Alert>
        )}
        {check.error && <Why error={check.error} />}
        {act.error && (approvalOf(act.error) ? <ApprovalNeeded error={act.error} /> : <Why error={act.error} />)}
        <div className="form-end">
          <Button variant="default" disabled={!ready} loading={check.isPending} onClick={() => check.mutate(body)}>
            {t('grants.check')}
          </Button>
          <Button type="submit" disabled={!ready} loading={act.isPending}>
            {t(incident ? 'grants.handOverDo' : 'grants.give')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
