import { ActionIcon, Badge, Button, Checkbox, Modal, NativeSelect, Skeleton, Textarea, TextInput } from '@mantine/core';
import { IconFileTypeHtml, IconSend, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { useMay } from '../../identity/session';
import { Failure, Why } from '../../shell/Notice';
import { namesIn } from './ProposeDialog';
import { SharedMap } from './SharedMap';
import { newId, useOperation, useOperationGrants, useTake, type Operation, type OperationDo } from './operations';

/** The room of one operation: who is in, what was said, where things are, what is to be done, what was given for it. */
export function OperationPanel({ id, now, onClose }: { id: string; now: number; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const found = useOperation(id);
  const take = useTake(id);
  const [asking, setAsking] = useState<'join' | 'decline' | 'close' | null>(null);
  const operation = found.data;

  if (found.isError && !operation) return <Failure title={t('operations.gone')} error={found.error} />;
  if (!operation) return <Skeleton height={200} m={16} />;
  const { line } = operation;
  const goes = line.state === 'joined' && !line.over;
  const act = may('cooperate') && goes ? (what: OperationDo) => take.mutate(what) : null;
  const end = Date.parse(line.end);

  return (
    <article className="incident" aria-label={line.title} data-state={line.state}>
      <header>
        <div>
          <h2>
            <bdi>{line.title}</bdi>
          </h2>
          <p className="dim small">
            <bdi>{line.partner}</bdi> · {format.dateTime(Date.parse(line.start))} – {format.dateTime(end)}
            {operation.place !== '' && (
              <>
                {' · '}
                <bdi>{operation.place}</bdi>
              </>
            )}
          </p>
          <p>
            <Badge variant="light" color={goes ? 'blue' : line.over ? 'gray' : 'yellow'} me={8}>
              {t(`operations.state.${line.over && line.state === 'joined' ? 'over' : line.state}`)}
            </Badge>
            {!line.over && t('operations.ends', { when: format.relative(end, now) })}
            {line.over && line.settledAt !== null && (
              <span className="dim">
                {t('operations.settled', { when: format.dateTime(Date.parse(line.settledAt)) })}
              </span>
            )}
          </p>
        </div>
        <ActionIcon aria-label={t('app.close')} onClick={onClose}>
          <IconX size={18} />
        </ActionIcon>
      </header>
      <div className="alarm-deeds">
        {may('cooperate') && !line.over && line.state === 'proposed' && !line.ours && (
          <>
            <Button onClick={() => setAsking('join')}>{t('operations.join')}</Button>
            <Button variant="default" onClick={() => setAsking('decline')}>
              {t('operations.decline')}
            </Button>
          </>
        )}
        {may('cooperate') && !line.over && (goes || line.ours) && (
          <Button variant="default" onClick={() => setAsking('close')}>
            {t('operations.close')}
          </Button>
        )}
        <Button
          component="a"
          variant="default"
          leftSection={<IconFileTypeHtml size={16} />}
          href={`/api/operations/${encodeURIComponent(id)}/report?language=${i18n.language.slice(0, 2)}`}
          download
        >
          {t('operations.report')}
        </Button>
      </div>
      {take.isError && (
        <p className="red" role="alert">
          <Why error={take.error} />
        </p>
      )}
      <p className="request-text" dir="auto">
        {operation.aim}
      </p>
      <dl className="request-facts">
        <dt>{t('operations.ourMembers')}</dt>
        <dd>
          <bdi>{format.list(operation.ourMembers)}</bdi>
        </dd>
        <dt>{t('operations.theirMembers')}</dt>
        <dd>
          <bdi>{operation.theirMembers.length > 0 ? format.list(operation.theirMembers) : '–'}</bdi>
        </dd>
        <dt>{t('operations.legalBasis')}</dt>
        <dd>
          <bdi>{operation.legalBasis}</bdi>
        </dd>
        {operation.note !== '' && (
          <>
            <dt>{t('operations.note')}</dt>
            <dd dir="auto">{operation.note}</dd>
          </>
        )}
      </dl>
      {line.state !== 'proposed' && line.state !== 'declined' && (
        <>
          <h3>{t('operations.messages')}</h3>
          <Messages operation={operation} partner={line.partner} onDo={act} />
          <h3>{t('operations.map')}</h3>
          <SharedMap marks={operation.marks} partner={line.partner} onDo={act} />
          <h3>{t('operations.tasks')}</h3>
          <Tasks operation={operation} onDo={act} />
          <h3>{t('operations.grants')}</h3>
          <Grants operation={operation} partner={line.partner} onDo={act} />
        </>
      )}
      {asking !== null && (
        <AskModal
          kind={asking}
          onClose={() => setAsking(null)}
          onSend={(what) => {
            setAsking(null);
            take.mutate(what);
          }}
        />
      )}
    </article>
  );
}

interface Part {
  operation: Operation;
  /** Null: nothing may be done. */
  onDo: ((what: OperationDo) => void) | null;
}

function Messages({ operation, partner, onDo }: Part & { partner: string }) {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const [text, setText] = useState('');
  return (
    <>
      <ol className="operation-messages" aria-live="polite">
        {operation.messages.length === 0 && <li className="dim">{t('operations.nothingSaid')}</li>}
        {operation.messages.map((message, index) => (
          <li key={index} data-ours={message.ours}>
            <span className="dim small">
              <bdi>{message.ours ? message.by : `${message.by}, ${partner}`}</bdi> ·{' '}
              <time dateTime={message.at}>{format.time(Date.parse(message.at))}</time>
            </span>
            <p lang={message.language} dir="auto">
              {message.text}
            </p>
          </li>
        ))}
      </ol>
      {onDo && (
        <form
          className="operation-row"
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim() === '') return;
            onDo({ deed: 'say', language: i18n.language.slice(0, 2), text: text.trim() });
            setText('');
          }}
        >
          <TextInput
            className="grow"
            aria-label={t('operations.write')}
            placeholder={t('operations.write')}
            maxLength={4000}
            dir="auto"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <ActionIcon type="submit" size={36} variant="filled" aria-label={t('operations.send')}>
            <IconSend size={18} />
          </ActionIcon>
        </form>
      )}
    </>
  );
}

