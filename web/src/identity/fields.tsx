import { Alert } from '@mantine/core';
import type { ReactNode } from 'react';
import { Problem } from '../api/problem';
import { Said, Why } from '../shell/Notice';

/** What the node says is wrong with a field (RFC 9457's `errors`), to stand beside it. */
export function faultOf(error: unknown, field: string): ReactNode {
  const said = error instanceof Problem ? error.errors[field] : undefined;
  return said === undefined ? undefined : <Said text={said.join(' ')} />;
}

/** A problem that no field of the form shows already. */
export function Remaining({ error, fields }: { error: unknown; fields: readonly string[] }) {
  if (error === null || error === undefined) return null;
  const wrong = error instanceof Problem ? Object.keys(error.errors) : [];
  if (wrong.length > 0 && wrong.every((field) => fields.includes(field))) return null;
  return (
    <Alert color="red" role="alert">
      <Why error={error} />
    </Alert>
  );
}
