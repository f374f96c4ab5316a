import { Button, NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { RedactionPlan, RedactionThing } from '../api/types';
import { useFormat } from '../i18n/format';
import { boxAt, deedOf, withBox, withFrom, withoutKey, withTo } from './plan';

interface Props {
  thing: RedactionThing;
  plan: RedactionPlan;
  /** The moment shown, and that of the next picture, microseconds. */
  now: number;
  next: number;
  start: number;
  readOnly: boolean;
  onChange: (thing: RedactionThing) => void;
  onRemove: () => void;
  onGo: (at: number) => void;
}

/** What becomes of one thing, from when until when, and where its keys are. */
export function ThingPanel({ thing, plan, now, next, start, readOnly, onChange, onRemove, onGo }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const isKey = thing.keys.some(({ at }) => at === now);
  const before = [...thing.keys].reverse().find(({ at }) => at < now);
  const after = thing.keys.find(({ at }) => at > now);
  const begins = withFrom(thing, now);
  const ends = withTo(thing, next);
  const deeds = plan.everythingElse ? (['none', 'cover', 'keep'] as const) : (['none', 'cover'] as const);
  return (
    <section className="redact-panel" aria-label={`${t(`redact.kinds.${thing.kind}`)} ${thing.id}`}>
      <h2>
        {t(`redact.kinds.${thing.kind}`)} <bdi className="code">{thing.id}</bdi>
      </h2>
      <div className="form-pair">
        <NativeSelect
          label={t('redact.deed')}
          value={deedOf(thing, plan)}
          disabled={readOnly}
          onChange={(event) => onChange({ ...thing, deed: event.currentTarget.value as RedactionThing['deed'] })}
          data={deeds.map((deed) => ({ value: deed, label: t(`redact.deeds.${deed}`) }))}
        />
        <NativeSelect
          label={t('redact.style')}
          value={thing.style ?? ''}
          disabled={readOnly}
          onChange={(event) => {
            const { value } = event.currentTarget;
            onChange({ ...thing, style: value === 'blur' || value === 'fill' ? value : null });
          }}
          data={[
            { value: '', label: t('redact.styles.plan') },
            ...(['blur', 'fill'] as const).map((style) => ({ value: style, label: t(`redact.styles.${style}`) })),
          ]}
        />
      </div>
      <p className="dim small">
        <bdi dir="ltr">
          {format.timeMs(start + thing.from / 1000)}–{format.timeMs(start + thing.to / 1000)}
        </bdi>{' '}
        · {t('redact.keys', { count: thing.keys.length })}
      </p>
      <div className="redact-buttons">
        <Button
          size="compact-sm"
          variant="default"
          disabled={readOnly || !begins}
          onClick={() => begins && onChange(begins)}
        >
          {t('redact.beginsHere')}
        </Button>
        <Button size="compact-sm" variant="default" disabled={readOnly || !ends} onClick={() => ends && onChange(ends)}>
          {t('redact.endsHere')}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          disabled={readOnly || isKey}
          onClick={() => onChange(withBox(thing, now, boxAt(thing, now)))}
        >
          {t('redact.keyHere')}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          disabled={readOnly || !isKey || thing.keys.length < 2}
          onClick={() => onChange(withoutKey(thing, now))}
        >
          {t('redact.keyAway')}
        </Button>
        <Button size="compact-sm" variant="default" disabled={!before} onClick={() => before && onGo(before.at)}>
          {t('redact.keyBefore')}
        </Button>
        <Button size="compact-sm" variant="default" disabled={!after} onClick={() => after && onGo(after.at)}>
          {t('redact.keyAfter')}
        </Button>
        <Button size="compact-sm" variant="default" color="red" disabled={readOnly} onClick={onRemove}>
          {t('redact.removeThing')}
        </Button>
      </div>
    </section>
  );
}
