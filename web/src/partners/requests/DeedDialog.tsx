import { Button, Checkbox, Modal, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../../api/problem';
import { useCameras } from '../../api/queries';
import { usePreferences } from '../../i18n/preferences';
import { Why } from '../../shell/Notice';
import { Zone } from '../../timeline/zone';
import { Attachments } from './Attachments';
import {
  useDo,
  useRequestGrants,
  type PartnerRequest,
  type RequestDo,
  type RequestFile,
  type RequestTerms,
} from './requests';

export type DeedKind = RequestDo['deed'];

const extents = ['whole', 'part', 'conditional'] as const;
const outcomes = ['met', 'partlyMet', 'notMet'] as const;

interface Props {
  kind: DeedKind;
  request: PartnerRequest;
  agreed: RequestTerms | undefined;
  onClose: () => void;
}

/** What is said before something is done to a request. */
export function DeedDialog(props: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t(`requests.do.${props.kind}`)}
      size={520}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <DeedForm {...props} />
    </Modal>
  );
}

function DeedForm({ kind, request, agreed, onClose }: Props) {
  const { t } = useTranslation();
  const { timeZone } = usePreferences();
  const [zone] = useState(() => new Zone(timeZone));
  const cameras = useCameras();
  const tell = useDo();
  const [text, setText] = useState('');
  const [ground, setGround] = useState('');
  const [extent, setExtent] = useState<(typeof extents)[number]>('whole');
  const [conditions, setConditions] = useState('');
  const [outcome, setOutcome] = useState<(typeof outcomes)[number]>('met');
  const [grants, setGrants] = useState<string[]>([]);
  const choices = useRequestGrants(request.line.id, kind === 'answer');
  const [files, setFiles] = useState<RequestFile[]>([]);
  const mustHold = request.line.kind === 'holdFootage';
  const [holds, setHolds] = useState(mustHold);
  const known = (cameras.data ?? []).map(({ id }) => id);
  const [held, setHeld] = useState<string[] | null>(null);
  const chosen = held ?? request.footage?.cameras.filter((id) => known.includes(id)) ?? [];
  const [from, setFrom] = useState(() => (request.footage ? zone.toLocalText(Date.parse(request.footage.from)) : ''));
  const [to, setTo] = useState(() => (request.footage ? zone.toLocalText(Date.parse(request.footage.to)) : ''));
  const begin = zone.fromLocalText(from);
  const end = zone.fromLocalText(to);
  const withGround = kind === 'refuse' || (kind === 'answer' && extent === 'part');
  const withHold = kind === 'answer' && holds;
  const warned = tell.error instanceof Problem && tell.error.status === 409 && 'assessment' in tell.error.extra;
  const ready =
    (kind === 'close' || text.trim() !== '') &&
    (!withGround || ground !== '') &&
    (kind !== 'answer' || extent !== 'conditional' || conditions.trim() !== '') &&
    (!withHold || (chosen.length > 0 && begin !== null && end !== null && end > begin));

  const what = (): RequestDo => {
    switch (kind) {
      case 'question':
        return { deed: kind, text: text.trim() };
      case 'clarify':
        return { deed: kind, text: text.trim(), files: files.map(({ id }) => id) };
      case 'refuse':
        return { deed: kind, ground, text: text.trim() };
      case 'withdraw':
        return { deed: kind, why: text.trim() };
      case 'close':
        return { deed: kind, outcome, note: text.trim() };
      case 'answer':
        return {
          deed: kind,
          answer: {
            extent,
            text: text.trim(),
            ...(extent === 'part' && { ground }),
            ...(extent === 'conditional' && { conditions: conditions.trim() }),
            grants,
            files: files.map(({ id }) => id),
            ...(withHold &&
              begin !== null &&
              end !== null && {
                hold: {
                  cameras: chosen,
                  from: new Date(begin).toISOString(),
                  to: new Date(end).toISOString(),
                  accept: warned,
                },
              }),
          },
        };
    }
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) tell.mutate({ request, what: what() }, { onSuccess: onClose });
      }}
    >
      {kind === 'question' && <p className="dim">{t('requests.questionIs')}</p>}
      {kind === 'answer' && (
        <NativeSelect
          label={t('requests.extentIs')}
          value={extent}
          onChange={(event) => setExtent(extents.find((each) => each === event.currentTarget.value) ?? extent)}
          data={extents.map((each) => ({ value: each, label: t(`requests.extent.${each}`) }))}
        />
      )}
      {kind === 'close' && (
        <NativeSelect
          label={t('requests.outcomeIs')}
          value={outcome}
          onChange={(event) => setOutcome(outcomes.find((each) => each === event.currentTarget.value) ?? outcome)}
          data={outcomes.map((each) => ({ value: each, label: t(`requests.outcome.${each}`) }))}
        />
      )}
      {withGround &&
        (agreed && agreed.grounds.length > 0 ? (
          <NativeSelect
            label={t('requests.ground')}
            required
            value={ground}
            onChange={(event) => setGround(event.currentTarget.value)}
            data={[
              { value: '', label: t('requests.chooseGround'), disabled: true },
              ...agreed.grounds.map(({ id, text }) => ({ value: id, label: text })),
            ]}
          />
        ) : (
          <TextInput
            label={t('requests.ground')}
            required
            maxLength={100}
            value={ground}
            onChange={(event) => setGround(event.currentTarget.value)}
          />
        ))}
      <Textarea
        label={t('requests.text')}
        required={kind !== 'close'}
        maxLength={4000}
        dir="auto"
        autosize
        minRows={3}
        data-autofocus
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {kind === 'answer' && extent === 'conditional' && (
        <Textarea
          label={t('requests.conditions')}
          required
          maxLength={4000}
          dir="auto"
          autosize
          minRows={2}
          value={conditions}
          onChange={(event) => setConditions(event.currentTarget.value)}
        />
      )}
      {kind === 'answer' && (
        <>
          <Checkbox.Group
            label={t('requests.grants')}
            description={t(choices.data?.length === 0 ? 'requests.noGrants' : 'requests.grantsHint')}
            value={grants}
            onChange={setGrants}
          >
            <div className="request-cameras">
              {(choices.data ?? []).map((grant) => (
                <Checkbox
                  key={grant.id}
                  value={grant.id}
                  label={
                    <>
                      {t(`grants.what.${grant.what}`)}: <bdi>{grant.title}</bdi>
                    </>
                  }
                />
              ))}
            </div>
          </Checkbox.Group>
          {request.footage !== null && (
            <Checkbox
              label={t('requests.holdIt')}
              checked={holds}
              disabled={mustHold}
              onChange={(event) => setHolds(event.currentTarget.checked)}
            />
          )}
          {withHold && (
            <>
              <Checkbox.Group label={t('requests.cameras')} required value={chosen} onChange={setHeld}>
                <div className="request-cameras">
                  {(cameras.data ?? []).map(({ id, name }) => (
                    <Checkbox key={id} value={id} label={name} />
                  ))}
                </div>
              </Checkbox.Group>
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
        </>
      )}
      {(kind === 'clarify' || kind === 'answer') && (
        <Attachments link={request.line.link} files={files} onChange={setFiles} />
      )}
      {tell.isError && (
        <p className="red" role="alert">
          <Why error={tell.error} />
        </p>
      )}
      <div className="form-end">
        <Button variant="default" onClick={onClose}>
          {t('app.cancel')}
        </Button>
        <Button
          type="submit"
          {...((kind === 'refuse' || kind === 'withdraw') && { color: 'red' })}
          disabled={!ready}
          loading={tell.isPending}
        >
          {t(warned ? 'requests.holdAnyway' : `requests.do.${kind}`)}
        </Button>
      </div>
    </form>
  );
}
