import { ActionIcon, Button, Switch, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useItemText } from '../../incidents/itemText';
import { incidentTypes } from '../severity';
import { faultAt, freeId, type ChecklistItem, type Policy } from './policy';

interface Props {
  policy: Policy;
  errors: Record<string, string[]>;
  onChange: (part: Partial<Policy>) => void;
}

/** What is to be done in an incident of each type. Shipped items speak the reader's language; own words stay as they are written. */
export function Checklists({ policy, errors, onChange }: Props) {
  const { t } = useTranslation();
  const textOf = useItemText();
  return (
    <div className="cards wide-cards">
      {incidentTypes.map((type) => {
        const at = policy.checklists.findIndex((list) => list.type === type);
        const items = policy.checklists[at]?.items ?? [];
        const set = (next: ChecklistItem[]) =>
          onChange({
            checklists:
              at < 0
                ? [...policy.checklists, { type, items: next }]
                : policy.checklists.map((list, n) => (n === at ? { ...list, items: next } : list)),
          });
        return (
          <div key={type} className="card" role="group" aria-label={t(`alarms.type.${type}`)}>
            <strong>{t(`alarms.type.${type}`)}</strong>
            {items.length === 0 && <p className="dim small">{t('alarmPolicy.noItems')}</p>}
            {items.map((item, index) => (
              <div key={item.id} className="checklist-item">
                <TextInput
                  size="xs"
                  aria-label={t('alarmPolicy.item', { number: index + 1 })}
                  value={textOf(item)}
                  maxLength={200}
                  error={at < 0 ? undefined : faultAt(errors, `checklists[${at}].items[${index}]`, true)}
                  // From the first letter on it is somebody's own.
                  onChange={(event) =>
                    set(
                      items.map((each, n) =>
                        n === index ? { ...each, text: event.currentTarget.value, key: null } : each,
                      ),
                    )
                  }
                />
                <Switch
                  size="xs"
                  label={t('alarmPolicy.required')}
                  checked={item.required}
                  onChange={(event) =>
                    set(
                      items.map((each, n) => (n === index ? { ...each, required: event.currentTarget.checked } : each)),
                    )
                  }
                />
                <ActionIcon
                  aria-label={t('alarmPolicy.removeItem', { number: index + 1 })}
                  onClick={() => set(items.filter((_, n) => n !== index))}
                >
                  <IconX size={16} />
                </ActionIcon>
              </div>
            ))}
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => set([...items, { id: freeId('item', items), text: '', key: null, required: false }])}
            >
              {t('alarmPolicy.addItem')}
            </Button>
          </div>
        );
      })}
    </div>
  );
}
