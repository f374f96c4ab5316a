import { timeOf } from './bytes';

// manifest.json as ref/package.md has it. Times are microseconds since 1970.

export interface Seal {
  leaf: number;
  entry: string;
  salt: string;
  record: string;
  proof: string[];
}

export interface Stretch {
  camera: string;
  name: string;
  stream: string;
  from: number;
  to: number;
}

export interface Fragment {
  /** Milliseconds from the file's start. */
  at: number;
  offset: number;
  length: number;
  sha256: string;
}

export interface Origin {
  camera: string;
  stream: string;
  start: number;
  end: number;
  sha256: string;
  seal: Seal | null;
}

export interface Clip {
  path: string;
  camera: string;
  stream: string;
  start: number;
  end: number;
  codecs: string;
  width: number;
  height: number;
  seal: Seal | null;
  fragments: Fragment[];
  derived: { why: string; what: string; from: Origin[] } | null;
}

export interface Gap {
  camera: string;
  stream: string;
  from: number;
  to: number;
  cause: string;
  detail: string;
  seal: Seal | null;
}

export interface Custody {
  what: string;
  at: number;
  by: string;
  detail: string;
  seal: Seal | null;
}

export interface PackedFile {
  path: string;
  bytes: number;
  sha256: string;
}

export interface Person {
  name: string;
}

export interface Manifest {
  id: string;
  created: number;
  title: string;
  language: string;
  organisation: string;
  site: string;
  log: { name: string; key: string };
  certificate: string;
  purpose: { id: string; text: string; reference: string };
  createdBy: Person;
  agreedBy: (Person & { at: number | null }) | null;
  incident: { id: string; title: string; text: string } | null;
  release: { legalBasis: string; recipient: string } | null;
  stretches: Stretch[];
  video: Clip[];
  gaps: Gap[];
  custody: Custody[];
  files: PackedFile[];
}

/** What isn't as the format says, and where. */
export class FormFault extends Error {}

class Node {
  constructor(
    readonly value: unknown,
    readonly path: string,
  ) {}

  #fail(wanted: string): never {
    throw new FormFault(`${this.path} isn't ${wanted}`);
  }
  get(name: string): Node {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) this.#fail('an object');
    return new Node((this.value as Record<string, unknown>)[name], this.path === '' ? name : `${this.path}.${name}`);
  }
  text(): string {
    return typeof this.value === 'string' ? this.value : this.#fail('a text');
  }
  /** Null and what is left out are empty. */
  words(): string {
    return this.isNothing ? '' : this.text();
  }
  /** Not negative. */
  count(): number {
    return typeof this.value === 'number' && Number.isSafeInteger(this.value) && this.value >= 0
      ? this.value
      : this.#fail('a count');
  }
  time(): number {
    return timeOf(this.text()) ?? this.#fail('a time');
  }
  digest(): string {
    return /^[0-9a-f]{64}$/.test(this.text()) ? this.text() : this.#fail('a SHA-256');
  }
  list<T>(each: (node: Node) => T): T[] {
    if (!Array.isArray(this.value)) this.#fail('a list');
    return this.value.map((value: unknown, index) => each(new Node(value, `${this.path}[${index}]`)));
  }
  maybe<T>(read: (node: Node) => T): T | null {
    return this.isNothing ? null : read(this);
  }
  get isNothing(): boolean {
    return this.value === null || this.value === undefined;
  }
}

const seal = (node: Node): Seal => ({
  leaf: node.get('leaf').count(),
  entry: node.get('entry').text(),
  salt: node.get('salt').text(),
  record: node.get('record').text(),
  proof: node.get('proof').list((hash) => hash.text()),
});

const clip = (node: Node): Clip => ({
  path: node.get('path').text(),
  camera: node.get('camera').text(),
  stream: node.get('stream').text(),
  start: node.get('start').time(),
  end: node.get('end').time(),
  codecs: node.get('codecs').words(),
  width: node.get('width').maybe((n) => n.count()) ?? 0,
  height: node.get('height').maybe((n) => n.count()) ?? 0,
  seal: node.get('seal').maybe(seal),
  fragments:
    node.get('fragments').maybe((fragments) =>
      fragments.list((n) => ({
        at: n.get('at').count(),
        offset: n.get('offset').count(),
        length: n.get('length').count(),
        sha256: n.get('sha256').digest(),
      })),
    ) ?? [],
  derived: node.get('derived').maybe((derived) => ({
    why: derived.get('why').text(),
    what: derived.get('what').words(),
    from: derived.get('from').list((n) => ({
      camera: n.get('camera').text(),
      stream: n.get('stream').text(),
      start: n.get('start').time(),
      end: n.get('end').time(),
      sha256: n.get('sha256').digest(),
      seal: n.get('seal').maybe(seal),
    })),
  })),
});

function manifest(node: Node): Manifest {
  if (node.get('format').text() !== 'atalaya-package-1')
    throw new FormFault('format is one that this page does not know');
  const stretch = (n: Node) => ({ camera: n.get('camera').text(), stream: n.get('stream').text() });
  const between = (n: Node) => ({ from: n.get('from').time(), to: n.get('to').time() });
  return {
    id: node.get('id').text(),
    created: node.get('created').time(),
    title: node.get('title').text(),
    language: node.get('language').text(),
    organisation: node.get('organisation').words(),
    site: node.get('site').words(),
    log: { name: node.get('log').get('name').text(), key: node.get('log').get('key').text() },
    certificate: node.get('certificate').words(),
    purpose: {
      id: node.get('purpose').maybe((n) => n.get('id').words()) ?? '',
      text: node.get('purpose').maybe((n) => n.get('text').words()) ?? '',
      reference: node.get('purpose').maybe((n) => n.get('reference').words()) ?? '',
    },
    createdBy: { name: node.get('createdBy').get('name').text() },
    agreedBy: node
      .get('agreedBy')
      .maybe((n) => ({ name: n.get('name').text(), at: n.get('at').maybe((at) => at.time()) })),
    incident: node.get('incident').maybe((n) => ({
      id: n.get('id').words(),
      title: n.get('title').words(),
      text: n.get('text').words(),
    })),
    release: node
      .get('release')
      .maybe((n) => ({ legalBasis: n.get('legalBasis').words(), recipient: n.get('recipient').words() })),
    stretches: node.get('stretches').list((n) => ({ ...stretch(n), ...between(n), name: n.get('name').words() })),
    video: node.get('video').list(clip),
    gaps: node.get('gaps').list((n) => ({
      ...stretch(n),
      ...between(n),
      cause: n.get('cause').text(),
      detail: n.get('detail').words(),
      seal: n.get('seal').maybe(seal),
    })),
    custody: node.get('custody').list((n) => ({
      what: n.get('what').text(),
      at: n.get('at').time(),
      by: n.get('by').words(),
      detail: n.get('detail').words(),
      seal: n.get('seal').maybe(seal),
    })),
    // The facts in a package's own copy of this page have none.
    files:
      node.get('files').maybe((files) =>
        files.list((n) => ({
          path: n.get('path').text(),
          bytes: n.get('bytes').count(),
          sha256: n.get('sha256').digest(),
        })),
      ) ?? [],
  };
}

/** @throws FormFault */
export function readManifest(value: unknown): Manifest {
  return manifest(new Node(value, ''));
}

/** @throws FormFault */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormFault("it isn't JSON");
  }
  return readManifest(value);
}
