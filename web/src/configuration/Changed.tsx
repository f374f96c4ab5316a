import { IconCircleMinus, IconCirclePlus, IconPencil } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { FieldChange, ObjectChange } from '../api/types';
import { useFormat } from '../i18n/format';
import { Said } from '../shell/Notice';

const icons = { added: IconCirclePlus, changed: IconPencil, removed: IconCircleMinus };

const sections = ['cameras', 'plans', 'alarmPolicy'] as const;

interface Fault {
  /** 0: it isn't about a line. */
  line: number;
  field: string;
  message: string;
}

/** What is wrong with a text, line by line. */
export function Faults({ faults }: { faults: readonly Fault[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <ul className="faults">
      {faults.map((fault) => (
        <li key={`${fault.line}:${fault.field}:${fault.message}`}>
          {fault.line > 0 && <strong>{t('configuration.line', { line: format.number(fault.line) })}</strong>}
          {fault.field !== '' && <code dir="ltr">{fault.field}</code>}
          <Said text={fault.message} />
        </li>
      ))}
    </ul>
  );
}

/** One object of a configuration and its fields, before and after. */
export function Changed({ object }: { object: ObjectChange }) {
  const { t } = useTranslation();
  const Icon = icons[object.kind];
  const section = sections.find((known) => known === object.section) ?? 'cameras';
  return (
    <li data-change={object.kind} data-id={object.id}>
      <span className={object.kind === 'removed' ? 'state amber' : 'state'}>
        <Icon size={16} aria-hidden />
        {t(`configuration.kind.${object.kind}`)}
      </span>
      {/* Of some there is only one: it has no name. */}
      <strong>{object.name === '' ? t(`configuration.section.${section}`) : <bdi>{object.name}</bdi>}</strong>
      {object.name !== '' && (
        <span className="dim small">
          {t(`configuration.section.${section}`)}
          {' · '}
          <code dir="ltr">{object.id}</code>
        </span>
      )}
      {object.kind !== 'removed' && (
        <table className="fields">
          <thead className="visually-hidden">
            <tr>
              <th scope="col">{t('configuration.field')}</th>
              <th scope="col">{t('configuration.before')}</th>
              <th scope="col">{t('configuration.after')}</th>
            </tr>
          </thead>
          <tbody>
            {object.fields.map((field) => (
              <Field key={field.field} field={field} isNew={object.kind === 'added'} />
            ))}
          </tbody>
        </table>
      )}
    </li>
  );
}

function Field({ field, isNew }: { field: FieldChange; isNew: boolean }) {
  const { t } = useTranslation();
  return (
    <tr data-field={field.field}>
      <th scope="row">
        <code dir="ltr">{field.field}</code>
      </th>
      {field.secret ? (
        <td colSpan={2} className="dim">
          {t('configuration.secret')}
        </td>
      ) : (
        <>
          <td className="dim">
            {!isNew && (field.before === null ? t('configuration.unset') : <del dir="auto">{field.before}</del>)}
          </td>
          <td>
            {field.after === null ? <span className="dim">{t('configuration.unset')}</span> : <bdi>{field.after}</bdi>}
          </td>
        </>
      )}
    </tr>
  );
}
