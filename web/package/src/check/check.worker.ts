import { examine, type Findings } from './check';

export type FromWorker =
  { kind: 'progress'; part: number } | { kind: 'found'; found: Findings } | { kind: 'failed'; why: string };

const answer = (message: FromWorker) => postMessage(message);

onmessage = ({ data }: MessageEvent<Blob>) => {
  let told = 0;
  examine(data, (part) => {
    if (part - told < 0.005 && part < 1) return;
    told = part;
    answer({ kind: 'progress', part });
  }).then(
    (found) => answer({ kind: 'found', found }),
    (error: unknown) => answer({ kind: 'failed', why: String(error) }),
  );
};
