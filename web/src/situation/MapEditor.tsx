import { ActionIcon, Button, FileButton, NumberInput, TextInput } from '@mantine/core';
import { IconMapPin, IconMapPinOff, IconPhoto, IconTrash, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import { useDeletePlace, useDeletePlan, usePutPlace, usePutPlan } from '../api/queries';
import type { Camera, MapPlace, Plan, PlanInput, SiteMap } from '../api/types';
import { Said, Why } from '../shell/Notice';
import { toast } from '../shell/toast';

/** A camera that is being put, not yet saved. */
export interface Draft {
  camera: string;
  place: MapPlace;
}

interface Bounds {
  south: number;
  west: number;
  north: number;
  east: number;
}

interface Props {
  cameras: readonly Camera[];
  map: SiteMap;
  /** What the map shows: where a new camera or plan begins. */
  view: Bounds | null;
  draft: Draft | null;
  onDraft: (draft: Draft | null) => void;
  onClose: () => void;
}

/** Puts cameras and plans on the map: by clicking, dragging, or by numbers alone. */
export function MapEditor({ cameras, map, view, draft, onDraft, onClose }: Props) {
  const { t } = useTranslation();
  const [plan, setPlan] = useState<Plan | 'new' | null>(null);
  const removePlan = useDeletePlan();

  if (draft) {
    const camera = cameras.find((candidate) => candidate.id === draft.camera);
    return (
      <PlaceForm
        key={draft.camera}
        name={camera?.name ?? draft.camera}
        draft={draft}
        known={map.places[draft.camera] !== undefined}
        onDraft={onDraft}
      />
    );
  }
  if (plan !== null) return <PlanForm plan={plan === 'new' ? null : plan} view={view} onClose={() => setPlan(null)} />;

  const begin = (camera: Camera) =>
    onDraft({
      camera: camera.id,
      place: map.places[camera.id] ?? {
        latitude: view ? (view.south + view.north) / 2 : 0,
        longitude: view ? (view.west + view.east) / 2 : 0,
        heading: 0,
        angle: 80,
        range: 60,
      },
    });

  return (
    <div className="map-editor">
      <header>
        <h2>{t('situation.edit')}</h2>
        <ActionIcon aria-label={t('app.close')} onClick={onClose}>
          <IconX size={18} />
        </ActionIcon>
      </header>
      <h3>{t('app.cameras')}</h3>
      <ul className="map-list">
        {cameras.map((camera) => {
          const known = map.places[camera.id] !== undefined;
          return (
            <li key={camera.id}>
              <button type="button" data-place={camera.id} onClick={() => begin(camera)}>
                {known ? <IconMapPin size={16} aria-hidden /> : <IconMapPinOff size={16} className="dim" aria-hidden />}
                <bdi>{camera.name}</bdi>
                <span className="dim small">{t(known ? 'situation.placed' : 'situation.unplaced')}</span>
              </button>
            </li>
          );
        })}
      </ul>
      <h3>{t('situation.plans')}</h3>
      <p className="dim small">{t('situation.plansWhy')}</p>
      <ul className="map-list">
        {map.plans.map((each) => (
          <li key={each.id}>
            <button type="button" onClick={() => setPlan(each)}>
              <IconPhoto size={16} aria-hidden />
              <bdi>{each.name}</bdi>
            </button>
            <ActionIcon
              aria-label={t('situation.removePlan', { name: each.name })}
              loading={removePlan.isPending && removePlan.variables === each.id}
              onClick={() => removePlan.mutate(each.id)}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      {removePlan.isError && (
        <p className="red" role="alert">
          <Why error={removePlan.error} />
        </p>
      )}
      <Button variant="default" size="xs" leftSection={<IconPhoto size={16} />} onClick={() => setPlan('new')}>
        {t('situation.addPlan')}
      </Button>
    </div>
  );
}

const errorsOf = (error: unknown): Record<string, string[]> => (error instanceof Problem ? error.errors : {});

function PlaceForm(props: { name: string; draft: Draft; known: boolean; onDraft: (draft: Draft | null) => void }) {
  const { t } = useTranslation();
  const { draft, onDraft } = props;
  const put = usePutPlace();
  const remove = useDeletePlace();
  const errors = errorsOf(put.error);
  const fields = [
    ['latitude', -90, 90, '°', 6],
    ['longitude', -180, 180, '°', 6],
    ['heading', 0, 360, '°', 0],
    ['angle', 1, 360, '°', 0],
    ['range', 1, 100_000, ' m', 0],
  ] as const;
  return (
    <form
      className="form map-editor"
      onSubmit={(event) => {
        event.preventDefault();
        put.mutate(
          { id: draft.camera, place: draft.place },
          {
            onSuccess: () => {
              toast(t('situation.saved', { name: props.name }));
              onDraft(null);
            },
          },
        );
      }}
    >
      <h2>
        <bdi>{props.name}</bdi>
      </h2>
      <p className="dim small">{t('situation.placeHint')}</p>
      {fields.map(([field, min, max, suffix, digits]) => (
        <NumberInput
          key={field}
          label={t(`situation.${field}`)}
          description={field === 'heading' ? t('situation.headingHint') : undefined}
          value={draft.place[field] ?? ''}
          min={min}
          max={max}
          suffix={suffix}
          decimalScale={digits}
          error={errors[field] && <Said text={errors[field].join(' ')} />}
          onChange={(value) => {
            if (field === 'latitude' || field === 'longitude') {
              if (typeof value === 'number') onDraft({ ...draft, place: { ...draft.place, [field]: value } });
            } else {
              onDraft({ ...draft, place: { ...draft.place, [field]: typeof value === 'number' ? value : null } });
            }
          }}
        />
      ))}
      {(put.isError || remove.isError) && Object.keys(errors).length === 0 && (
        <p className="red" role="alert">
          <Why error={put.error ?? remove.error} />
        </p>
      )}
      <div className="form-end">
        {props.known && (
          <Button
            variant="subtle"
            color="gray"
            loading={remove.isPending}
            onClick={() => remove.mutate(draft.camera, { onSuccess: () => onDraft(null) })}
          >
            {t('situation.takeOff')}
          </Button>
        )}
        <Button variant="default" onClick={() => onDraft(null)}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" loading={put.isPending}>
          {t('app.save')}
        </Button>
      </div>
    </form>
  );
}

const edges = ['north', 'south', 'west', 'east'] as const;

function PlanForm({ plan, view, onClose }: { plan: Plan | null; view: Bounds | null; onClose: () => void }) {
  const { t } = useTranslation();
  const put = usePutPlan();
  const [image, setImage] = useState<File | null>(null);
  const [input, setInput] = useState<PlanInput>(
    plan ?? {
      name: '',
      north: view?.north ?? null,
      south: view?.south ?? null,
      west: view?.west ?? null,
      east: view?.east ?? null,
    },
  );
  const errors = errorsOf(put.error);
  return (
    <form
      className="form map-editor"
      onSubmit={(event) => {
        event.preventDefault();
        const { name, north, south, west, east } = input;
        put.mutate(
          {
            id: plan?.id ?? `plan-${crypto.randomUUID().slice(0, 8)}`,
            plan: { name, north, south, west, east },
            image,
          },
          {
            onSuccess: () => {
              toast(t('situation.saved', { name: name ?? '' }));
              onClose();
            },
          },
        );
      }}
    >
      <h2>{plan ? <bdi>{plan.name}</bdi> : t('situation.addPlan')}</h2>
      <p className="dim small">{t('situation.planHint')}</p>
      <TextInput
        label={t('cameras.name')}
        required
        value={input.name ?? ''}
        error={errors.name && <Said text={errors.name.join(' ')} />}
        onChange={(event) => setInput({ ...input, name: event.currentTarget.value })}
      />
      <FileButton accept="image/png,image/jpeg,image/webp" onChange={setImage}>
        {(button) => (
          <Button {...button} variant="default" leftSection={<IconPhoto size={16} />}>
            {image?.name ?? t('situation.choosePicture')}
          </Button>
        )}
      </FileButton>
      {edges.map((edge) => (
        <NumberInput
          key={edge}
          label={t(`situation.${edge}`)}
          value={input[edge] ?? ''}
          decimalScale={6}
          suffix="°"
          error={errors[edge] && <Said text={errors[edge].join(' ')} />}
          onChange={(value) => setInput({ ...input, [edge]: typeof value === 'number' ? value : null })}
        />
      ))}
      {put.isError && !edges.some((edge) => errors[edge]) && !errors.name && (
        <p className="red" role="alert">
          <Why error={put.error} />
        </p>
      )}
      <div className="form-end">
        <Button variant="default" onClick={onClose}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" loading={put.isPending} disabled={!plan && image === null}>
          {t('app.save')}
        </Button>
      </div>
    </form>
  );
}
