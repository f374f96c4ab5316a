import { Alert, Button, Modal, Progress, Skeleton } from '@mantine/core';
import { IconAlertTriangle, IconArrowBack, IconDownload, IconEyeOff, IconPackage } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { approvalOf } from '../api/approvalOf';
import { useCameras } from '../api/queries';
import type { PurposeInput, Redaction, RedactionPlan } from '../api/types';
import { ApprovalNeeded } from '../approvals/ApprovalNeeded';
import { usePurposes } from '../approvals/purpose';
import { isComplete, PurposeFields } from '../approvals/PurposeFields';
import { useFormat } from '../i18n/format';
import { Failure, RoomSkeleton, Said, Why } from '../shell/Notice';
import { follow, go } from '../shell/route';
import { Editor } from './Editor';
import { copyUrl, isBusy, useMakeCopy, usePictures, usePlan, usePutPlan, useRedaction } from './queries';
import { deedOf } from './plan';

/** So long after the last change it is saved, ms: a drag is one change. */
const saveAfter = 600;

export function CopyRoom({ id }: { id: string }) {
  const { t } = useTranslation();
  const redaction = useRedaction(id);
  if (redaction.isError && !redaction.data) {
    return (
      <Failure title={t('redact.failedOne')} error={redaction.error}>
        <a href="/redact" onClick={follow}>
          {t('redact.all')}
        </a>
      </Failure>
    );
  }
  if (!redaction.data) return <RoomSkeleton />;
  return (
    <div className="redact" data-redaction={redaction.data.state}>
      <Head redaction={redaction.data} />
      {redaction.data.state === 'queued' || redaction.data.state === 'searching' ? (
        <Busy redaction={redaction.data} />
      ) : (
        <Draft redaction={redaction.data} onReload={redaction.refetch} />
      )}
    </div>
  );
}

function Head({ redaction }: { redaction: Redaction }) {
  const { t } = useTranslation();
  const format = useFormat();
  const cameras = useCameras();
  return (
    <div className="page-head">
      <h1>
        {t('redact.one')} ·{' '}
        <bdi>{cameras.data?.find(({ id }) => id === redaction.camera)?.name ?? redaction.camera}</bdi>
      </h1>
      <span className="dim">
        {format.dateTime(Date.parse(redaction.from))} – <bdi dir="ltr">{format.time(Date.parse(redaction.to))}</bdi>
      </span>
      <a href="/redact" onClick={follow}>
        {t('redact.all')}
      </a>
    </div>
  );
}

function Busy({ redaction }: { redaction: Redaction }) {
  const { t } = useTranslation();
  const format = useFormat();
  const words = t('exports.progress', { percent: format.percent(redaction.progress) });
  return (
    <div className="redact-busy">
      <p role="status">
        {t(`redact.states.${redaction.state}`)} · {words}
      </p>
      <Progress value={redaction.progress * 100} aria-label={words} />
    </div>
  );
}

