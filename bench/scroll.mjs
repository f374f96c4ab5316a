// Scrolls the queue of open alarms in Chromium and tells what each frame took. Started by scroll.py: PLAYWRIGHT ADDRESS AUTHORIZATION SECONDS.
import { createRequire } from 'node:module';

const [, , playwright, address, authorization, seconds] = process.argv;
const { chromium } = createRequire(import.meta.url)(playwright);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, extraHTTPHeaders: { Authorization: authorization } });
const page = await context.newPage();
await page.goto(`${address}/situation`);
await page.waitForSelector('.queue [role=listitem]', { timeout: 60_000 });
const rows = Number(await page.getAttribute('.queue [role=listitem]', 'aria-setsize'));
await page.waitForTimeout(1500);

const devtools = await context.newCDPSession(page);
const events = [];
devtools.on('Tracing.dataCollected', ({ value }) => events.push(...value));
await devtools.send('Tracing.start', {
  transferMode: 'ReportEvents',
  traceConfig: { includedCategories: ['devtools.timeline', 'toplevel', 'disabled-by-default-devtools.timeline'] },
});
const frames = await page.evaluate(
  (ms) =>
    new Promise((resolve) => {
      const queue = document.querySelector('.queue');
      const distances = [];
      const began = performance.now();
      let last = began;
      let by = 40;
      let most = 0;
      requestAnimationFrame(function frame(now) {
        distances.push(now - last);
        last = now;
        most = Math.max(most, queue.querySelectorAll('[role=listitem]').length);
        if (queue.scrollTop + queue.clientHeight >= queue.scrollHeight - 1) by = -40;
        else if (queue.scrollTop <= 0) by = 40;
        queue.scrollTop += by;
        if (now - began < ms) requestAnimationFrame(frame);
        else resolve({ distances: distances.slice(1), most });
      });
    }),
  Number(seconds) * 1000,
);
await Promise.all([new Promise((done) => devtools.once('Tracing.tracingComplete', done)), devtools.send('Tracing.end')]);
await browser.close();

// The thread that runs the page's frames; of it the tasks, each to the frame in which it began.
const beats = events.filter(({ name }) => name === 'FireAnimationFrame').sort((a, b) => a.ts - b.ts);
const thread = beats[0]?.tid;
const process_ = beats[0]?.pid;
const tasks = events.filter(
  ({ name, tid, pid, ph }) => tid === thread && pid === process_ && ph === 'X' && name === 'RunTask',
);
const work = beats.slice(0, -1).map((beat, i) => {
  const end = beats[i + 1].ts;
  return tasks.reduce((sum, { ts, dur }) => (ts + dur > beat.ts && ts < end ? sum + Math.min(ts + dur, end) - Math.max(ts, beat.ts) : sum), 0) / 1000;
});
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];
process.stdout.write(
  JSON.stringify({
    rows,
    rows_in_document: frames.most,
    frames: frames.distances.length,
    frames_a_second: (1000 * frames.distances.length) / frames.distances.reduce((a, b) => a + b, 0),
    frame_p50_ms: quantile(frames.distances, 0.5),
    frame_p95_ms: quantile(frames.distances, 0.95),
    frame_most_ms: Math.max(...frames.distances),
    late_frames: frames.distances.filter((ms) => ms > 25).length,
    thread_p50_ms: quantile(work, 0.5),
    thread_p95_ms: quantile(work, 0.95),
    thread_p99_ms: quantile(work, 0.99),
  }),
);
