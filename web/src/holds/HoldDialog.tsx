import { Alert, Button, Checkbox, Modal, NativeSelect, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconInfoCircle, IconPin } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { Problem } from '../api/problem';
import { useAssessment, useCreateHold } from '../api/queries';
import type { Camera, HoldAssessment, HoldConsequence, HoldInput } from '../api/types';
import { useFormat, type Format } from '../i18n/format';
import { keep, kept } from '../i18n/preferences';
import { Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { day } from '../timeline/TimeScale';
import { Zone } from '../timeline/zone';

/** As many as the node takes in one hold. */
const mostCameras = 200;
const everyCamera = '*';

interface Props {
  cameras: Pick<Camera, 'id' | 'name'>[];
  camera: string;
  from: number;
  to: number;
  onClose: () => void;
}

interface Edge {
  ms: number | null;
  text: string;
}

/** Asks who wants to keep what, and why; says what it costs before it is made. */
export default function HoldDialog(props: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t('hold.title')}
      size={540}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <HoldForm {...props} />
    </Modal>
  );
}

function HoldForm({ cameras, camera: given, from: givenFrom, to: givenTo, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const zone = useMemo(() => new Zone(format.timeZone), [format.timeZone]);
  const [camera, setCamera] = useState(given);
  const [from, setFrom] = useState<Edge>({ ms: givenFrom, text: zone.toLocalText(givenFrom) });
  const [to, setTo] = useState<Edge>({ ms: givenTo, text: zone.toLocalText(givenTo) });
  const [endless, setEndless] = useState(false);
  const [reason, setReason] = useState('');
  const [owner, setOwner] = useState(kept('owner') ?? '');
  const [lastDay, setLastDay] = useState('');
  const [accepted, setAccepted] = useState<HoldAssessment | null>(null);
  const [tried, setTried] = useState(false);
  const create = useCreateHold();

  const ordered = from.ms !== null && (endless || (to.ms !== null && to.ms > from.ms));
  // The day itself is still kept; 36 hours lead into the next one whatever the clocks do.
  const lastStart = lastDay === '' ? null : zone.fromLocalText(`${lastDay}T00:00:00`);
  const expires = lastStart === null ? null : zone.startOfDay(lastStart + 1.5 * day);
  const expired = lastDay !== '' && (expires === null || expires <= nodeNow());
  const stretch = useMemo(
    (): HoldInput | null =>
      ordered && from.ms !== null
        ? {
            cameras: camera === everyCamera ? cameras.map(({ id }) => id) : [camera],
            from: new Date(from.ms).toISOString(),
            to: endless || to.ms === null ? null : new Date(to.ms).toISOString(),
          }
        : null,
    [camera, cameras, ordered, from.ms, to.ms, endless],
  );
  const asked = useAssessment(stretch);
  // What the node refused with is newer than what it was asked before.
  const refused = create.error instanceof Problem && create.error.status === 409 ? create.error.extra.assessment : null;
  const assessment = (refused as HoldAssessment | null | undefined) ?? asked.data;
  const warnings = assessment?.warnings ?? [];
  const mustAccept = warnings.length > 0;
  const isAccepted = mustAccept && accepted === assessment;

  const wrong = {
    reason: tried && reason.trim() === '' ? t('hold.reasonMissing') : undefined,
    owner: tried && owner.trim() === '' ? t('hold.ownerMissing') : undefined,
  };
  const submit = () => {
    setTried(true);
    if (!stretch || expired || reason.trim() === '' || owner.trim() === '' || (mustAccept && !isAccepted)) return;
    create.mutate(
      {
        ...stretch,
        reason: reason.trim(),
        owner: owner.trim(),
        expires: expires === null ? null : new Date(expires).toISOString(),
        accept: isAccepted,
      },
      {
        onSuccess: () => {
          keep('owner', owner.trim());
          toast(t('hold.made'));
          onClose();
        },
      },
    );
  };

  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <NativeSelect
        label={t('export.camera')}
        value={camera}
        onChange={(event) => {
          create.reset();
          setCamera(event.currentTarget.value);
        }}
        data={[
          ...cameras.map(({ id, name }) => ({ value: id, label: name })),
          ...(cameras.length > 1 && cameras.length <= mostCameras
            ? [{ value: everyCamera, label: t('hold.everyCamera') }]
            : []),
        ]}
      />
      <div className="form-pair">
        <TextInput
          type="datetime-local"
          step={1}
          required
          label={t('export.from')}
          value={from.text}
          onChange={(event) => {
            const text = event.currentTarget.value;
            create.reset();
            setFrom({ text, ms: zone.fromLocalText(text) });
          }}
        />
        <TextInput
          type="datetime-local"
          step={1}
          required={!endless}
          disabled={endless}
          label={t('export.to')}
          value={endless ? '' : to.text}
          error={!ordered ? t('export.order') : undefined}
          onChange={(event) => {
            const text = event.currentTarget.value;
            create.reset();
            setTo({ text, ms: zone.fromLocalText(text) });
          }}
        />
      </div>
      <Checkbox
        label={t('hold.endless')}
        checked={endless}
        onChange={(event) => {
          create.reset();
          setEndless(event.currentTarget.checked);
        }}
      />
      <TextInput
        label={t('hold.reason')}
        description={t('hold.reasonHelp')}
        required
        maxLength={500}
        value={reason}
        error={wrong.reason}
        data-autofocus
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <div className="form-pair">
        <TextInput
          label={t('hold.owner')}
          required
          maxLength={100}
          value={owner}
          error={wrong.owner}
          onChange={(event) => setOwner(event.currentTarget.value)}
        />
        <TextInput
          type="date"
          label={t('hold.lastDay')}
          value={lastDay}
          error={expired ? t('hold.lastDayPast') : undefined}
          onChange={(event) => setLastDay(event.currentTarget.value)}
        />
      </div>
      <p className="dim small">{t('hold.where', { zone: format.timeZone })}</p>
      <div role="status" className="assessment" data-assessed={assessment !== undefined}>
        {assessment ? (
          <Assessment assessment={assessment} format={format} />
        ) : asked.isError ? (
          <p className="red">
            <Why error={asked.error} />
          </p>
        ) : (
          <p className="dim">{stretch && t('hold.assessing')}</p>
        )}
      </div>
      {mustAccept && (
        <Checkbox
          label={t('hold.accept')}
          checked={isAccepted}
          error={tried && !isAccepted ? t('hold.acceptMissing') : undefined}
          onChange={(event) => setAccepted(event.currentTarget.checked ? (assessment ?? null) : null)}
        />
      )}
      {create.isError && !refused && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('hold.failed')}>
          <Why error={create.error} />
        </Alert>
      )}
      <div className="form-end">
        <Button variant="default" onClick={onClose}>
          {t('app.cancel')}
        </Button>
        <Button
          type="submit"
          leftSection={<IconPin size={16} />}
          loading={create.isPending}
          disabled={!ordered || expired || (mustAccept && !isAccepted)}
        >
          {t('hold.do')}
        </Button>
      </div>
    </form>
  );
}