function Draft({ redaction, onReload }: { redaction: Redaction; onReload: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const loaded = usePlan(redaction.id, true);
  const pictures = usePictures(redaction.id);
  if (loaded.isError || pictures.isError) {
    return <Failure title={t('redact.failedOne')} error={loaded.error ?? pictures.error} />;
  }
  if (!loaded.data || !pictures.data) return <Skeleton height={400} />;
  return (
    <Edited
      key={loaded.dataUpdatedAt}
      redaction={redaction}
      given={loaded.data}
      at={pictures.data.at}
      aspect={pictures.data.height > 0 ? pictures.data.width / pictures.data.height : 16 / 9}
      // First its revision, then what is of it.
      onReload={() => void onReload().then(() => loaded.refetch())}
    />
  );
}

function Edited(props: {
  redaction: Redaction;
  given: RedactionPlan;
  at: readonly number[];
  aspect: number;
  onReload: () => void;
}) {
  const { t } = useTranslation();
  const { redaction, given } = props;
  const [plan, setPlan] = useState(given);
  const [before, setBefore] = useState<readonly RedactionPlan[]>([]);
  // What the node has: its revision, and the plan that it is of.
  const [kept, setKept] = useState({ revision: redaction.revision, plan: given });
  const [making, setMaking] = useState(false);
  const put = usePutPlan(redaction.id);
  const { mutate } = put;
  const saving = put.isPending;
  const failed = put.isError;
  const dirty = plan !== kept.plan;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => {
    if (!dirty || saving || failed) return;
    timer.current = setTimeout(
      () => mutate({ revision: kept.revision, plan }, { onSuccess: ({ revision }) => setKept({ revision, plan }) }),
      saveAfter,
    );
    return () => clearTimeout(timer.current);
  }, [dirty, saving, failed, mutate, plan, kept.revision]);

  // Half a second of work isn't lost without a word.
  useEffect(() => {
    if (!dirty) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [dirty]);

  const busy = isBusy(redaction.state);
  const change = (next: RedactionPlan) => {
    setBefore((all) => [...all.slice(-49), plan]);
    setPlan(next);
  };
  const covered = plan.things.filter((thing) => deedOf(thing, plan) === 'cover').length;
  return (
    <>
      {redaction.message && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />}>
          <Said text={redaction.message} />
        </Alert>
      )}
      {failed && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('redact.notSaved')}>
          <Why error={put.error} />{' '}
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              put.reset();
              props.onReload();
            }}
          >
            {t('redact.reload')}
          </Button>
        </Alert>
      )}
      {busy && <Busy redaction={redaction} />}
      <Editor
        id={redaction.id}
        start={Date.parse(redaction.from)}
        length={(Date.parse(redaction.to) - Date.parse(redaction.from)) * 1000}
        at={props.at}
        aspect={props.aspect}
        plan={plan}
        saved={dirty ? null : kept.revision}
        readOnly={busy}
        onChange={change}
      />
      <div className="redact-end">
        <span className="dim" role="status">
          {dirty || saving ? t('redact.saving') : t('redact.saved')}
        </span>
        <Button
          variant="default"
          leftSection={<IconArrowBack size={16} />}
          disabled={before.length === 0 || busy}
          onClick={() => {
            const last = before[before.length - 1];
            if (!last) return;
            setBefore(before.slice(0, -1));
            setPlan(last);
          }}
        >
          {t('redact.undo')}
        </Button>
        {redaction.state === 'done' && !dirty && (
          <Button
            component="a"
            variant="default"
            href={copyUrl(redaction.id)}
            download={redaction.fileName ?? true}
            leftSection={<IconDownload size={16} />}
          >
            {t('redact.download')}
          </Button>
        )}
        {redaction.state === 'done' && (
          <Button
            leftSection={<IconPackage size={16} />}
            onClick={() => go(`/evidence?make=copy&redaction=${encodeURIComponent(redaction.id)}`)}
          >
            {t('packages.make')}
          </Button>
        )}
        {redaction.state !== 'done' && (
          <Button
            leftSection={<IconEyeOff size={16} />}
            disabled={dirty || busy || failed}
            onClick={() => setMaking(true)}
          >
            {t('redact.make')}
          </Button>
        )}
      </div>
      {redaction.state === 'done' && redaction.sha256 && !dirty && (
        <p className="dim small">
          {t('redact.doneText', { count: redaction.pictures ?? 0 })}{' '}
          <bdi dir="ltr" className="code">
            {t('exports.sha256', { digest: redaction.sha256 })}
          </bdi>
        </p>
      )}
      {making && (
        <MakeDialog
          redaction={redaction}
          revision={kept.revision}
          covered={covered}
          plan={plan}
          onClose={() => setMaking(false)}
        />
      )}
    </>
  );
}

function MakeDialog(props: {
  redaction: Redaction;
  revision: number;
  covered: number;
  plan: RedactionPlan;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const make = useMakeCopy(props.redaction.id);
  const purposes = usePurposes();
  const asked = (purposes.data?.askedFor.includes('export') ?? false) && props.redaction.purpose === '';
  const [chosen, setPurpose] = useState<PurposeInput | null>(null);
  const purpose: PurposeInput = chosen ?? {
    purpose: purposes.data?.current?.purpose ?? '',
    reference: purposes.data?.current?.reference ?? '',
  };
  const ready = purposes.data !== undefined && (!asked || isComplete(purposes.data, purpose));
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t('redact.make')}
      size={460}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) make.mutate({ revision: props.revision, ...(asked && { purpose }) }, { onSuccess: props.onClose });
        }}
      >
        <p>
          {props.plan.everythingElse
            ? t('redact.makeElse', { count: props.plan.things.filter(({ deed }) => deed === 'keep').length })
            : t('redact.makeText', { count: props.covered })}
        </p>
        <p className="dim">{t('redact.makeNote')}</p>
        {asked && purposes.data && <PurposeFields purposes={purposes.data} value={purpose} onChange={setPurpose} />}
        <ApprovalNeeded error={make.error} />
        {make.isError && !approvalOf(make.error) && (
          <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('redact.failed')}>
            <Why error={make.error} />
          </Alert>
        )}
        <div className="form-end">
          <Button variant="default" onClick={props.onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" loading={make.isPending} disabled={!ready} data-autofocus>
            {t('redact.make')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
