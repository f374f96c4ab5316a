import { ActionIcon, Button, NativeSelect, Switch, TextInput } from '@mantine/core';
import { IconPlus, IconTrash, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../../api/clock';
import { useFormat } from '../../i18n/format';
import { Zone } from '../../timeline/zone';
import { Hours } from './Hours';
import { faultAt, freeId, type Policy, type Schedule, type SpecialDate, type SpecialDays } from './policy';

interface Props {
  policy: Policy;
  errors: Record<string, string[]>;
  onChange: (part: Partial<Policy>) => void;
}

/** Hours of the week with names, and the days on which other hours hold. */
export function Schedules({ policy, errors, onChange }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { schedules, days } = policy;
  const setSchedule = (at: number, part: Partial<Schedule>) =>
    onChange({ schedules: schedules.map((each, index) => (index === at ? { ...each, ...part } : each)) });
  const setDays = (at: number, part: Partial<SpecialDays>) =>
    onChange({ days: days.map((each, index) => (index === at ? { ...each, ...part } : each)) });
  const today = () => new Zone(format.timeZone).toLocalText(nodeNow()).slice(0, 10);

  return (
    <>
      <div className="cards">
        {schedules.map((schedule, at) => (
          <div key={schedule.id} className="card" role="group" aria-label={schedule.name || schedule.id}>
            <div className="card-head">
              <TextInput
                label={t('alarmPolicy.scheduleName')}
                value={schedule.name}
                maxLength={200}
                error={faultAt(errors, `schedules[${at}].name`) ?? faultAt(errors, `schedules[${at}].id`)}
                onChange={(event) => setSchedule(at, { name: event.currentTarget.value })}
              />
              <ActionIcon
                aria-label={t('alarmPolicy.removeSchedule', { name: schedule.name || schedule.id })}
                onClick={() => onChange({ schedules: schedules.filter((_, index) => index !== at) })}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </div>
            <Hours
              windows={schedule.windows}
              none={t('alarmPolicy.noHours')}
              error={faultAt(errors, `schedules[${at}].windows`, true)}
              onChange={(windows) => setSchedule(at, { windows })}
            />
            {days.map((special) => {
              const place = schedule.exceptions.findIndex((exception) => exception.days === special.id);
              const exception = schedule.exceptions[place];
              const choice = exception === undefined ? 'usual' : exception.windows.length === 0 ? 'none' : 'hours';
              const rest = schedule.exceptions.filter((each) => each.days !== special.id);
              const set = (windows: Schedule['windows'] | null) =>
                setSchedule(at, {
                  exceptions: windows === null ? rest : [...rest, { days: special.id, windows }],
                });
              return (
                <div key={special.id} className="exception">
                  <NativeSelect
                    size="xs"
                    label={t('alarmPolicy.onDays', { name: special.name || special.id })}
                    value={choice}
                    error={place < 0 ? undefined : faultAt(errors, `schedules[${at}].exceptions[${place}]`, true)}
                    onChange={(event) => {
                      const next = event.currentTarget.value;
                      set(
                        next === 'usual'
                          ? null
                          : next === 'none'
                            ? []
                            : [{ days: [], from: '00:00:00', to: '00:00:00' }],
                      );
                    }}
                    data={(['usual', 'none', 'hours'] as const).map((value) => ({
                      value,
                      label: t(`alarmPolicy.exception.${value}`),
                    }))}
                  />
                  {exception !== undefined && exception.windows.length > 0 && (
                    <Hours plain windows={exception.windows} none="" onChange={set} />
                  )}
                </div>
              );
            })}
          </div>
        ))}
      </div>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconPlus size={16} />}
        onClick={() =>
          onChange({
            schedules: [
              ...schedules,
              {
                id: freeId('hours', schedules),
                name: t('alarmPolicy.newSchedule'),
                windows: [{ days: [], from: '20:00:00', to: '06:00:00' }],
                exceptions: [],
              },
            ],
          })
        }
      >
        {t('alarmPolicy.addSchedule')}
      </Button>

      <h3>{t('alarmPolicy.days')}</h3>
      <p className="dim small">{t('alarmPolicy.daysHint')}</p>
      <div className="cards">
        {days.map((special, at) => {
          const setDate = (index: number, part: Partial<SpecialDate>) =>
            setDays(at, { dates: special.dates.map((each, n) => (n === index ? { ...each, ...part } : each)) });
          return (
            <div key={special.id} className="card" role="group" aria-label={special.name || special.id}>
              <div className="card-head">
                <TextInput
                  label={t('alarmPolicy.daysName')}
                  value={special.name}
                  maxLength={200}
                  error={faultAt(errors, `days[${at}].name`) ?? faultAt(errors, `days[${at}].dates`)}
                  onChange={(event) => setDays(at, { name: event.currentTarget.value })}
                />
                <ActionIcon
                  aria-label={t('alarmPolicy.removeSchedule', { name: special.name || special.id })}
                  onClick={() =>
                    onChange({
                      days: days.filter((_, index) => index !== at),
                      schedules: schedules.map((each) => ({
                        ...each,
                        exceptions: each.exceptions.filter((exception) => exception.days !== special.id),
                      })),
                    })
                  }
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </div>
              {special.dates.map((date, index) => (
                <div key={index} className="special-date">
                  <TextInput
                    size="xs"
                    type="date"
                    label={t('rules.from')}
                    value={date.from}
                    onChange={(event) =>
                      event.currentTarget.value && setDate(index, { from: event.currentTarget.value })
                    }
                  />
                  <TextInput
                    size="xs"
                    type="date"
                    label={t('rules.to')}
                    value={date.to ?? ''}
                    error={faultAt(errors, `days[${at}].dates[${index}].to`)}
                    onChange={(event) => setDate(index, { to: event.currentTarget.value || null })}
                  />
                  <TextInput
                    size="xs"
                    label={t('rules.name')}
                    value={date.name}
                    maxLength={200}
                    error={faultAt(errors, `days[${at}].dates[${index}].name`)}
                    onChange={(event) => setDate(index, { name: event.currentTarget.value })}
                  />
                  <Switch
                    size="xs"
                    label={t('alarmPolicy.yearly')}
                    checked={date.yearly}
                    onChange={(event) => setDate(index, { yearly: event.currentTarget.checked })}
                  />
                  <ActionIcon
                    aria-label={t('alarmPolicy.removeDate', { date: date.from })}
                    onClick={() => setDays(at, { dates: special.dates.filter((_, n) => n !== index) })}
                  >
                    <IconX size={16} />
                  </ActionIcon>
                </div>
              ))}
              <Button
                size="compact-xs"
                variant="default"
                onClick={() =>
                  setDays(at, { dates: [...special.dates, { from: today(), to: null, yearly: false, name: '' }] })
                }
              >
                {t('alarmPolicy.addDate')}
              </Button>
            </div>
          );
        })}
      </div>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconPlus size={16} />}
        onClick={() =>
          onChange({
            days: [
              ...days,
              {
                id: freeId('days', days),
                name: t('alarmPolicy.newDays'),
                dates: [{ from: today(), to: null, yearly: false, name: '' }],
              },
            ],
          })
        }
      >
        {t('alarmPolicy.addDays')}
      </Button>
    </>
  );
}
