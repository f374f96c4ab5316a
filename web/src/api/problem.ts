/** What went wrong with a request, in the server's words (RFC 9457) or, with status 0, without any answer. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: Record<string, string[]> = {},
    /** What else the problem says, such as its kind in one word. */
    readonly extra: Record<string, unknown> = {},
  ) {
    super(detail || title);
    this.name = 'Problem';
  }

  static from(status: number, body: unknown): Problem {
    if (typeof body !== 'object' || body === null) return new Problem(status, '', '');
    const { title, detail, errors, ...extra } = body as Record<string, unknown>;
    return new Problem(
      status,
      typeof title === 'string' ? title : '',
      typeof detail === 'string' ? detail : '',
      typeof errors === 'object' && errors !== null ? (errors as Record<string, string[]>) : {},
      extra,
    );
  }
}
