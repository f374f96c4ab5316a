import { Button, NativeSelect, TextInput } from '@mantine/core';
import { IconShieldCheck, IconShieldOff } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCameras } from '../../api/queries';
import { Problem } from '../../api/problem';
import type { Arming } from '../../api/types';
import { useFormat } from '../../i18n/format';
import { useMay } from '../../identity/session';
import { Why } from '../../shell/Notice';
import { toast } from '../../shell/toast';
import { Zone } from '../../timeline/zone';
import { useArm, useArming, useDisarm } from './exchange';

/** Everything, each site and each group: armed, or not, until when, by whom and why. */
export function ArmingTab() {
  const { t } = useTranslation();
  const cameras = useCameras();
  const arming = useArming();
  const all = cameras.data ?? [];
  const sites = [...new Set(all.map((camera) => camera.site).filter((site) => site !== ''))].sort();
  const groups = [...new Set(all.flatMap((camera) => camera.groups))].sort();
  const places = [
    { label: t('arming.all'), site: null, group: null, count: all.length },
    ...sites.map((site) => ({
      label: t('arming.site', { name: `⁨${site}⁩` }),
      site,
      group: null,
      count: all.filter((camera) => camera.site === site).length,
    })),
    ...groups.map((group) => ({
      label: t('arming.group', { name: `⁨${group}⁩` }),
      site: null,
      group,
      count: all.filter((camera) => camera.groups.includes(group)).length,
    })),
  ];
  return (
    <>
      <p className="dim">{t('arming.hint')}</p>
      {arming.isError && (
        <p className="red" role="alert">
          <Why error={arming.error} />
        </p>
      )}
      <ul className="checks">
        {arming.data &&
          places.map((place) => (
            <PlaceRow
              key={`${place.site ?? ''}/${place.group ?? ''}`}
              {...place}
              off={arming.data.find((each) => each.site === place.site && each.group === place.group) ?? null}
            />
          ))}
        {/* What is disarmed still and has no camera any more. */}
        {arming.data
          ?.filter((each) => places.every((place) => each.site !== place.site || each.group !== place.group))
          .map((each) => (
            <PlaceRow
              key={each.id}
              label={each.group ?? each.site ?? ''}
              site={each.site}
              group={each.group}
              count={0}
              off={each}
            />
          ))}
      </ul>
    </>
  );
}

function PlaceRow({
  label,
  site,
  group,
  count,
  off,
}: {
  label: string;
  site: string | null;
  group: string | null;
  count: number;
  off: Arming | null;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const arm = useArm();
  const [asking, setAsking] = useState(false);
  return (
    <li data-place={group ?? site ?? 'all'} data-armed={off === null}>
      <strong>{label}</strong>
      <span className="dim small">{t('arming.cameras', { count })}</span>
      <span className={off === null ? 'state dim' : 'state amber'}>
        {off === null ? <IconShieldCheck size={16} aria-hidden /> : <IconShieldOff size={16} aria-hidden />}
        {t(off === null ? 'arming.armed' : 'arming.disarmed')}
      </span>
      {off !== null && (
        <span className="small">
          <bdi>{off.reason}</bdi>
          {' · '}
          <bdi>{off.by}</bdi>
          {' · '}
          {off.until === null
            ? t('handover.noEnd')
            : t('arming.until', { time: format.dateTime(Date.parse(off.until)) })}
        </span>
      )}
      <span className="grow" />
      {may('manageAlarms') &&
        (off !== null ? (
          <Button
            size="compact-sm"
            variant="default"
            loading={arm.isPending}
            onClick={() => arm.mutate(off.id, { onSuccess: () => toast(t('arming.isArmed')) })}
          >
            {t('arming.arm')}
          </Button>
        ) : (
          <Button size="compact-sm" variant="default" aria-expanded={asking} onClick={() => setAsking(!asking)}>
            {t('arming.disarm')}
          </Button>
        ))}
      {asking && off === null && <DisarmForm site={site} group={group} onDone={() => setAsking(false)} />}
    </li>
  );
}

function DisarmForm({ site, group, onDone }: { site: string | null; group: string | null; onDone: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const zone = useMemo(() => new Zone(format.timeZone), [format.timeZone]);
  const disarm = useDisarm();
  const [ends, setEnds] = useState<'time' | 'open'>('time');
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const errors = disarm.error instanceof Problem ? disarm.error.errors : {};
  const end = until === '' ? null : zone.fromLocalText(until.length === 16 ? `${until}:00` : until);
  const noEnd = ends === 'time' && end === null;
  return (
    <form
      className="form inline-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (reason.trim() === '' || noEnd) return;
        disarm.mutate(
          {
            ...(site !== null && { site }),
            ...(group !== null && { group }),
            ...(ends === 'time' && end !== null && { until: new Date(end).toISOString() }),
            reason: reason.trim(),
          },
          { onSuccess: onDone },
        );
      }}
    >
      <TextInput
        label={t('arming.reason')}
        required
        maxLength={500}
        value={reason}
        error={tried && reason.trim() === '' ? t('arming.reasonMissing') : errors.reason?.join(' ')}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <div className="form-pair">
        <NativeSelect
          label={t('arming.ends')}
          value={ends}
          onChange={(event) => setEnds(event.currentTarget.value === 'open' ? 'open' : 'time')}
          data={[
            { value: 'time', label: t('arming.endsAt') },
            { value: 'open', label: t('handover.noEnd') },
          ]}
        />
        {ends === 'time' && (
          <TextInput
            type="datetime-local"
            label={t('arming.untilWhen')}
            required
            value={until}
            error={tried && noEnd ? t('arming.untilMissing') : errors.until?.join(' ')}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
        )}
      </div>
      {disarm.isError && (errors.site ?? errors.group ?? (Object.keys(errors).length === 0 ? [''] : undefined)) && (
        <p className="red" role="alert">
          <Why error={disarm.error} />
        </p>
      )}
      <div className="form-end">
        <Button variant="default" onClick={onDone}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" loading={disarm.isPending}>
          {t('arming.disarm')}
        </Button>
      </div>
    </form>
  );
}
