import { useCallback, useEffect, useRef, useState } from 'react';
import type { Findings } from './check/check';
import type { FromWorker } from './check/check.worker';
import CheckWorker from './check/check.worker?worker&inline';
import { readManifest, type Clip, type Manifest } from './check/manifest';
import { dataOf } from './check/zip';

export type Check =
  | { state: 'none' }
  | { state: 'running'; file: string; part: number }
  | { state: 'failed'; file: string; why: string }
  /** To somebody's key (age): nothing of it can be read before. */
  | { state: 'encrypted'; file: string }
  | { state: 'done'; file: string; found: Findings };

/** What the node wrote into the copy of this page that a package carries; null in an own copy. */
function factsOfPage(): Manifest | null {
  try {
    const facts = document.getElementById('package')?.textContent ?? '';
    return facts === '' ? null : readManifest(JSON.parse(facts));
  } catch {
    return null;
  }
}

const ageStart = 'age-encryption.org/v1';
const relative = /^video\/[\w.-]+\/[\w.-]+\/[\w.-]+$/;

export interface OpenPackage {
  facts: Manifest | null;
  check: Check;
  /** Checks a file, and from then on plays what it holds. */
  open: (file: File) => void;
  /** Where a clip is played from. */
  urlOf: (clip: Clip) => string;
}

/** A package: beside this page, or in a file that somebody gave. */
export function usePackage(): OpenPackage {
  const [facts, setFacts] = useState(factsOfPage);
  const [check, setCheck] = useState<Check>({ state: 'none' });
  const worker = useRef<Worker | null>(null);
  const opened = useRef<{ zip: Blob; found: Findings } | null>(null);
  const urls = useRef<string[]>([]);

  const drop = () => {
    worker.current?.terminate();
    worker.current = null;
    for (const url of urls.current) URL.revokeObjectURL(url);
    urls.current = [];
  };
  useEffect(() => drop, []);

  const open = useCallback((file: File) => {
    drop();
    // Of the last file nothing can be played any more.
    if (opened.current) setFacts(factsOfPage());
    opened.current = null;
    const running = (worker.current = new CheckWorker());
    setCheck({ state: 'running', file: file.name, part: 0 });
    const failed = (why: string) => setCheck({ state: 'failed', file: file.name, why });
    running.onerror = (event) => failed(event.message);
    running.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (worker.current !== running) return;
      if (data.kind === 'progress') setCheck({ state: 'running', file: file.name, part: data.part });
      else if (data.kind === 'failed') failed(data.why);
      else {
        running.terminate();
        if (data.found.manifest) {
          // What is played from here on is what was checked.
          opened.current = { zip: file, found: data.found };
          setFacts(data.found.manifest);
        }
        setCheck({ state: 'done', file: file.name, found: data.found });
      }
    };
    void file
      .slice(0, ageStart.length)
      .text()
      .catch(() => '')
      .then((start) => {
        if (worker.current !== running) return;
        if (start === ageStart) setCheck({ state: 'encrypted', file: file.name });
        else running.postMessage(file);
      });
  }, []);

  const urlOf = useCallback((clip: Clip) => {
    const from = opened.current;
    if (!from) return relative.test(clip.path) && !clip.path.includes('..') ? `./${clip.path}` : '';
    const entry = from.found.entries.find(({ name }) => name === clip.path);
    if (!entry) return '';
    const url = URL.createObjectURL(dataOf(from.zip, entry, 'video/mp4'));
    urls.current.push(url);
    return url;
  }, []);

  return { facts, check, open, urlOf };
}
