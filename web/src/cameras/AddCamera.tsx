import { Alert, Button, Drawer, NativeSelect, PasswordInput, Skeleton, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconArrowLeft, IconDeviceCctv, IconLock, IconRadar2 } from '@tabler/icons-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import { useAskOnvif, useCameras, useDiscover, useProbe, useSaveCamera } from '../api/queries';
import type { FoundDevice, OnvifAnswer, OnvifProposal, Probe } from '../api/types';
import { clockTolerance, clockWords } from '../i18n/clock';
import { useFormat } from '../i18n/format';
import { Said, Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { PreviewPicture } from './PreviewPicture';

/** What somebody wants to add, as far as it is known. */
interface Target {
  /** Of an ONVIF service, or rtsp://. */
  address: string;
  name: string;
}

/** What answered: a device with its profiles, or an address with its tracks. */
type Answer = { kind: 'onvif'; device: OnvifAnswer } | { kind: 'rtsp'; probe: Probe; url: string };

interface LogIn {
  userName: string;
  password: string;
  /** SHA-256 of a certificate that somebody compared and trusts. */
  fingerprint: string | null;
}

const isRtsp = (address: string) => /^rtsps?:\/\//i.test(address);

/** Finds a camera, logs in, shows what it is and its picture, and only then saves it. */
export function AddCamera({ onClose, onByHand }: { onClose: () => void; onByHand: () => void }) {
  const { t } = useTranslation();
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={560}
      title={t('assistant.title')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Steps onClose={onClose} onByHand={onByHand} />
    </Drawer>
  );
}

function Steps({ onClose, onByHand }: { onClose: () => void; onByHand: () => void }) {
  const [target, setTarget] = useState<Target | null>(null);
  const [logIn, setLogIn] = useState<LogIn>({ userName: '', password: '', fingerprint: null });
  const [answer, setAnswer] = useState<Answer | null>(null);
  if (target === null) return <Find onChosen={setTarget} onByHand={onByHand} />;
  if (answer === null) {
    return (
      <Connect
        target={target}
        logIn={logIn}
        onBack={() => setTarget(null)}
        onAnswer={(next, used) => {
          setLogIn(used);
          setAnswer(next);
        }}
      />
    );
  }
  return <LookAndSave target={target} logIn={logIn} answer={answer} onBack={() => setAnswer(null)} onSaved={onClose} />;
}

/** A step's heading takes the focus, so that keyboard and screen reader begin at its start. */
function Step({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  const { t } = useTranslation();
  const format = useFormat();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section className="form" data-step={number}>
      <h2 ref={heading} tabIndex={-1} className="step" data-autofocus>
        <span className="dim">{t('assistant.step', { step: format.number(number), steps: format.number(3) })}</span>{' '}
        {title}
      </h2>
      {children}
    </section>
  );
}

function Find({ onChosen, onByHand }: { onChosen: (target: Target) => void; onByHand: () => void }) {
  const { t } = useTranslation();
  const discover = useDiscover();
  const cameras = useCameras();
  const [address, setAddress] = useState('');
  const [tried, setTried] = useState(false);
  const { mutate } = discover;
  // Opening the assistant is the wish to search; nothing is sent at any other time.
  useEffect(() => mutate({}), [mutate]);
  const known = new Set(
    (cameras.data ?? []).flatMap((camera) => [hostOf(camera.main.url), hostOf(camera.onvif?.url ?? '')]),
  );
  const knownDevices = new Set((cameras.data ?? []).map((camera) => camera.onvif?.url));
  const typed = address.trim();
  return (
    <Step number={1} title={t('assistant.find')}>
      <div role="status" className="found">
        {discover.isPending && (
          <>
            <p className="dim">{t('assistant.searching')}</p>
            <Skeleton height={52} />
            <Skeleton height={52} />
          </>
        )}
        {discover.data && (
          <p className="dim">
            {discover.data.length > 0
              ? t('assistant.found', { count: discover.data.length })
              : t('assistant.foundNone')}
          </p>
        )}
      </div>
      {discover.data && discover.data.length > 0 && (
        <ul className="devices">
          {discover.data.map((device) => (
            <li key={device.xaddr}>
              <DeviceButton
                device={device}
                known={knownDevices.has(device.xaddr) || (!isLoopback(device.address) && known.has(device.address))}
                onChosen={onChosen}
              />
            </li>
          ))}
        </ul>
      )}
      {discover.isError && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('assistant.searchFailed')}>
          <Why error={discover.error} />
        </Alert>
      )}
      <Button
        variant="default"
        leftSection={<IconRadar2 size={16} />}
        loading={discover.isPending}
        onClick={() => mutate({})}
      >
        {t('assistant.searchAgain')}
      </Button>
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (typed !== '') onChosen({ address: typed, name: '' });
        }}
      >
        <TextInput
          label={t('assistant.address')}
          description={t('assistant.addressHelp')}
          classNames={{ input: 'ltr-input' }}
          dir="ltr"
          placeholder="192.168.1.20"
          value={address}
          error={tried && typed === '' ? t('assistant.addressMissing') : undefined}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setAddress(event.currentTarget.value)}
        />
        <div className="form-end">
          <Button variant="subtle" color="gray" onClick={onByHand}>
            {t('assistant.byHand')}
          </Button>
          <Button type="submit">{t('assistant.next')}</Button>
        </div>
      </form>
    </Step>
  );
}

