#!/usr/bin/env python3
"""The timeline of a month of 20 cameras, through the API of a real node, as the page asks: overviews, gaps, seek to the first byte of video.

  bench/timeline.py [--days 30] [--cameras 20] [--rounds 200] [--cold] [--keep]

Makes the archive first (bench/archive.py; kept under .cache/bench/timeline with --keep). --cold drops the database and the footage from the
page cache before every request of a second pass.
"""
import argparse
import datetime
import http.client
import json
import os
import random
import re
import shutil
import time

import archive
from bench import CACHE, emit, machine, token

MINUTE, DAY = 60_000, 86_400_000
WIDTH = 1400            # pixels of a strip on a full screen
WINDOW = 30 * MINUTE    # web/src/timeline/windows.ts
BAR_MS = 100


def utc(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03}Z"


def resolution(span):
    """As the page: a power of two of milliseconds, at most a pixel."""
    return 1 << (int(span / WIDTH).bit_length() - 1)


class Client:
    def __init__(self, port, bearer):
        self.headers = {"Authorization": f"Bearer {bearer}", "Atalaya-Purpose": "technical"}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.connect()

    def get(self, path, **headers):
        """Status, headers, body, and ms to its first byte."""
        began = time.perf_counter()
        self.connection.request("GET", path, headers=self.headers | headers)
        response = self.connection.getresponse()
        first = response.read(1)
        took = 1000 * (time.perf_counter() - began)
        body = first + response.read()
        if response.status >= 400:
            raise SystemExit(f"{path}: {response.status} {body[:300]!r}")
        return took, body, 1000 * (time.perf_counter() - began)


def forget(root):
    """Clean pages of the database and of the templates' bytes leave the page cache."""
    paths = [root / "data" / "atalaya.db", *forget.samples]
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def measures(client, facts, rng):
    """Name → one measurement in ms, each at another instant."""
    begin, end = facts["begin_us"] // 1000, facts["end_us"] // 1000
    cameras = [f"cam-{n:02}" for n in range(1, facts["cameras"] + 1)]

    def overview(span):
        start = begin + rng.randrange(max(1, end - begin - span))
        return client.get(f"/api/timeline?from={utc(start)}&to={utc(start + span)}&resolution={resolution(span)}")[2]

    def gaps(camera):
        answer = client.get(f"/api/cameras/{camera}/timeline?from={utc(begin)}&to={utc(end)}")
        json.loads(answer[1])["gaps"][0]
        return answer[2]

    def seek():
        camera = rng.choice(cameras)
        while True:
            at = begin + rng.randrange(end - begin)
            window = at // WINDOW * WINDOW
            spans = json.loads(client.get(f"/api/cameras/{camera}/timeline?from={utc(window)}&to={utc(window + WINDOW)}")[1])["segments"]
            if any(a <= at < b for a, b in spans):
                break
        if args.cold_now:
            forget(args.root)
        _, playlist, took = client.get(f"/api/cameras/{camera}/playback.m3u8?from={utc(window)}&to={utc(window + WINDOW)}&stream=main")
        # The entry that holds the instant, and the init segment before it: what the page's player fetches next.
        entry = init = None
        for line in playlist.decode().split("\n"):
            if line.startswith("#EXT-X-MAP"):
                map_uri, length, offset = re.match(r'#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@(\d+)"', line).groups()
            elif line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
                wall = datetime.datetime.fromisoformat(line.split(":", 1)[1]).timestamp() * 1000
            elif line.startswith("#EXT-X-BYTERANGE:"):
                size, start = line.split(":")[1].split("@")
            elif line.startswith("segments/") and (entry is None or wall <= at):
                entry, init = (line, int(start), int(size)), (map_uri, int(offset), int(length))
        for uri, start, size in (init, entry):
            first, body, _ = client.get(f"/api/cameras/{camera}/{uri}", Range=f"bytes={start}-{start + size - 1}")
            took += first
            if len(body) != size:
                raise SystemExit(f"{uri}: {len(body)} bytes instead of {size}")
        if body[4:8] != b"moof":
            raise SystemExit(f"{entry}: no fragment begins there")
        return took

    month = min(30 * DAY, end - begin - 1)
    return {
        "a day of all cameras": lambda: overview(DAY),
        "30 days of all cameras": lambda: overview(month),
        "gaps of a month, one camera": lambda: gaps(rng.choice(cameras)),
        "gaps of a month, a loose cable": lambda: gaps(cameras[-1]),
        "seek to the first byte": seek,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--cameras", type=int, default=20)
    parser.add_argument("--subs", type=int, default=4)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--keep", action="store_true")
    global args
    args = parser.parse_args()
    args.root = CACHE / "timeline"
    args.folder = str(args.root)
    args.cold_now = False
    print(machine())
    facts_file = args.root / "facts.json"
    known = json.loads(facts_file.read_text(encoding="utf-8")) if args.keep and facts_file.exists() else {}
    if any(known.get(name) != getattr(args, name) for name in ("days", "cameras", "subs")):
        began = time.monotonic()
        archive.make(args)
        print(f"archive made in {time.monotonic() - began:.0f} s")
    facts = json.loads(facts_file.read_text(encoding="utf-8"))
    space = sum(f.stat().st_size for f in (args.root / "data").glob("*.db"))
    print(f"{facts['segments']:,} segments, {facts['gaps']:,} gaps, index {space / 1e6:.0f} MB")
    forget.samples = [next((args.root / "data" / "archive" / f"cam-{n:02}").glob("*/*/*.mp4")) for n in range(1, facts["cameras"] + 1)]
    forget(args.root)
    node = archive.Node(args.root)
    held = True
    try:
        print(f"start-up to the first answer: {node.start_s:.2f} s")
        print(f"{'':<34} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8}")
        client = Client(node.port, token(args.root / "atalaya.yaml"))
        for cold in (False, True) if args.cold else (False,):
            for name, measure in measures(client, facts, random.Random(5)).items():
                if not cold:
                    for _ in range(10):
                        measure()
                args.cold_now = cold and measure.__name__ == "seek"
                took = []
                for _ in range(args.rounds):
                    if cold:
                        forget(args.root)
                    took.append(measure())
                row = {"what": name, "cold": cold, "p50_ms": quantile(took, 0.5), "p95_ms": quantile(took, 0.95), "max_ms": max(took), "start_s": node.start_s}
                emit(CACHE / "timeline.jsonl", row)
                held &= row["p95_ms"] < BAR_MS
                print(f"{name + (', cold' if cold else ''):<34} {row['p50_ms']:>8.1f} {row['p95_ms']:>8.1f} {row['max_ms']:>8.1f}", flush=True)
    finally:
        node.stop()
        if not args.keep:
            shutil.rmtree(args.root, ignore_errors=True)
    print(f"every p95 under {BAR_MS} ms: {'yes' if held else 'NO'}")


if __name__ == "__main__":
    main()
