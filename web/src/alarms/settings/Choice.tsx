import { Chip } from '@mantine/core';

interface Props<T extends string> {
  label: string;
  hint?: string;
  value: readonly T[];
  all: readonly { value: T; label: string }[];
  error?: string | undefined;
  onChange: (value: T[]) => void;
}

/** Any of several, all of them seen at once. */
export function Choice<T extends string>({ label, hint, value, all, error, onChange }: Props<T>) {
  // What was chosen and is no more stays, so that it can be taken away.
  const gone = value.filter((each) => all.every((known) => known.value !== each));
  return (
    <fieldset className="plain choice">
      <legend>{label}</legend>
      <Chip.Group multiple value={[...value]} onChange={(next) => onChange(next)}>
        <div className="chips">
          {[...all, ...gone.map((each) => ({ value: each, label: each }))].map((each) => (
            <Chip key={each.value} size="xs" value={each.value}>
              <bdi>{each.label}</bdi>
            </Chip>
          ))}
        </div>
      </Chip.Group>
      {hint !== undefined && <p className="dim small">{hint}</p>}
      {error !== undefined && (
        <p className="red small" role="alert">
          <bdi>{error}</bdi>
        </p>
      )}
    </fieldset>
  );
}