function DeviceButton(props: { device: FoundDevice; known: boolean; onChosen: (target: Target) => void }) {
  const { device, known, onChosen } = props;
  const { t } = useTranslation();
  return (
    <button type="button" className="device" onClick={() => onChosen({ address: device.xaddr, name: device.name })}>
      <IconDeviceCctv size={22} aria-hidden />
      <span>
        <strong>
          <bdi>{device.name || device.address}</bdi>
        </strong>
        <span className="dim small">
          {device.hardware !== '' && <bdi>{device.hardware} · </bdi>}
          <bdi dir="ltr" className="code">
            {hostAndPort(device.xaddr)}
          </bdi>
          {device.location !== '' && <bdi> · {device.location}</bdi>}
        </span>
      </span>
      {known && <span className="dim small">{t('assistant.known')}</span>}
    </button>
  );
}

function Connect(props: {
  target: Target;
  logIn: LogIn;
  onBack: () => void;
  onAnswer: (answer: Answer, used: LogIn) => void;
}) {
  const { target, onBack, onAnswer } = props;
  const { t } = useTranslation();
  const onvif = useAskOnvif();
  const probe = useProbe();
  const [fields, setFields] = useState(props.logIn);
  const rtsp = isRtsp(target.address);
  const asking = rtsp ? probe : onvif;

  const ask = (used: LogIn) => {
    const credentials = {
      userName: used.userName.trim() || null,
      password: used.password || null,
      fingerprint: used.fingerprint,
    };
    if (rtsp) {
      probe.mutate(
        { url: target.address, ...credentials },
        {
          onSuccess: (data) => {
            if (data.tracks.some((track) => track.supported && track.kind === 'video'))
              onAnswer({ kind: 'rtsp', probe: data, url: target.address }, used);
          },
        },
      );
    } else {
      onvif.mutate(
        { address: target.address, ...credentials },
        {
          onSuccess: (device) => {
            if (device.proposal.main !== null) onAnswer({ kind: 'onvif', device }, used);
          },
        },
      );
    }
  };

  const nothing = rtsp
    ? probe.data &&
      probe.data.tracks
        .map((track) => track.reason)
        .filter(Boolean)
        .join(' ')
    : onvif.data?.proposal.main === null
      ? onvif.data.proposal.reason
      : undefined;
  const kind = asking.error instanceof Problem ? asking.error.extra.kind : undefined;
  const shown = asking.error instanceof Problem ? asking.error.extra.fingerprint : undefined;
  return (
    <Step number={2} title={t('assistant.logIn')}>
      <p className="dim">
        <bdi dir="ltr" className="code">
          {rtsp ? target.address : hostAndPort(target.address)}
        </bdi>
        {target.name !== '' && (
          <>
            {' · '}
            <bdi>{target.name}</bdi>
          </>
        )}
      </p>
      <form
        className="form"
        noValidate
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          ask(fields);
        }}
      >
        <div className="form-pair">
          <TextInput
            label={t('form.userName')}
            value={fields.userName}
            autoComplete="off"
            onChange={(event) => setFields({ ...fields, userName: event.currentTarget.value })}
          />
          <PasswordInput
            label={t('form.password')}
            value={fields.password}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-hidden': true }}
            onChange={(event) => setFields({ ...fields, password: event.currentTarget.value })}
          />
        </div>
        <p className="dim small">{t('assistant.logInHelp')}</p>
        <div role="status">
          {asking.isPending && <p className="dim">{t('form.probing')}</p>}
          {asking.isError && (
            <Alert
              color="red"
              variant="light"
              icon={<IconAlertTriangle size={18} />}
              title={
                kind === 'unauthorised' || kind === 'wrongClock' ? t('assistant.refused') : t('assistant.noAnswer')
              }
            >
              <Why error={asking.error} />
              {!rtsp && kind !== 'unauthorised' && <p>{t('assistant.tryRtsp')}</p>}
            </Alert>
          )}
          {typeof shown === 'string' && (
            <Alert color="yellow" variant="light" icon={<IconLock size={18} />} title={t('assistant.certificate')}>
              <p>{t('assistant.certificateHelp')}</p>
              <p>
                <bdi dir="ltr" className="code fingerprint">
                  {shown.replace(/(..)(?=.)/g, '$1:')}
                </bdi>
              </p>
              <Button
                variant="default"
                size="compact-sm"
                onClick={() => {
                  const trusting = { ...fields, fingerprint: shown };
                  setFields(trusting);
                  ask(trusting);
                }}
              >
                {t('assistant.certificateTrust')}
              </Button>
            </Alert>
          )}
          {nothing !== undefined && nothing !== '' && asking.isSuccess && (
            <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} title={t('form.probeNone')}>
              <Said text={nothing} />
            </Alert>
          )}
        </div>
        <div className="form-end">
          <Button variant="default" leftSection={<IconArrowLeft size={16} className="flip" />} onClick={onBack}>
            {t('assistant.back')}
          </Button>
          <Button type="submit" loading={asking.isPending}>
            {t('assistant.connect')}
          </Button>
        </div>
      </form>
    </Step>
  );
}

