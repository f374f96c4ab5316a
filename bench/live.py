#!/usr/bin/env python3
"""Live view: from a picture's last packet to its fragment handed to a viewer's socket, and processor time per viewer.

  bench/live.py [--viewers 1,8,50] [--cameras 8] [--seconds 20]

The node itself measures the delay (histogram atalaya_live_latency_seconds); this script drives it and reads /metrics.
"""
import argparse
import base64
import os
import re
import selectors
import shutil
import socket
import subprocess
import time
import urllib.request

from bench import ATALAYA, CACHE, Cameras, Group, emit, footage, free_port, machine, token


def watch(port, camera, bearer):
    """Opens one live view and returns its socket; what comes is only drained."""
    viewer = socket.create_connection(("127.0.0.1", port), 5)
    key = base64.b64encode(os.urandom(16)).decode()
    viewer.sendall(
        (f"GET /api/cameras/{camera}/live?stream=main HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         f"Authorization: Bearer {bearer}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
    viewer.setblocking(False)
    return viewer


def scrape(port, bearer):
    """Buckets of the delay histogram, upper bound (s) → count; and the fragments sent."""
    text = urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {bearer}"}), timeout=10).read().decode()
    buckets = {float(m[1]): float(m[2]) for m in re.finditer(r'^atalaya_live_latency_seconds_bucket\{le="([^"]+)"\} (\S+)$', text, re.M)}
    sent = re.search(r"^atalaya_live_fragments_total (\S+)$", text, re.M)
    return buckets, float(sent[1]) if sent else 0.0


def quantile(before, after, q):
    """Upper bound of the bucket that holds quantile q: no better than the buckets, never too good."""
    grown = sorted((bound, after[bound] - before.get(bound, 0)) for bound in after)
    total = grown[-1][1] if grown else 0
    return next((bound for bound, count in grown if total and count >= q * total), None)


def run(viewers, args, clip):
    home = CACHE / "live"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    cameras = Cameras(clip, free_port(), home / "simulate.log")
    port, group = free_port(), Group()
    config = home / "atalaya.yaml"
    config.write_text(
        f'listen: "127.0.0.1:{port}"\ndata: "{home}/data"\nanalysis: {{ enabled: false }}\ncameras:\n' + "".join(f'  - {{ id: c{i}, name: c{i}, main: "{cameras.url(i)}" }}\n' for i in range(args.cameras)),
        encoding="utf-8")
    bearer = token(config)
    selector = selectors.DefaultSelector()
    try:
        with open(home / "serve.log", "w", encoding="utf-8") as log:
            group.start([ATALAYA, "serve", "--config", config], stdout=log, stderr=subprocess.STDOUT)
            time.sleep(args.warm)
            for i in range(viewers):
                selector.register(watch(port, f"c{i % args.cameras}", bearer), selectors.EVENT_READ)
            before = cpu = began = None
            opened = time.monotonic()
            while True:
                for key, _ in selector.select(0.05):
                    try:
                        if not key.fileobj.recv(1 << 18):
                            selector.unregister(key.fileobj)
                    except BlockingIOError:
                        pass
                now = time.monotonic()
                if began is None and now - opened > 4:
                    before, cpu, began = scrape(port, bearer), group.cpu_seconds(), now
                elif began is not None and now - began > args.seconds:
                    break
            after, cpu, window = scrape(port, bearer), group.cpu_seconds() - cpu, time.monotonic() - began
            return {
                "viewers": viewers, "cameras": args.cameras, "p50_ms": ms(quantile(before[0], after[0], 0.5)), "p99_ms": ms(quantile(before[0], after[0], 0.99)),
                "p999_ms": ms(quantile(before[0], after[0], 0.999)), "fragments_per_viewer_s": (after[1] - before[1]) / window / max(1, viewers),
                "cpu_ms_per_s": 1000 * cpu / window, "pss_mb": group.pss_bytes() / 1e6, "watching": len(selector.get_map()),
            }
    finally:
        for key in list(selector.get_map().values()):
            key.fileobj.close()
        group.stop()
        cameras.stop()
        shutil.rmtree(home / "data", ignore_errors=True)


def ms(seconds):
    return None if seconds is None else 1000 * seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", default="0,1,8,50")
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--warm", type=float, default=8)
    args = parser.parse_args()
    clip = footage()
    print(machine())
    print(f"{'viewers':>8} {'p50 ms ≤':>9} {'p99 ms ≤':>9} {'p99.9 ms ≤':>11} {'fps/viewer':>11} {'cpu ms/s':>9} {'PSS MB':>7}")
    for viewers in (int(word) for word in args.viewers.split(",")):
        row = run(viewers, args, clip)
        emit(CACHE / "live.jsonl", row)
        cells = [f"{row[key]:.1f}" if row[key] is not None else "–" for key in ("p50_ms", "p99_ms", "p999_ms")]
        print(f"{viewers:>8} {cells[0]:>9} {cells[1]:>9} {cells[2]:>11} {row['fragments_per_viewer_s']:>11.1f} {row['cpu_ms_per_s']:>9.0f} {row['pss_mb']:>7.0f}", flush=True)


if __name__ == "__main__":
    main()
