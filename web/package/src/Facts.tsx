import { useId, type ReactNode } from 'react';
import type { Manifest } from './check/manifest';
import { ms, useReader } from './reader';
import { cameraWords } from './signed';
import { causeOf, fill } from './words';

/** What a package says of itself: who made it for what, whose hands it went through, what it lacks, what was made from what. */
export function Facts({ facts, isChecked }: { facts: Manifest; isChecked: boolean }) {
  const { w, format } = useReader();
  const names = new Map(facts.stretches.map(({ camera, name }) => [camera, name === '' ? camera : name]));
  const derived = facts.video.filter((clip) => clip.derived !== null);
  const signed = cameraWords(facts);
  const at = (time: number) => format.dateTime(ms(time));
  const purpose = w.purposes[facts.purpose.id] ?? (facts.purpose.text === '' ? facts.purpose.id : facts.purpose.text);
  return (
    <>
      <Panel title={w.about}>
        <dl>
          <Fact name={w.organisation}>{facts.organisation}</Fact>
          <Fact name={w.site}>{facts.site}</Fact>
          <Fact name={w.purpose}>{purpose}</Fact>
          <Fact name={w.reference}>{facts.purpose.reference}</Fact>
          <Fact name={w.createdBy}>{facts.createdBy.name}</Fact>
          <Fact name={w.created}>{at(facts.created)}</Fact>
          <Fact name={w.agreedBy}>
            {facts.agreedBy &&
              `${facts.agreedBy.name}${facts.agreedBy.at === null ? '' : ` · ${at(facts.agreedBy.at)}`}`}
          </Fact>
          <Fact name={w.incident}>
            {facts.incident && [facts.incident.title, facts.incident.text].filter(Boolean).join(' · ')}
          </Fact>
          <Fact name={w.recipient}>{facts.release?.recipient}</Fact>
          <Fact name={w.legalBasis}>{facts.release?.legalBasis}</Fact>
          <Fact name={w.number}>{facts.id}</Fact>
        </dl>
      </Panel>
      <Panel title={w.gaps}>
        {facts.gaps.length === 0 && <p>{w.noGaps}</p>}
        <ul className="plain">
          {facts.gaps.map((gap) => (
            <li key={`${gap.camera} ${gap.stream} ${gap.from}`}>
              <bdi>{names.get(gap.camera) ?? gap.camera}</bdi>: {at(gap.from)} – {format.time(ms(gap.to))} (
              {format.duration(ms(gap.to - gap.from))}) · <strong>{causeOf(w, gap.cause)}</strong>
              {gap.detail !== '' && (
                <>
                  {' '}
                  <bdi lang="en">({gap.detail})</bdi>
                </>
              )}
              {/* The page's own facts come without seals. */}
              {isChecked && <span className="dim"> · {gap.seal ? w.gapSealed : w.gapNotSealed}</span>}
            </li>
          ))}
        </ul>
      </Panel>
      {derived.length > 0 && (
        <Panel title={w.derived}>
          <p>{w.derivedText}</p>
          <ul className="plain">
            {derived.map((clip) => (
              <li key={clip.path}>
                <bdi>{names.get(clip.camera) ?? clip.camera}</bdi>, {at(clip.start)}:{' '}
                {w.derivedWhy[clip.derived?.why ?? ''] ?? clip.derived?.why}
                {clip.derived?.what && (
                  <>
                    {' '}
                    · <bdi>{clip.derived.what}</bdi>
                  </>
                )}
                <ul>
                  {clip.derived?.from.map((origin) => (
                    <li key={origin.sha256} className="dim">
                      {fill(w.derivedFrom, { time: at(origin.start), digest: `${origin.sha256.slice(0, 16)}…` })}
                    </li>
                  ))}
                </ul>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {derived.length < facts.video.length && (
        <Panel title={w.cameraSigned}>
          <p className="dim">{w.cameraSignedText}</p>
          {signed.length === 0 && <p>{w.cameraSignedNone}</p>}
          <ul className="plain">
            {signed.map(({ camera, verdict, detail, certificate }, index) => (
              <li key={index} data-verdict={verdict ?? ''}>
                <bdi>{camera}</bdi>
                {verdict && (
                  <>
                    {': '}
                    <strong className={verdict === 'notAuthentic' ? 'red' : undefined}>
                      {w.cameraVerdicts[verdict]}
                    </strong>
                  </>
                )}{' '}
                <bdi lang="en" className="dim">
                  {certificate} {detail}
                </bdi>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title={w.custody}>
        <ol className="plain">
          {facts.custody.map((step, index) => (
            <li key={index}>
              {at(step.at)} · <strong>{w.steps[step.what] ?? step.what}</strong>
              {step.by !== '' && ` · ${fill(w.by, { name: step.by })}`}
              {step.detail !== '' && (
                <>
                  {' '}
                  · <bdi>{step.detail}</bdi>
                </>
              )}
            </li>
          ))}
        </ol>
      </Panel>
    </>
  );
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** Left out where there is nothing to say. */
function Fact({ name, children }: { name: string; children: ReactNode }) {
  if (children === null || children === undefined || children === '') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{children}</bdi>
      </dd>
    </div>
  );
}