function LookAndSave(props: { target: Target; logIn: LogIn; answer: Answer; onBack: () => void; onSaved: () => void }) {
  const { target, logIn, answer, onBack, onSaved } = props;
  const { t } = useTranslation();
  const save = useSaveCamera();
  const device = answer.kind === 'onvif' ? answer.device : null;
  const proposals: OnvifProposal[] = device ? [device.proposal, ...device.others] : [];
  const [chosen, setChosen] = useState(0);
  const proposal = proposals[chosen] ?? null;
  const [main, setMain] = useState(proposal?.main ?? (answer.kind === 'rtsp' ? answer.url : ''));
  const [sub, setSub] = useState(proposal?.sub ?? '');
  const [name, setName] = useState(target.name || device?.device.model || '');
  const [tried, setTried] = useState(false);
  const choices = (device?.profiles ?? []).filter(
    (profile) => profile.url !== null && (profile.encoding === 'H264' || profile.encoding === 'H265'),
  );
  const label = (profile: (typeof choices)[number]) =>
    [
      profile.name,
      profile.encoding === 'H264' ? 'H.264' : 'H.265',
      profile.width !== null && profile.height !== null ? `${profile.width}×${profile.height}` : null,
    ]
      .filter(Boolean)
      .join(' · ');

  const submit = () => {
    setTried(true);
    if (name.trim() === '') return;
    save.mutate(
      {
        id: null,
        input: {
          name: name.trim(),
          main: { url: main },
          sub: sub === '' ? null : { url: sub },
          userName: logIn.userName.trim() || null,
          password: logIn.password || null,
          fingerprint: logIn.fingerprint,
          onvif: device
            ? { url: device.address, profile: device.profiles.find((each) => each.url === main)?.token ?? null }
            : null,
        },
      },
      {
        onSuccess: (camera) => {
          toast(t('cameras.saved', { camera: camera.name }));
          onSaved();
        },
      },
    );
  };

  return (
    <Step number={3} title={t('assistant.look')}>
      <PreviewPicture
        key={`${main} ${sub}`}
        request={{
          url: main,
          sub: sub || null,
          userName: logIn.userName.trim() || null,
          password: logIn.password || null,
          fingerprint: logIn.fingerprint,
        }}
      />
      {device && <DeviceFacts device={device} />}
      <form
        className="form"
        noValidate
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {proposals.length > 1 && (
          <NativeSelect
            label={t('assistant.which')}
            value={String(chosen)}
            onChange={(event) => {
              const next = Number(event.currentTarget.value);
              setChosen(next);
              setMain(proposals[next]?.main ?? '');
              setSub(proposals[next]?.sub ?? '');
            }}
            data={proposals.map((_, index) => ({
              value: String(index),
              label: t('assistant.nth', { number: index + 1 }),
            }))}
          />
        )}
        {choices.length > 0 && (
          <>
            <NativeSelect
              label={t('form.main')}
              description={t('form.mainHelp')}
              value={main}
              onChange={(event) => setMain(event.currentTarget.value)}
              data={choices.map((profile) => ({ value: profile.url ?? '', label: label(profile) }))}
            />
            <NativeSelect
              label={t('form.sub')}
              description={t('form.subHelp')}
              value={sub}
              onChange={(event) => setSub(event.currentTarget.value)}
              data={[
                { value: '', label: t('assistant.noSub') },
                ...choices
                  .filter((profile) => profile.url !== main)
                  .map((profile) => ({ value: profile.url ?? '', label: label(profile) })),
              ]}
            />
            {proposal && main === proposal.main && (
              <p className="dim small">
                <Said text={proposal.reason} />
              </p>
            )}
          </>
        )}
        {answer.kind === 'rtsp' && (
          <TextInput
            label={t('form.sub')}
            description={t('form.subHelp')}
            classNames={{ input: 'ltr-input' }}
            dir="ltr"
            defaultValue={sub}
            spellCheck={false}
            onBlur={(event) => setSub(event.currentTarget.value.trim())}
          />
        )}
        <TextInput
          label={t('form.name')}
          description={t('form.nameHelp')}
          value={name}
          maxLength={100}
          error={tried && name.trim() === '' ? t('form.nameMissing') : undefined}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {save.isError && (
          <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('form.saveFailed')}>
            <Why error={save.error} />
          </Alert>
        )}
        <div className="form-end">
          <Button variant="default" leftSection={<IconArrowLeft size={16} className="flip" />} onClick={onBack}>
            {t('assistant.back')}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {t('assistant.save')}
          </Button>
        </div>
      </form>
    </Step>
  );
}

