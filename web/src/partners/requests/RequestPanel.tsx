import { ActionIcon, Badge, Button, Skeleton } from '@mantine/core';
import { IconFile, IconX } from '@tabler/icons-react';
import { Fragment, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { useMay } from '../../identity/session';
import { Failure, Said } from '../../shell/Notice';
import { useShares } from '../grants/grants';
import { Deadline } from './Deadline';
import { DeedDialog, type DeedKind } from './DeedDialog';
import {
  fileUrl,
  useRequest,
  useRequestTerms,
  type PartnerRequest,
  type RequestFile,
  type RequestStep,
} from './requests';

/** One request: what is asked, by when, and all that either side did about it. */
export function RequestPanel({ id, now, onClose }: { id: string; now: number; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const found = useRequest(id);
  const terms = useRequestTerms(i18n.language.slice(0, 2));
  const [doing, setDoing] = useState<DeedKind | null>(null);
  const request = found.data;

  if (found.isError && !request) return <Failure title={t('requests.gone')} error={found.error} />;
  if (!request) return <Skeleton height={200} m={16} />;
  const { line } = request;
  const agreed = terms.data?.find((each) => each.link === line.link);
  const named = (list: readonly { id: string; text: string }[] | undefined, key: string) =>
    list?.find((each) => each.id === key)?.text ?? key;
  const facts: [string, string][] = [
    [t('requests.legalBasis'), request.legalBasis],
    [t('requests.purpose'), named(agreed?.purposes, request.purpose)],
    [t('requests.category'), request.category === null ? '' : named(agreed?.categories, request.category)],
    [t('requests.person'), request.person],
    [t('requests.reference'), request.reference],
  ];

  return (
    <article className="incident" aria-label={line.subject} data-state={line.state}>
      <header>
        <div>
          <h2>
            <bdi>{line.subject}</bdi>
          </h2>
          <p className="dim small">
            {line.rescue && <b className="red">{t('requests.rescue')} · </b>}
            {t(`requests.kind.${line.kind}`)} · {t(`requests.urgency.${line.urgency}`)} ·{' '}
            {t(line.ours ? 'requests.to' : 'requests.from', { partner: `\u2068${line.partner}\u2069` })}
          </p>
          <p>
            <Badge variant="light" color={line.state === 'refused' ? 'red' : line.ours ? 'blue' : 'gray'} me={8}>
              {t(`requests.state.${line.state}`)}
            </Badge>
            <Deadline line={line} now={now} bare />
          </p>
        </div>
        <ActionIcon aria-label={t('app.close')} onClick={onClose}>
          <IconX size={18} />
        </ActionIcon>
      </header>
      {line.fault !== null && (
        <p className="red" role="alert">
          {t('requests.notTakenWhy')} <Said text={line.fault} />
        </p>
      )}
      {may('cooperate') && line.fault === null && (
        <div className="alarm-deeds">
          {deedsFor(request).map((kind) => (
            <Button
              key={kind}
              variant={kind === 'answer' || kind === 'clarify' || kind === 'close' ? 'filled' : 'default'}
              onClick={() => setDoing(kind)}
            >
              {t(`requests.do.${kind}`)}
            </Button>
          ))}
        </div>
      )}
      <dl className="request-facts">
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <Fact key={name} name={name} value={value} />
          ))}
        {request.footage !== null && (
          <Fact
            name={t('requests.footage')}
            value={[
              request.footage.site,
              format.list(request.footage.cameras),
              `${format.dateTime(Date.parse(request.footage.from))} – ${format.dateTime(Date.parse(request.footage.to))}`,
            ]}
          />
        )}
      </dl>
      <h3>{t('requests.story')}</h3>
      <ol className="request-story">
        {request.story.map((step, index) => (
          <Step
            key={index}
            request={line.id}
            step={step}
            partner={line.partner}
            ground={step.ground === null ? null : named(agreed?.grounds, step.ground)}
          />
        ))}
      </ol>
      {doing !== null && <DeedDialog kind={doing} request={request} agreed={agreed} onClose={() => setDoing(null)} />}
    </article>
  );
}

