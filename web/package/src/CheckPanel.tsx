import { useId, useMemo, useState } from 'react';
import { judge, type Fault, type Findings } from './check/check';
import type { Manifest } from './check/manifest';
import { isSigner, parseKey, type NoteKey } from './check/note';
import { ms, useReader } from './reader';
import type { Check } from './usePackage';
import { fill } from './words';

const shownFaults = 30;
const signs = { authentic: '✓', authenticWithGaps: '✓', altered: '✕', unknownSigner: '?', incomplete: '!' } as const;

interface Props {
  check: Check;
  facts: Manifest | null;
  onOpen: (file: File) => void;
}

/** Whether it is what was signed: what is asked for, how far it is, and what came of it. */
export function CheckPanel({ check, facts, onOpen }: Props) {
  const { w, format } = useReader();
  const id = useId();
  // Kept from file to file: who checks several has one key.
  const [pasted, setPasted] = useState('');
  return (
    <section
      className="panel"
      aria-labelledby={id}
      data-check={check.state}
      data-file={check.state === 'none' ? '' : check.file}
    >
      <h2 id={id}>{w.check}</h2>
      {check.state === 'none' && <p>{facts ? w.notChecked : w.notCheckedOwn}</p>}
      {check.state === 'running' && (
        <div role="status">
          <p>{fill(w.running, { file: check.file, percent: format.percent(check.part) })}</p>
          <progress value={check.part} max={1} aria-label={w.check} />
        </div>
      )}
      {check.state === 'failed' && (
        <p role="alert" className="red">
          {fill(w.failed, { file: check.file, why: check.why })}
        </p>
      )}
      {check.state === 'encrypted' && (
        <div role="alert">
          <p>{fill(w.encrypted, { file: check.file })}</p>
          <pre dir="ltr">age -d -i KEYFILE -o package.zip package.zip.age</pre>
        </div>
      )}
      {check.state === 'done' && <Verdict found={check.found} pasted={pasted} onPaste={setPasted} />}
      <p>
        <label className="button">
          {check.state === 'none' ? w.choose : w.chooseOther}
          <input
            type="file"
            accept=".zip,application/zip"
            className="hidden-field"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file) onOpen(file);
            }}
          />
        </label>{' '}
        <span className="dim">
          {w.drop}. {w.stays}
        </span>
      </p>
      <details open={check.state === 'done'}>
        <summary>{w.cantProve}</summary>
        <p>{w.cantProveText}</p>
      </details>
    </section>
  );
}

function Verdict({ found, pasted, onPaste }: { found: Findings; pasted: string; onPaste: (text: string) => void }) {
  const { w, format } = useReader();
  const { known, bad } = useMemo(() => readKeys(pasted), [pasted]);
  const { verdict, faults, witnesses, isSignerKnown, isSignerSpent } = useMemo(
    () => judge(found, known),
    [found, known],
  );
  const signer = found.signer;
  const said = w.verdicts[verdict];
  const fieldId = useId();
  return (
    <>
      <div className="verdict" data-verdict={verdict} role="status">
        <span className="sign" aria-hidden>
          {signs[verdict]}
        </span>
        <div>
          <p className="verdict-title">{said.title}</p>
          <p>{fill(said.text, { signer: signer?.name ?? '' })}</p>
        </div>
      </div>
      {faults.length > 0 && (
        <>
          <h3>{w.allFaults}</h3>
          <ul className="faults">
            {faults.slice(0, shownFaults).map((fault, index) => (
              <FaultLine key={index} fault={fault} />
            ))}
            {faults.length > shownFaults && (
              <li>{fill(w.more, { count: format.number(faults.length - shownFaults) })}</li>
            )}
          </ul>
        </>
      )}
      {found.checkpoint && (
        <p className="dim">
          {fill(w.summary, {
            files: format.number(found.files),
            size: format.bytes(found.bytes),
            proofs: format.number(found.proofs),
            log: found.checkpoint.origin,
            leaves: format.number(found.checkpoint.size),
          })}
        </p>
      )}
      {signer && (
        <>
          <h3>{w.signedBy}</h3>
          <p>
            <span className="dim">{w.key}:</span> <code dir="ltr">{signer.text}</code>
          </p>
          <p>{isSignerKnown ? w.signerKnown : `${w.signerUnknown} ${w.keyCompare}`}</p>
          {found.changes.map((change) => (
            <p key={change.size} className="dim">
              {fill(w.keyChanges, { time: format.dateTime(Date.parse(change.time)), reason: change.reason })}{' '}
              <code dir="ltr">
                {change.earlier.text} → {change.next.text}
              </code>
            </p>
          ))}
          <label htmlFor={fieldId} className="field-label">
            {w.keyPaste}
          </label>
          <textarea
            id={fieldId}
            dir="ltr"
            rows={2}
            spellCheck={false}
            autoComplete="off"
            value={pasted}
            aria-describedby={`${fieldId}-hint`}
            onChange={(event) => onPaste(event.currentTarget.value)}
          />
          <p id={`${fieldId}-hint`} className="dim small">
            {w.keyPasteHint}
          </p>
          {bad.map((text) => (
            <p key={text} className="red" role="alert">
              {fill(w.keyBad, { key: text })}
            </p>
          ))}
          {!isSignerKnown && known.some(isSigner) && (
            <p className="red" role="alert">
              {isSignerSpent ? w.keySpent : w.keyOther}
            </p>
          )}
        </>
      )}
      <h3>{w.witnesses}</h3>
      {found.cosignatures.length === 0 && <p className="dim">{w.noWitness}</p>}
      <ul className="plain">
        {found.cosignatures.map((signature, index) => (
          <li key={index}>
            <bdi>{signature.name}</bdi>, {format.dateTime(signature.at)}:{' '}
            {witnesses.includes(signature) ? w.witnessKnown : w.witnessUnknown}
          </li>
        ))}
      </ul>
      <details>
        <summary>{w.otherTools}</summary>
        <pre dir="ltr">{`atalaya-verify PACKAGE.zip --key '${signer?.text ?? 'KEY'}'`}</pre>
        <p>{w.sumsText}</p>
        <pre dir="ltr">sha256sum -c SHA256SUMS</pre>
        <p>{w.cmsText}</p>
        <pre dir="ltr">
          openssl cms -verify -binary -inform DER -in manifest.json.p7s -content manifest.json -noverify -out /dev/null
        </pre>
        <p>{found.hasTimestamp ? w.timestampThere : w.timestampNone}</p>
        {found.hasTimestamp && (
          <pre dir="ltr">openssl ts -verify -in manifest.json.tsr -data manifest.json -CAfile TSA.pem</pre>
        )}
      </details>
    </>
  );
}

function FaultLine({ fault }: { fault: Fault }) {
  const { w, format } = useReader();
  return (
    <li data-fault={fault.code} data-where={fault.where}>
      {fill(w.faults[fault.code], { where: fault.where, detail: fault.detail })}
      {fault.times.length > 0 && (
        <ul>
          {fault.times.slice(0, shownFaults).map(({ from, to }) => (
            <li key={from} data-from={from} data-to={to}>
              {fill(w.between, {
                from: `${format.date(ms(from))} ${format.timeMs(ms(from))}`,
                to: format.timeMs(ms(to)),
              })}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function readKeys(text: string): { known: NoteKey[]; bad: string[] } {
  const known: NoteKey[] = [];
  const bad: string[] = [];
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const key = parseKey(line);
    if (key) known.push(key);
    else bad.push(line.trim().slice(0, 60));
  }
  return { known, bad };
}