function Assessment({ assessment, format }: { assessment: HoldAssessment; format: Format }) {
  const { t } = useTranslation();
  const { warnings, notes } = assessment;
  return (
    <>
      <p>
        {t('hold.costs', { size: format.bytes(assessment.bytes) })}
        {assessment.limit > 0 && (
          <span className="dim">
            {' '}
            {t('hold.after', {
              held: format.bytes(assessment.heldAfter),
              limit: format.bytes(assessment.limit),
            })}
          </span>
        )}
      </p>
      {notes.length > 0 && (
        <Alert color="gray" variant="light" icon={<IconInfoCircle size={18} />}>
          <Consequences list={notes} format={format} />
        </Alert>
      )}
      {warnings.length > 0 && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} title={t('hold.warns')}>
          <Consequences list={warnings} format={format} />
        </Alert>
      )}
    </>
  );
}

function Consequences({ list, format }: { list: HoldConsequence[]; format: Format }) {
  const { t } = useTranslation();
  const words = (each: HoldConsequence) => {
    const about = (days: number | null) => format.about((days ?? 0) * day);
    const facts = { place: `⁨${each.place}⁩`, size: format.bytes(each.bytes), limit: format.bytes(each.limit) };
    switch (each.kind) {
      case 'overrun':
        return t('hold.effect.overrun', facts);
      case 'high':
        return t('hold.effect.high', { ...facts, part: format.percent(each.bytes / Math.max(1, each.limit)) });
      case 'early':
        return t('hold.effect.early', { ...facts, reach: about(each.days), instead: about(each.insteadDays) });
      case 'endless':
        return each.days === null
          ? t('hold.effect.endless', facts)
          : t('hold.effect.endlessLasts', { ...facts, reach: about(each.days) });
    }
  };
  return (
    <ul className="plain">
      {list.map((each) => (
        <li key={`${each.kind} ${each.place}`}>{words(each)}</li>
      ))}
    </ul>
  );
}
