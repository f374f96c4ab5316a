import { Button, Menu, Modal, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { incidentTypes, severities } from '../alarms/severity';
import type { Incident } from '../api/types';
import type { IncidentDeed } from './cases';

/** What is asked before one of them is done. */
const kinds = ['assign', 'monitor', 'escalate', 'classify', 'attach'] as const;
type Kind = (typeof kinds)[number];

/** What is done to an incident less often; each asks first for what its story will say. */
export function MoreDeeds({ incident, onSend }: { incident: Incident; onSend: (deed: IncidentDeed) => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<Kind | null>(null);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={16} />}>
            {t('incidents.more')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {kinds.map((kind) => (
            <Menu.Item key={kind} onClick={() => setAsking(kind)}>
              {t(`incidents.deed.${kind}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {asking && (
        <Ask
          kind={asking}
          incident={incident}
          onClose={() => setAsking(null)}
          onSend={(deed) => {
            setAsking(null);
            onSend(deed);
          }}
        />
      )}
    </>
  );
}

function Ask(props: { kind: Kind; incident: Incident; onClose: () => void; onSend: (deed: IncidentDeed) => void }) {
  const { t } = useTranslation();
  const { kind, incident } = props;
  const [name, setName] = useState('');
  const [text, setText] = useState('');
  const [type, setType] = useState(incident.type);
  const [severity, setSeverity] = useState(incident.severity);

  const deed = (): IncidentDeed => {
    switch (kind) {
      case 'assign':
        return { kind, to: name.trim() };
      case 'monitor':
        return { kind, note: text.trim() };
      case 'escalate':
        return { kind, to: name.trim(), why: text.trim() };
      case 'classify':
        return { kind, type, severity, why: text.trim() };
      case 'attach':
        return { kind, name: name.trim(), reference: text.trim() };
    }
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t(`incidents.deed.${kind}`)}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          props.onSend(deed());
        }}
      >
        {(kind === 'assign' || kind === 'escalate') && (
          <TextInput
            label={t('incidents.to')}
            description={kind === 'escalate' ? t('incidents.toNext') : undefined}
            required={kind === 'assign'}
            maxLength={200}
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        {kind === 'classify' && (
          <>
            <NativeSelect
              label={t('incidents.type')}
              value={type}
              data={incidentTypes.map((value) => ({ value, label: t(`alarms.type.${value}`) }))}
              onChange={(event) => {
                const chosen = incidentTypes.find((each) => each === event.currentTarget.value) ?? type;
                setType(chosen);
                // A rescue is always one, and nothing else is.
                if (chosen === 'rescue') setSeverity('rescue');
                else if (severity === 'rescue') setSeverity('critical');
              }}
            />
            <NativeSelect
              label={t('incidents.severity')}
              value={severity}
              disabled={type === 'rescue'}
              data={severities
                .filter((value) => (value === 'rescue') === (type === 'rescue'))
                .map((value) => ({ value, label: t(`alarms.severity.${value}`) }))}
              onChange={(event) =>
                setSeverity(severities.find((each) => each === event.currentTarget.value) ?? severity)
              }
            />
          </>
        )}
        {kind === 'attach' && (
          <>
            <TextInput
              label={t('incidents.name')}
              required
              maxLength={200}
              data-autofocus
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <TextInput
              label={t('incidents.reference')}
              description={t('incidents.referenceHelp')}
              required
              maxLength={4000}
              dir="auto"
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
          </>
        )}
        {(kind === 'monitor' || kind === 'escalate' || kind === 'classify') && (
          <Textarea
            label={t(kind === 'monitor' ? 'incidents.noteLabel' : 'incidents.why')}
            required={kind !== 'monitor'}
            autosize
            minRows={2}
            maxLength={4000}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        <div className="form-end">
          <Button variant="default" onClick={props.onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit">{t('incidents.do')}</Button>
        </div>
      </form>
    </Modal>
  );
}

/** Takes an item off the list with a reason, instead of ticking what nobody did. */
export function NotApplicable({
  item,
  label,
  onSend,
}: {
  item: string;
  /** The item in the reader's language. */
  label: string;
  onSend: (note: string) => void;
}) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const [why, setWhy] = useState('');
  return (
    <>
      <Button
        variant="subtle"
        color="gray"
        size="compact-xs"
        aria-label={t('incidents.notApplicableOf', { item: label })}
        data-not-applicable={item}
        onClick={() => setAsking(true)}
      >
        {t('incidents.notApplicable')}
      </Button>
      {asking && (
        <Modal
          opened
          onClose={() => setAsking(false)}
          title={label}
          closeButtonProps={{ 'aria-label': t('app.close') }}
        >
          <form
            className="form"
            onSubmit={(event) => {
              event.preventDefault();
              setAsking(false);
              onSend(why.trim());
            }}
          >
            <Textarea
              label={t('incidents.whyNot')}
              required
              autosize
              minRows={2}
              maxLength={4000}
              data-autofocus
              value={why}
              onChange={(event) => setWhy(event.currentTarget.value)}
            />
            <div className="form-end">
              <Button variant="default" onClick={() => setAsking(false)}>
                {t('app.cancel')}
              </Button>
              <Button type="submit">{t('incidents.notApplicable')}</Button>
            </div>
          </form>
        </Modal>
      )}
    </>
  );
}