function DeviceFacts({ device }: { device: OnvifAnswer }) {
  const { t } = useTranslation();
  const format = useFormat();
  const offset = device.clockOffsetSeconds;
  return (
    <dl className="facts">
      <div>
        <dt>{t('assistant.device')}</dt>
        <dd>
          <bdi>{[device.device.manufacturer, device.device.model].filter(Boolean).join(' ')}</bdi>
        </dd>
      </div>
      {device.device.firmware !== '' && (
        <div>
          <dt>{t('assistant.firmware')}</dt>
          <dd>
            <bdi dir="ltr">{device.device.firmware}</bdi>
          </dd>
        </div>
      )}
      <div>
        <dt>{t('assistant.clock')}</dt>
        <dd className={offset === null || Math.abs(offset) > clockTolerance ? 'amber' : ''}>
          {clockWords(t, format, offset)}
        </dd>
      </div>
      <div>
        <dt>{t('assistant.can')}</dt>
        <dd>
          {[device.ptz && t('assistant.canTurn'), device.events && t('assistant.canReport')]
            .filter(Boolean)
            .join(' · ') || t('assistant.canNothing')}
        </dd>
      </div>
    </dl>
  );
}

function hostOf(address: string): string {
  return /^[a-z]+:\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/?#]*)/i.exec(address)?.[1] ?? '';
}

function hostAndPort(address: string): string {
  return /^[a-z]+:\/\/([^/?#]*)/i.exec(address)?.[1] ?? address;
}

/** Simulated devices share one address; there the port tells them apart. */
const isLoopback = (address: string) => address.startsWith('127.') || address === '::1';
