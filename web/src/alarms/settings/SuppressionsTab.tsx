import { Button, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../../api/clock';
import { useCameras } from '../../api/queries';
import { Problem } from '../../api/problem';
import type { SceneKind, Suppression } from '../../api/types';
import { useFormat } from '../../i18n/format';
import { useMay } from '../../identity/session';
import { Why } from '../../shell/Notice';
import { toast } from '../../shell/toast';
import { Zone } from '../../timeline/zone';
import { Choice } from './Choice';
import { useEndSuppression, useSuppress, useSuppressions } from './exchange';
import { kinds, wordsOf } from './policy';
import { isolated } from './sentence';

const hour = 3_600_000;

/** What raises nothing for a while, by somebody's word; never without an end. */
export function SuppressionsTab() {
  const { t } = useTranslation();
  const may = useMay();
  const list = useSuppressions();
  const [adding, setAdding] = useState(false);
  return (
    <>
      <p className="dim">{t('suppressions.hint')}</p>
      {list.isError && (
        <p className="red" role="alert">
          <Why error={list.error} />
        </p>
      )}
      {list.data?.length === 0 && <p className="dim">{t('suppressions.none')}</p>}
      {list.data && list.data.length > 0 && (
        <ul className="checks">
          {list.data.map((each) => (
            <Row key={each.id} suppression={each} />
          ))}
        </ul>
      )}
      {may('manageAlarms') &&
        (adding ? (
          <AddForm onDone={() => setAdding(false)} />
        ) : (
          <Button
            mt={16}
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={16} />}
            onClick={() => setAdding(true)}
          >
            {t('suppressions.add')}
          </Button>
        ))}
    </>
  );
}

function Row({ suppression }: { suppression: Suppression }) {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const cameras = useCameras();
  const end = useEndSuppression();
  const list = new Intl.ListFormat(format.locale, { type: 'disjunction' });
  const what = [
    suppression.kinds.length > 0 && list.format(suppression.kinds.map((kind) => t(`scene.kind.${kind}`))),
    suppression.rules.length > 0 && t('alarmPolicy.part.rules', { list: list.format(suppression.rules.map(isolated)) }),
    suppression.cameras.length + suppression.groups.length > 0 &&
      t('alarmPolicy.part.where', {
        list: list.format([
          ...suppression.cameras.map((id) => isolated(cameras.data?.find((camera) => camera.id === id)?.name ?? id)),
          ...suppression.groups.map((group) => t('alarmPolicy.part.group', { group: isolated(group) })),
        ]),
      }),
  ].filter((part) => part !== false);
  return (
    <li data-suppression={suppression.id}>
      <strong>{what.join(t('alarmPolicy.comma'))}</strong>
      <span className="small">
        <bdi>{suppression.reason}</bdi>
        {' · '}
        <bdi>{suppression.by}</bdi>
        {' · '}
        {t('arming.until', { time: format.dateTime(Date.parse(suppression.until)) })}
      </span>
      <span className="grow" />
      {may('manageAlarms') && (
        <Button
          size="compact-sm"
          variant="default"
          loading={end.isPending}
          onClick={() => end.mutate(suppression.id, { onSuccess: () => toast(t('suppressions.ended')) })}
        >
          {t('suppressions.end')}
        </Button>
      )}
    </li>
  );
}

function AddForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const zone = useMemo(() => new Zone(format.timeZone), [format.timeZone]);
  const cameras = useCameras();
  const suppress = useSuppress();
  const all = cameras.data ?? [];
  const groups = [...new Set(all.flatMap((camera) => camera.groups))].sort();
  const [chosen, setChosen] = useState<string[]>([]);
  const [inGroups, setInGroups] = useState<string[]>([]);
  const [ofKinds, setOfKinds] = useState<SceneKind[]>([]);
  const [rules, setRules] = useState('');
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState(() => zone.toLocalText(nodeNow() + 8 * hour).slice(0, 16));
  const [tried, setTried] = useState(false);
  const errors = suppress.error instanceof Problem ? suppress.error.errors : {};
  const end = until === '' ? null : zone.fromLocalText(`${until.slice(0, 16)}:00`);
  const nothing = chosen.length + inGroups.length + ofKinds.length + wordsOf(rules).length === 0;
  const said = (field: string) => errors[field]?.join(' ');
  return (
    <form
      className="form inline-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (nothing || reason.trim() === '' || end === null) return;
        suppress.mutate(
          {
            cameras: chosen,
            groups: inGroups,
            kinds: ofKinds,
            rules: wordsOf(rules),
            until: new Date(end).toISOString(),
            reason: reason.trim(),
          },
          { onSuccess: onDone },
        );
      }}
    >
      <h2>{t('suppressions.add')}</h2>
      <Choice
        label={t('alarmPolicy.cameras')}
        hint={t('suppressions.any')}
        value={chosen}
        all={all.map((camera) => ({ value: camera.id, label: camera.name }))}
        error={tried && nothing ? t('suppressions.nothing') : said('cameras')}
        onChange={setChosen}
      />
      {groups.length > 0 && (
        <Choice
          label={t('alarmPolicy.groups')}
          value={inGroups}
          all={groups.map((value) => ({ value, label: value }))}
          error={said('groups')}
          onChange={setInGroups}
        />
      )}
      <Choice
        label={t('alarmPolicy.kinds')}
        value={ofKinds}
        all={kinds.map((value) => ({ value, label: t(`scene.kind.${value}`) }))}
        error={said('kinds')}
        onChange={setOfKinds}
      />
      <TextInput
        label={t('alarmPolicy.rules')}
        description={t('suppressions.rulesHint')}
        value={rules}
        error={said('rules')}
        onChange={(event) => setRules(event.currentTarget.value)}
      />
      <div className="form-pair">
        <TextInput
          label={t('arming.reason')}
          required
          maxLength={500}
          value={reason}
          error={tried && reason.trim() === '' ? t('arming.reasonMissing') : said('reason')}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          label={t('arming.untilWhen')}
          description={t('suppressions.untilHint')}
          required
          value={until}
          error={tried && end === null ? t('arming.untilMissing') : said('until')}
          onChange={(event) => setUntil(event.currentTarget.value)}
        />
      </div>
      {suppress.isError && Object.keys(errors).length === 0 && (
        <p className="red" role="alert">
          <Why error={suppress.error} />
        </p>
      )}
      <div className="form-end">
        <Button variant="default" onClick={onDone}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" loading={suppress.isPending}>
          {t('suppressions.do')}
        </Button>
      </div>
    </form>
  );
}