/** @param value Several: each in its own direction of writing. */
function Fact({ name, value }: { name: string; value: string | string[] }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {[value]
          .flat()
          .filter(Boolean)
          .map((part, index) => (
            <Fragment key={index}>
              {index > 0 && ' · '}
              <bdi>{part}</bdi>
            </Fragment>
          ))}
      </dd>
    </>
  );
}

/** What this side may do as it stands. */
function deedsFor({ line }: PartnerRequest): DeedKind[] {
  if (line.ours) {
    if (line.state === 'asked') return ['withdraw'];
    if (line.state === 'questioned') return ['clarify', 'withdraw'];
    return line.state === 'answered' || line.state === 'refused' ? ['close'] : [];
  }
  if (line.state === 'asked') return ['answer', 'question', 'refuse'];
  return line.state === 'questioned' ? ['answer', 'refuse'] : [];
}

interface StepProps {
  request: string;
  step: RequestStep;
  partner: string;
  ground: string | null;
}

function Step({ request, step, partner, ground }: StepProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const at = Date.parse(step.at);
  return (
    <li data-ours={step.ours} data-overtaken={step.overtaken}>
      <p className="small">
        <strong>
          {t(`requests.step.${step.deed}`)}
          {step.extent !== null && `: ${t(`requests.extent.${step.extent}`)}`}
          {step.outcome !== null && `: ${t(`requests.outcome.${step.outcome}`)}`}
        </strong>{' '}
        <span className="dim">
          <bdi>{step.by}</bdi>
          {!step.ours && (
            <>
              {', '}
              <bdi>{partner}</bdi>
            </>
          )}
          {' · '}
          <time dateTime={step.at}>{format.dateTime(at)}</time>
        </span>
      </p>
      {step.overtaken && <p className="amber small">{t('requests.overtaken')}</p>}
      {ground !== null && (
        <p className="small">
          {t('requests.ground')}: <bdi>{ground}</bdi>
        </p>
      )}
      {step.text !== '' && (
        <p className="request-text" dir="auto">
          {step.text}
        </p>
      )}
      {step.conditions !== null && (
        <p className="request-text" dir="auto">
          {t('requests.conditions')}: {step.conditions}
        </p>
      )}
      {step.held !== null && (
        <p className="small">
          {t('requests.held', {
            cameras: format.list(step.held.cameras),
            from: format.dateTime(Date.parse(step.held.from)),
            to: format.dateTime(Date.parse(step.held.to)),
          })}
        </p>
      )}
      {step.grants.length > 0 && (
        <p className="small">
          {t('requests.grants')}: <GrantNames ids={step.grants} />
        </p>
      )}
      {step.files.length > 0 && (
        <ul className="request-files small">
          {step.files.map((file) => (
            <Document key={file.id} request={request} file={file} ours={step.ours} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** Grants by what they are, as far as they are known here. */
function GrantNames({ ids }: { ids: readonly string[] }) {
  const { t } = useTranslation();
  const shares = useShares();
  const known = [...(shares.data?.given ?? []), ...(shares.data?.received ?? [])];
  return ids.map((id, index) => {
    const share = known.find((each) => each.id === id);
    return (
      <Fragment key={id}>
        {index > 0 && ' · '}
        <bdi title={id}>{share ? `${t(`grants.what.${share.what}`)}: ${share.title}` : id}</bdi>
        {share && <span className="dim"> ({t(`grants.state.${share.state}`)})</span>}
      </Fragment>
    );
  });
}

/** A document: to be saved where its bytes are here and somebody may; with what became of it on its way. */
function Document({ request, file, ours }: { request: string; file: RequestFile; ours: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  return (
    <li title={`SHA-256 ${file.sha256}`}>
      <IconFile size={14} aria-hidden />{' '}
      {file.here && may('cooperate') ? (
        <a href={fileUrl(request, file.id)} download>
          <bdi>{file.name}</bdi>
        </a>
      ) : (
        <bdi>{file.name}</bdi>
      )}{' '}
      <span className="dim">
        {format.bytes(file.bytes)}
        {file.fault === null && !file.here && ` · ${t('requests.coming')}`}
        {ours && file.here && ` · ${t(file.arrived ? 'requests.arrived' : 'requests.onItsWay')}`}
      </span>
      {file.fault !== null && (
        <span className="red">
          {' '}
          · <Said text={file.fault} />
        </span>
      )}
    </li>
  );
}
