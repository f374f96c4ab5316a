import { ActionIcon, Button, NativeSelect, NumberInput, Switch, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isFar } from '../api/client';
import { Problem } from '../api/problem';
import type { Camera, SavedLayout, Tour, TourStep } from '../api/types';
import { useFormat } from '../i18n/format';
import { useSession } from '../identity/session';
import { Said, Why } from '../shell/Notice';
import { go, setQuery } from '../shell/route';
import { toast } from '../shell/toast';
import { bySite } from '../sites/sites';
import { useDeleteTour, useSaveTour } from './kept';

const usualSeconds = 20;

const asStep = ({ id, name }: Camera) => ({ value: `c ${id}`, label: name });

interface Props {
  before: Tour | null;
  layouts: readonly SavedLayout[];
  cameras: readonly Camera[];
}

/** Layouts and cameras one after the other, each for its time. */
export default function TourEditor({ before, layouts, cameras }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const session = useSession();
  const save = useSaveTour();
  const remove = useDeleteTour();
  const [name, setName] = useState(before?.name ?? '');
  const [shared, setShared] = useState(before?.shared ?? false);
  const [steps, setSteps] = useState<readonly TourStep[]>(before?.steps ?? []);
  const [adding, setAdding] = useState('');
  const mayShare = session.data?.user?.organisation.includes('manageCameras') ?? false;
  const errors = save.error instanceof Problem ? save.error.errors : {};
  const wordsOf = (step: TourStep) =>
    step.layout !== null
      ? (layouts.find(({ id }) => id === step.layout)?.name ?? step.layout)
      : (cameras.find(({ id }) => id === step.camera)?.name ?? step.camera ?? '');

  const move = (from: number, by: number) => {
    const next = [...steps];
    const [step] = next.splice(from, 1);
    if (step) next.splice(from + by, 0, step);
    setSteps(next);
  };
  const add = (value: string) => {
    const [kind, id] = [value.slice(0, 1), value.slice(2)];
    if (id === '') return;
    setSteps([
      ...steps,
      {
        layout: kind === 'l' ? id : null,
        camera: kind === 'c' ? id : null,
        seconds: steps.at(-1)?.seconds ?? usualSeconds,
      },
    ]);
    setAdding('');
  };

  return (
    <form
      className="form tour-editor"
      aria-label={before ? t('wall.change', { name: before.name }) : t('wall.newTour')}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(
          { before, input: { name, shared, steps: steps.map((step) => ({ ...step })) } },
          {
            onSuccess: (kept) => {
              toast(t('wall.saved', { name: kept.name }));
              go(`/live?tour=${kept.id}`, { replace: true });
            },
          },
        );
      }}
    >
      <h2>{before ? <bdi>{before.name}</bdi> : t('wall.newTour')}</h2>
      <TextInput
        label={t('wall.name')}
        required
        maxLength={100}
        value={name}
        error={errors.name && <Said text={errors.name.join(' ')} />}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {mayShare && (
        <Switch
          label={t('wall.share')}
          description={t('wall.shareTourHint')}
          checked={shared}
          disabled={before !== null && before.shared && !before.mine}
          onChange={(event) => setShared(event.currentTarget.checked)}
        />
      )}
      <ol className="tour-steps">
        {steps.map((step, index) => (
          <li key={index}>
            <bdi className="grow">{wordsOf(step)}</bdi>
            <NumberInput
              aria-label={t('wall.stays', { what: wordsOf(step) })}
              className="tour-seconds"
              value={step.seconds}
              min={5}
              max={3600}
              suffix=" s"
              onChange={(value) =>
                setSteps(
                  steps.map((each, i) =>
                    i === index ? { ...each, seconds: typeof value === 'number' ? value : usualSeconds } : each,
                  ),
                )
              }
            />
            <ActionIcon
              aria-label={t('wall.earlier', { what: wordsOf(step) })}
              disabled={index === 0}
              onClick={() => move(index, -1)}
            >
              <IconArrowUp size={18} />
            </ActionIcon>
            <ActionIcon
              aria-label={t('wall.later', { what: wordsOf(step) })}
              disabled={index === steps.length - 1}
              onClick={() => move(index, 1)}
            >
              <IconArrowDown size={18} />
            </ActionIcon>
            <ActionIcon
              aria-label={t('wall.leaveOut', { what: wordsOf(step) })}
              onClick={() => setSteps(steps.filter((_, i) => i !== index))}
            >
              <IconTrash size={18} />
            </ActionIcon>
          </li>
        ))}
      </ol>
      <div className="tour-add">
        <NativeSelect
          className="grow"
          label={t('wall.addStep')}
          value={adding}
          onChange={(event) => setAdding(event.currentTarget.value)}
          data={[
            { value: '', label: '' },
            {
              group: t('wall.layouts'),
              items: layouts
                .filter((layout) => layout.shared || !shared)
                .map((layout) => ({ value: `l ${layout.id}`, label: layout.name })),
            },
            {
              group: t('app.cameras'),
              items: cameras.filter(({ id }) => !isFar(id)).map(asStep),
            },
            ...bySite(cameras).map((site) => ({ group: site.name, items: site.cameras.map(asStep) })),
          ]}
        />
        <Button
          variant="default"
          leftSection={<IconPlus size={16} />}
          disabled={adding === ''}
          onClick={() => add(adding)}
        >
          {t('wall.add')}
        </Button>
      </div>
      <p className="dim small">
        {t('wall.round', { duration: format.duration(steps.reduce((sum, step) => sum + step.seconds, 0) * 1000) })}
      </p>
      {(save.isError || remove.isError) && !errors.name && (
        <p className="red" role="alert">
          {save.error instanceof Problem && save.error.status === 412 ? (
            t('wall.faster')
          ) : (
            <Why error={save.error ?? remove.error} />
          )}
        </p>
      )}
      <div className="form-end">
        {before && (
          <Button
            variant="subtle"
            color="gray"
            leftSection={<IconTrash size={16} />}
            loading={remove.isPending}
            onClick={() => remove.mutate(before.id, { onSuccess: () => go('/live') })}
          >
            {t('wall.remove')}
          </Button>
        )}
        <Button variant="default" onClick={() => setQuery({ edit: null }, { replace: false })}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" loading={save.isPending} disabled={name.trim() === '' || steps.length === 0}>
          {t('app.save')}
        </Button>
      </div>
    </form>
  );
}
