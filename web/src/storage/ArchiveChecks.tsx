import { Alert, Button, Checkbox, NativeSelect, Progress } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleOff,
  IconListSearch,
  IconTool,
  IconX,
} from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useCancelCheck, useCheckResult, useChecks, useStartCheck } from '../api/queries';
import type { ArchiveCheck, CheckDepth } from '../api/types';
import { useFormat } from '../i18n/format';
import { Said, Why } from '../shell/Notice';

const depths: readonly CheckDepth[] = ['digest', 'structure', 'presence'];

/** As many earlier checks as are listed. */
const listed = 5;

/** Compares the archive's files with what the index says of them, while recording goes on. */
export function ArchiveChecks() {
  const { t } = useTranslation();
  const checks = useChecks();
  const start = useStartCheck();
  const [depth, setDepth] = useState<CheckDepth>('digest');
  const [repair, setRepair] = useState(false);
  const all = checks.data ?? [];
  const running = all.find((check) => check.state === 'running');
  const ended = all.filter((check) => check.state !== 'running').slice(0, listed);
  return (
    <section aria-labelledby="checks">
      <h2 id="checks">{t('check.title')}</h2>
      <p className="dim">{t('check.what')}</p>
      {running ? (
        <Running check={running} />
      ) : (
        <form
          className="form-line check-start"
          onSubmit={(event) => {
            event.preventDefault();
            start.mutate({ depth, repair, deleteUnreadable: false });
          }}
        >
          <NativeSelect
            label={t('check.depth')}
            value={depth}
            onChange={(event) => setDepth(depths.find((each) => each === event.currentTarget.value) ?? 'digest')}
            data={depths.map((value) => ({ value, label: t(`check.depths.${value}`) }))}
          />
          <Checkbox
            label={t('check.repair')}
            description={t('check.repairHelp')}
            checked={repair}
            onChange={(event) => setRepair(event.currentTarget.checked)}
          />
          <Button type="submit" leftSection={<IconListSearch size={16} />} loading={start.isPending}>
            {t('check.start')}
          </Button>
        </form>
      )}
      {(start.isError || checks.isError) && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('check.failed')} mt={12}>
          <Why error={start.error ?? checks.error} />
        </Alert>
      )}
      {ended.length > 0 && (
        <ul className="checks" aria-label={t('check.results')}>
          {ended.map((check, index) => (
            <Ended key={check.id} check={check} open={index === 0} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Running({ check }: { check: ArchiveCheck }) {
  const { t } = useTranslation();
  const format = useFormat();
  const cancel = useCancelCheck();
  const done = t('exports.progress', { percent: format.percent(check.progress) });
  return (
    <div className="check-running" data-check={check.state}>
      <div className="grow">
        <p role="status">
          {t('check.running')} · {done}
          <span className="dim">
            {' · '}
            {t('check.looked', { files: format.number(check.files), size: format.bytes(check.bytes) })}
          </span>
        </p>
        <Progress value={check.progress * 100} aria-label={done} />
      </div>
      <Button
        variant="default"
        leftSection={<IconX size={16} />}
        loading={cancel.isPending}
        onClick={() => cancel.mutate(check.id)}
      >
        {t('check.cancel')}
      </Button>
    </div>
  );
}

function Ended({ check, open }: { check: ArchiveCheck; open: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const faults = check.faultCount ?? 0;
  const left = faults - (check.repairedCount ?? 0);
  const bad = check.state === 'failed' || left > 0;
  const Icon = bad ? IconAlertTriangle : check.state === 'cancelled' ? IconCircleOff : IconCircleCheck;
  return (
    <li data-check={check.state} data-faults={faults}>
      <span className={bad ? 'state amber' : 'state'}>
        <Icon size={16} aria-hidden />
        {check.state === 'done'
          ? faults === 0
            ? t('check.clean')
            : t('check.faults', { count: faults })
          : t(`exports.states.${check.state === 'failed' ? 'failed' : 'cancelled'}`)}
      </span>
      {faults > 0 && check.repair && (
        <span className="state">
          <IconTool size={16} aria-hidden />
          {t('check.repaired', { many: format.number(check.repairedCount ?? 0) })}
        </span>
      )}
      <span className="dim small">
        {t(`check.depths.${check.depth}`)}
        {' · '}
        {t('check.looked', { files: format.number(check.files), size: format.bytes(check.bytes) })}
        {check.finishedAt !== null && (
          <>
            {' · '}
            <time dateTime={check.finishedAt} title={format.dateTime(Date.parse(check.finishedAt))}>
              {format.relative(Date.parse(check.finishedAt), nodeNow())}
            </time>
          </>
        )}
      </span>
      {check.reason !== null && (
        <p className="small">
          <Said text={check.reason} />
        </p>
      )}
      {faults > 0 && open && <Faults id={check.id} />}
    </li>
  );
}

/** As many faults as are read one by one; of more, the command line and the API tell. */
const shownFaults = 50;

function Faults({ id }: { id: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const result = useCheckResult(id);
  const faults = result.data?.faults ?? [];
  return (
    <>
      <ul className="faults">
        {faults.slice(0, shownFaults).map((fault, index) => (
          <li key={index}>
            <span className={fault.repaired ? 'state' : 'state amber'}>
              {fault.repaired ? <IconTool size={14} aria-hidden /> : <IconAlertTriangle size={14} aria-hidden />}
              {t(`check.kind.${fault.kind}`)}
              {fault.repaired && ` · ${t('check.isRepaired')}`}
            </span>
            <bdi dir="ltr" className="code small">
              {fault.path}
            </bdi>
            <span className="small">
              <Said text={fault.detail} />
            </span>
          </li>
        ))}
      </ul>
      {faults.length > shownFaults && (
        <p className="dim small">{t('check.more', { many: format.number(faults.length - shownFaults) })}</p>
      )}
    </>
  );
}