function Tasks({ operation, onDo }: Part) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [who, setWho] = useState('');
  return (
    <>
      <ul className="operation-list">
        {operation.tasks.map((task) => (
          <li key={task.id}>
            <Checkbox
              checked={task.doneBy !== null}
              disabled={onDo === null || task.doneBy !== null}
              onChange={() => onDo?.({ deed: 'done', id: task.id })}
              label={
                <>
                  <bdi>{task.text}</bdi>
                  <span className="dim small">
                    {task.for !== '' && (
                      <>
                        {' · '}
                        <bdi>{task.for}</bdi>
                      </>
                    )}
                    {task.doneBy !== null && ` · ${t('operations.doneBy', { name: `\u2068${task.doneBy}\u2069` })}`}
                  </span>
                </>
              }
            />
          </li>
        ))}
      </ul>
      {onDo && (
        <form
          className="operation-row"
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim() === '') return;
            onDo({ deed: 'task', id: newId(), text: text.trim(), for: who.trim() });
            setText('');
            setWho('');
          }}
        >
          <TextInput
            className="grow"
            aria-label={t('operations.task')}
            placeholder={t('operations.task')}
            maxLength={4000}
            dir="auto"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <TextInput
            aria-label={t('operations.for')}
            placeholder={t('operations.for')}
            maxLength={200}
            dir="auto"
            value={who}
            onChange={(event) => setWho(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" disabled={text.trim() === ''}>
            {t('operations.addTask')}
          </Button>
        </form>
      )}
    </>
  );
}

function Grants({ operation, partner, onDo }: Part & { partner: string }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState('');
  const choices = useOperationGrants(operation.line.id, onDo !== null);
  const free = (choices.data ?? []).filter(({ id }) => operation.grants.every(({ grant }) => grant !== id));
  const grant = free.find(({ id }) => id === chosen) ?? free[0];
  return (
    <>
      <ul className="operation-list">
        {operation.grants.length === 0 && <li className="dim">{t('operations.noGrants')}</li>}
        {operation.grants.map((each) => (
          <li key={each.grant}>
            <span>
              <bdi>{each.what === '' ? each.grant : each.what}</bdi>
              <span className="dim small">
                {' · '}
                <bdi>{each.ours ? each.by : `${each.by}, ${partner}`}</bdi>
              </span>
            </span>
          </li>
        ))}
      </ul>
      {onDo && free.length === 0 && <p className="dim small">{t('operations.noChoice')}</p>}
      {onDo && grant && (
        <form
          className="operation-row"
          onSubmit={(event) => {
            event.preventDefault();
            onDo({ deed: 'grant', grant: grant.id, what: `${t(`grants.what.${grant.what}`)}: ${grant.title}` });
          }}
        >
          <NativeSelect
            className="grow"
            aria-label={t('operations.grant')}
            value={grant.id}
            onChange={(event) => setChosen(event.currentTarget.value)}
            data={free.map(({ id, what, title }) => ({
              value: id,
              label: `${t(`grants.what.${what}`)}: \u2068${title}\u2069`,
            }))}
          />
          <Button type="submit" variant="default">
            {t('operations.carry')}
          </Button>
        </form>
      )}
    </>
  );
}

function AskModal(props: {
  kind: 'join' | 'decline' | 'close';
  onClose: () => void;
  onSend: (what: OperationDo) => void;
}) {
  const { t } = useTranslation();
  const { kind } = props;
  const [text, setText] = useState('');
  const ready = kind === 'close' || text.trim() !== '';
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t(`operations.${kind}`)}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!ready) return;
          props.onSend(kind === 'join' ? { deed: 'join', members: namesIn(text) } : { deed: kind, note: text.trim() });
        }}
      >
        {kind === 'close' && <p className="dim">{t('operations.closeIs')}</p>}
        <Textarea
          label={t(kind === 'join' ? 'operations.ourMembers' : 'operations.note')}
          description={kind === 'join' ? t('operations.membersHint') : undefined}
          required={kind !== 'close'}
          maxLength={4000}
          dir="auto"
          autosize
          minRows={2}
          data-autofocus
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <div className="form-end">
          <Button variant="default" onClick={props.onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" disabled={!ready}>
            {t(`operations.${kind}`)}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
