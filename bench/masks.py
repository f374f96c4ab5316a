#!/usr/bin/env python3
"""What masks cost: processor time of a masked stream-second, live; and how long the first picture takes, live and recorded.

  bench/masks.py [--seconds 10]

One camera of 1080p25, 4 Mbit/s, with a sub-stream of 640×360, 15 pictures a second. A quarter of the picture is masked. The processor time is that of the process that paints alone.
"""
import argparse
import base64
import glob
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request

from bench import ATALAYA, CACHE, Cameras, Group, emit, footage, free_port, machine, token

MASK = {"version": 0, "masks": [{"name": "yard", "points": [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]}]}


def substream(main):
    clip = CACHE / "sub-360p15.mp4"
    if not clip.exists():
        part = clip.with_suffix(".part.mp4")
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", main, "-vf", "scale=640:360,fps=15", "-an", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "30",
             "-sc_threshold", "0", "-b:v", "500k", "-maxrate", "600k", "-bufsize", "1M", part], check=True)
        part.rename(clip)
    return clip


class Viewer:
    """One live view; what comes is drained, and the moment of the first fragment kept."""

    def __init__(self, port, stream, bearer):
        self.began = time.monotonic()
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.settimeout(30)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            (f"GET /api/cameras/c/live?stream={stream} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: Bearer {bearer}\r\n"
             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        self.kept = b""
        while b"moof" not in self.kept:
            self.kept += self.socket.recv(1 << 16)
        self.first = time.monotonic() - self.began

    def drain(self, until):
        self.socket.settimeout(0.2)
        while time.monotonic() < until:
            try:
                if not self.socket.recv(1 << 18):
                    return
            except TimeoutError:
                pass


def painter(parent):
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if b"--paint" in words and str(parent).encode() in words:
            return int(path.split("/")[2])
    return None


def call(port, bearer, path, body=None, method=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=None if body is None else json.dumps(body).encode(), method=method)
    request.add_header("Authorization", f"Bearer {bearer}")
    request.add_header("Atalaya-Purpose", "technical; bench")
    request.add_header("Content-Type", "application/json")
    return urllib.request.urlopen(request, timeout=60).read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    clip = footage()
    sub = substream(clip)
    home = CACHE / "masks"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    port, group = free_port(), Group()
    cameras = Cameras(clip, free_port(), home / "simulate.log", f"small/*={sub}")
    config = home / "atalaya.yaml"
    config.write_text(
        f'listen: "127.0.0.1:{port}"\ndata: "{home}/data"\nanalysis: {{ enabled: false }}\nrecording: {{ segment: 10s }}\n'
        f'cameras: [{{ id: c, name: c, main: "{cameras.url(0)}", sub: "rtsp://127.0.0.1:{cameras.port}/small/0", record: both }}]\n', encoding="utf-8")
    bearer = token(config)
    print(machine())
    try:
        with open(home / "serve.log", "w", encoding="utf-8") as log:
            node = group.start([ATALAYA, "serve", "--config", config], stdout=log, stderr=log)
        for _ in range(200):
            try:
                if json.loads(call(port, bearer, "/api/cameras/c"))["status"]["state"] == "running":
                    break
            except OSError:
                pass
            time.sleep(0.1)
        call(port, bearer, "/api/cameras/c/masks", MASK, "PUT")
        rows = []
        for stream in ("sub", "main"):
            viewer = Viewer(port, stream, bearer)
            second = Viewer(port, stream, bearer)
            second.socket.close()
            viewer.drain(time.monotonic() + 2)
            pid = painter(node.pid)
            clock = (~pid) << 3 | 2
            began, before = time.monotonic(), time.clock_gettime_ns(clock)
            viewer.drain(began + args.seconds)
            cost = (time.clock_gettime_ns(clock) - before) / 1e9 / (time.monotonic() - began)
            viewer.socket.close()
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
                pss = sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1024
            now = time.time()
            stamp = lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
            playlist = call(port, bearer, f"/api/cameras/c/playback.m3u8?stream={stream}&from={stamp(now - 15)}&to={stamp(now - 3)}").decode()
            pieces = [line for line in playlist.splitlines() if line.startswith("masked/")]
            delays = []
            for piece in pieces:
                asked = time.monotonic()
                call(port, bearer, f"/api/cameras/c/{piece}")
                delays.append(time.monotonic() - asked)
            row = {"stream": stream, "cpu_s_per_s": cost, "first_live_s": viewer.first, "second_live_s": second.first, "piece_s": sorted(delays)[len(delays) // 2] if delays else None, "pieces": len(delays), "pss_mb": pss}
            rows.append(row)
            emit(CACHE / "masks.jsonl", row)
            print(f"{stream}: {1000 * cost:.0f} ms of processor time a stream-second; first picture live {viewer.first:.2f} s, for a second viewer {second.first:.2f} s; "
                  f"a recorded piece of 4 s {row['piece_s'] or 0:.2f} s (median of {len(delays)}); {pss:.0f} MB", flush=True)
            time.sleep(6)   # Until the stream that nobody watches any more is given up.
    finally:
        group.stop()
        cameras.stop()
        shutil.rmtree(home / "data", ignore_errors=True)


if __name__ == "__main__":
    main()
