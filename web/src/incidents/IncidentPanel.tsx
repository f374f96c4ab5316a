import { ActionIcon, Button, Checkbox, Menu, Skeleton, Textarea, TextInput } from '@mantine/core';
import { IconChevronDown, IconPackage, IconPin, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePresence } from '../api/events';
import { Problem } from '../api/problem';
import type { Incident, IncidentEvent } from '../api/types';
import { outcomes } from '../alarms/AlarmPanel';
import { SeverityMark } from '../alarms/severity';
import { useFormat } from '../i18n/format';
import { useMay, useSession } from '../identity/session';
import { follow, go } from '../shell/route';
import { AtCentre } from '../sites/AtCentre';
import { Failure, Why } from '../shell/Notice';
import { useAlarmsOf, useIncident, usePin, useTell, type IncidentDeed } from './cases';
import { useItemText } from './itemText';
import { MoreDeeds, NotApplicable } from './MoreDeeds';
import { Story } from './Story';

interface Props {
  id: string;
  names: ReadonlyMap<string, string>;
  onClose: () => void;
}

/** One case: where it stands, what is left to do, what is known, and all that happened. */
export function IncidentPanel({ id, names, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const found = useIncident(id);
  const tell = useTell();
  const pin = usePin();
  const textOf = useItemText();
  const may = useMay();
  const me = useSession().data?.user?.name ?? '';
  const others = usePresence(id).filter((name) => name !== me);
  const incident = found.data;

  if (found.isError && !incident) return <Failure title={t('incidents.gone')} error={found.error} />;
  if (!incident) return <Skeleton height={200} m={16} />;
  const open = incident.state !== 'closed';
  // Which of the shipped items an item is stands in the story, where the checklist came from.
  const items = (incident.story as IncidentEvent[]).flatMap((event) =>
    event.event === 'opened' || event.event === 'classified' ? event.checklist : [],
  );
  const keyOf = (id: string, text: string) => items.find((item) => item.id === id && item.text === text)?.key ?? null;
  const deed = (what: IncidentDeed, then?: () => void) =>
    tell.mutate({ incident, deed: what }, { onSuccess: () => then?.() });
  const conflict = tell.error instanceof Problem && tell.error.status === 412;
  const warned = pin.error instanceof Problem && pin.error.status === 409;

  return (
    <article className="incident" aria-label={incident.title}>
      <header>
        <SeverityMark severity={incident.severity} size={22} />
        <div>
          <h2>
            <bdi>{incident.title}</bdi>
          </h2>
          <p className="dim small">
            {t(`alarms.type.${incident.type}`)} ·{' '}
            <strong data-state={incident.state}>{t(`incidents.state.${incident.state}`)}</strong>
            {incident.outcome !== null && ` · ${t(`alarms.outcome.${incident.outcome}`)}`}
            {' · '}
            {t('incidents.openedBy', {
              name: isolated(incident.openedBy === 'policy' ? t('incidents.policy') : incident.openedBy),
              at: isolated(format.dateTime(Date.parse(incident.openedAt))),
            })}
          </p>
          <p className="small amber" role="status">
            {others.length > 0 &&
              t('incidents.alsoHere', { names: format.list(others.map(isolated)), count: others.length })}
          </p>
        </div>
        <ActionIcon aria-label={t('app.close')} onClick={onClose}>
          <IconX size={18} />
        </ActionIcon>
      </header>

      <AtCentre incident={incident.id} />
      <div className="alarm-deeds">
        {may('export') && (
          <Button
            variant="default"
            leftSection={<IconPackage size={16} />}
            onClick={() => go(`/evidence?incident=${encodeURIComponent(incident.id)}`)}
          >
            {t('packages.make')}
          </Button>
        )}
        {may('cooperate') && (
          <Button variant="default" onClick={() => go(`/partners/grants?incident=${encodeURIComponent(incident.id)}`)}>
            {t('grants.handOverFrom')}
          </Button>
        )}
        {open && (
          <>
            {incident.assignee !== me && me !== '' && (
              <Button variant="default" onClick={() => deed({ kind: 'assign', to: me })}>
                {t('alarms.take')}
              </Button>
            )}
            {incident.state !== 'resolved' && (
              <Button variant="default" onClick={() => deed({ kind: 'resolve', note: '' })}>
                {t('incidents.resolve')}
              </Button>
            )}
            <Button
              variant="default"
              leftSection={<IconPin size={16} />}
              loading={pin.isPending}
              onClick={() => pin.mutate({ incident, accept: warned })}
            >
              {t(warned ? 'incidents.pinAnyway' : 'incidents.pin')}
            </Button>
            <Menu position="bottom-end">
              <Menu.Target>
                <Button variant="default" rightSection={<IconChevronDown size={16} />}>
                  {t('alarms.close')}
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>{t('alarms.whatWasIt')}</Menu.Label>
                {outcomes.map((outcome) => (
                  <Menu.Item key={outcome} onClick={() => deed({ kind: 'close', outcome, note: '' })}>
                    {t(`alarms.outcome.${outcome}`)}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
            <MoreDeeds incident={incident} onSend={(what) => deed(what)} />
          </>
        )}
      </div>
      {(tell.isError || pin.isError) && (
        <p className="red" role="alert">
          {conflict ? t('alarms.changed') : <Why error={tell.error ?? pin.error} />}
        </p>
      )}

      <div className="incident-parts">
        <section>
          {incident.checklist.length > 0 && (
            <>
              <h3>{t('incidents.checklist')}</h3>
              <ul className="checklist">
                {incident.checklist.map((entry) => (
                  <li key={entry.id}>
                    <Checkbox
                      label={<bdi>{textOf({ text: entry.text, key: keyOf(entry.id, entry.text) })}</bdi>}
                      description={
                        entry.state === 'open'
                          ? entry.required
                            ? t('incidents.required')
                            : undefined
                          : `${entry.state === 'notApplicable' ? `${t('incidents.notApplicable')} · ` : ''}${entry.by ?? ''} ${entry.at === null ? '' : format.time(Date.parse(entry.at))}`
                      }
                      checked={entry.state === 'done'}
                      disabled={!open}
                      onChange={(event) =>
                        deed({
                          kind: 'tick',
                          item: entry.id,
                          state: event.currentTarget.checked ? 'done' : 'open',
                          note: '',
                        })
                      }
                    />
                    {open && entry.state === 'open' && (
                      <NotApplicable
                        item={entry.id}
                        label={textOf({ text: entry.text, key: keyOf(entry.id, entry.text) })}
                        onSend={(note) => deed({ kind: 'tick', item: entry.id, state: 'notApplicable', note })}
                      />
                    )}
                  </li>
                ))}
              </ul>
            </>
          )}
          {open && (
            <Dispatch
              busy={tell.isPending}
              onSend={(patrol, task, then) => deed({ kind: 'dispatch', patrol, task }, then)}
            />
          )}
          <Footage incident={incident} names={names} />
        </section>
        <section>
          <h3>{t('incidents.story')}</h3>
          <Note busy={tell.isPending} onSend={(note, then) => deed({ kind: 'note', note }, then)} />
          {!open && <Reopen onSend={(why) => deed({ kind: 'reopen', why })} />}
          <Story
            story={incident.story as IncidentEvent[]}
            item={(item) => {
              const text = incident.checklist.find((entry) => entry.id === item)?.text;
              return text === undefined ? item : textOf({ text, key: keyOf(item, text) });
            }}
          />
        </section>
      </div>
    </article>
  );
}

/** Keeps the direction of one part of a sentence to that part. */
const isolated = (text: string) => `\u2068${text}\u2069`;

function Dispatch({
  busy,
  onSend,
}: {
  busy: boolean;
  onSend: (patrol: string, task: string, then: () => void) => void;
}) {
  const { t } = useTranslation();
  const [patrol, setPatrol] = useState('');
  const [task, setTask] = useState('');
  return (
    <form
      className="form-line"
      onSubmit={(event) => {
        event.preventDefault();
        onSend(patrol, task, () => {
          setPatrol('');
          setTask('');
        });
      }}
    >
      <TextInput
        label={t('incidents.patrol')}
        required
        maxLength={200}
        value={patrol}
        onChange={(event) => setPatrol(event.currentTarget.value)}
      />
      <TextInput
        label={t('incidents.task')}
        maxLength={4000}
        value={task}
        onChange={(event) => setTask(event.currentTarget.value)}
      />
      <Button type="submit" variant="default" loading={busy}>
        {t('incidents.dispatch')}
      </Button>
    </form>
  );
}

function Note({ busy, onSend }: { busy: boolean; onSend: (note: string, then: () => void) => void }) {
  const { t } = useTranslation();
  const [note, setNote] = useState('');
  return (
    <form
      className="form-note"
      onSubmit={(event) => {
        event.preventDefault();
        onSend(note, () => setNote(''));
      }}
    >
      <Textarea
        aria-label={t('incidents.note')}
        placeholder={t('incidents.note')}
        autosize
        minRows={2}
        maxLength={4000}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Button type="submit" variant="default" size="xs" loading={busy} disabled={note.trim() === ''}>
        {t('incidents.write')}
      </Button>
    </form>
  );
}

function Reopen({ onSend }: { onSend: (why: string) => void }) {
  const { t } = useTranslation();
  const [why, setWhy] = useState('');
  return (
    <form
      className="form-line"
      onSubmit={(event) => {
        event.preventDefault();
        onSend(why);
      }}
    >
      <TextInput
        label={t('incidents.why')}
        required
        value={why}
        onChange={(event) => setWhy(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        {t('incidents.reopen')}
      </Button>
    </form>
  );
}

/** Its alarms and what of the recordings stays for it; each opens the moment. */
function Footage({ incident, names }: { incident: Incident; names: ReadonlyMap<string, string> }) {
  const { t } = useTranslation();
  const format = useFormat();
  const alarms = useAlarmsOf(incident.id);
  const moment = (camera: string, ms: number) => `/timeline?camera=${encodeURIComponent(camera)}&at=${ms}`;
  return (
    <>
      <h3>{t('incidents.footage')}</h3>
      <ul className="footage">
        {(alarms.data?.alarms ?? []).map((alarm) => (
          <li key={alarm.id}>
            <SeverityMark severity={alarm.severity} size={14} />
            <a href={moment(alarm.camera, Date.parse(alarm.at) - 10_000)} onClick={follow}>
              {t(`scene.kind.${alarm.kind}`)} · <bdi>{names.get(alarm.camera) ?? alarm.camera}</bdi>
            </a>
            <time className="dim small" dateTime={alarm.at}>
              {format.dateTime(Date.parse(alarm.at))}
            </time>
          </li>
        ))}
        {incident.pins.map((each) => (
          <li key={each.hold}>
            <IconPin size={14} aria-hidden />
            <a href={moment(each.cameras[0] ?? '', Date.parse(each.from))} onClick={follow}>
              {t('incidents.held')} · <bdi>{each.cameras.map((camera) => names.get(camera) ?? camera).join(', ')}</bdi>
            </a>
            <span className="dim small">
              <bdi dir="ltr">
                {format.time(Date.parse(each.from))}–{format.time(Date.parse(each.to))}
              </bdi>
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
