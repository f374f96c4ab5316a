#!/usr/bin/env python3
"""A big archive for benches: a month of many cameras, with the gaps that such a month has.

  bench/archive.py FOLDER [--days 30] [--cameras 20] [--subs 4] [--seed 1]

Makes FOLDER/atalaya.yaml and FOLDER/data for `atalaya serve`. Every segment has its row and its file. The files of a stream are hard links to one
real segment of 60 s, so that any of them plays and a month takes the space of a minute; each is a run of its own, because all have the same media
times. The trailer tells the camera and time of that one file: this is an archive to read, not one to check file by file.
"""
import argparse
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import time
import urllib.request

from bench import ATALAYA, CACHE, Group, footage, free_port

SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
TRAILER = bytes.fromhex("a7a1a41a5e614d0e8d2b2f6e319c7001")     # SegmentTrailer.Type


def template(path, arguments):
    """One segment of 60 s, fragments of at most half a second, without its trailer."""
    if not path.exists():
        part = path.with_suffix(".part")
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-stream_loop", "2", "-i", footage(), "-t", "60", *arguments, "-an",
             "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "500000", "-f", "mp4", part], check=True)
        part.rename(path)
    return path.read_bytes()


def boxes(data, start, end):
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind, start, start + size
        start += size


def scan(data):
    """Length of ftyp and moov, access points (offset, 90 kHz), and the end of the last fragment; all of it as Atalaya's own scan tells."""
    init, end, points, scale, length = 0, 0, [], 1, 0
    for kind, start, stop in boxes(data, 0, len(data)):
        if kind == b"moov":
            init = stop
            mdhd = data.index(b"mdhd", start) + 4
            scale = struct.unpack_from(">I", data, mdhd + (20 if data[mdhd] else 12))[0]
        elif kind == b"moof":
            tfdt = data.index(b"tfdt", start) + 4
            at = struct.unpack_from(">Q" if data[tfdt] else ">I", data, tfdt + 4)[0] * 90_000 // scale
            trun = data.index(b"trun", start) + 4
            flags = int.from_bytes(data[trun + 1:trun + 4], "big")
            if flags & 4:       # the first sample has flags of its own: a key frame before pictures that are none
                points.append((start, at))
        elif kind == b"mdat":
            end = stop
    return init, points, end


def encode(points, end, length):
    """AccessPoints.Encode, for a segment whose media begins at zero."""
    out, offset, media = bytearray([1]), 0, 0

    def number(value):
        while value >= 0x80:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        out.append(value)

    number(len(points))
    for at, when in [*points, (end, length)]:
        number(at - offset)
        number(when - media)
        offset, media = at, when
    return bytes(out)


def trailer(camera, stream, start_ms):
    text = json.dumps({
        "version": 1, "camera": camera, "stream": stream.capitalize(), "start": start_ms, "end": start_ms + 60_000, "run": start_ms, "sequence": 0, "mediaStart": 0,
        "mediaDuration": 5_400_000, "frames": 1500, "endReason": "Rotated"}, separators=(",", ":")).encode()
    size = 8 + 16 + len(text) + 4
    return struct.pack(">I4s", size, b"uuid") + TRAILER + text + struct.pack(">I", size)


def outages(camera, begin, end, cameras, rng):
    """Stretches without recording, in order: (from, to, cause, detail), whole milliseconds."""
    found = []

    def add(at, seconds, cause, detail):
        found.append((int(at // 1000 * 1000), int((at + seconds * SECOND) // 1000 * 1000), cause, detail))

    at = begin
    while (at := at + rng.expovariate(8 / DAY)) < end:
        add(at, rng.uniform(2, 90), "Network", "No packet for 10 s.")
    at = begin
    while (at := at + rng.expovariate(0.1 / DAY)) < end:
        add(at, rng.uniform(600, 7200), "Camera", "The camera closed the connection.")
    if camera == 2:
        add(begin + 11 * DAY, 2 * 86_400, "Operator", "Recording was switched off.")
    if camera == cameras:   # three days of a loose cable
        for i in range(3 * 720):
            add(begin + 20 * DAY + i * 2 * MINUTE + rng.uniform(0, 30 * SECOND), rng.uniform(1, 8), "Network", "Connection reset by peer.")
    node = random.Random(7)     # all cameras at once
    for week in range((end - begin) // (7 * DAY) + 1):
        add(begin + week * 7 * DAY + 5 * DAY + 3 * HOUR, node.uniform(20, 60), "Shutdown", "The node was stopped.")
    add(begin + 17 * DAY + 7 * HOUR, 41, "Crash", "The process ended without warning.")
    merged = []
    for gap in sorted(g for g in found if g[0] > begin + MINUTE and g[1] < end - MINUTE):
        if not merged or gap[0] > merged[-1][1] + SECOND:
            merged.append(gap)
    return merged


def streams(args):
    return [(n, "main") for n in range(1, args.cameras + 1)] + [(n, "sub") for n in range(1, args.subs + 1)]


def make(args):
    root = pathlib.Path(args.folder).resolve()
    shutil.rmtree(root, ignore_errors=True)
    (root / "data").mkdir(parents=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    templates = {
        "main": template(CACHE / "segment-main.mp4", ["-c:v", "copy"]),
        "sub": template(CACHE / "segment-sub.mp4", [
            "-vf", "scale=640:360,fps=10", "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0", "-g", "20", "-sc_threshold", "0", "-b:v", "300k"]),
    }
    config(root, free_port(), args)
    tables(root)

    # Ends a little ago, on a whole minute, as if the node had been stopped then.
    end = int(time.time()) // 60 * MINUTE - 10 * MINUTE
    begin = end - args.days * DAY
    rows, gaps, coverage, files = [], [], [], 0
    for number, stream in streams(args):
        camera = f"cam-{number:02}"
        data = templates[stream]
        init, points, media_end = scan(data)
        own = root / "data" / "archive" / camera
        own.mkdir(parents=True, exist_ok=True)
        source = own / f"{stream}.template"
        whole = data[:media_end] + trailer(camera, stream, begin // 1000)
        source.write_bytes(whole)
        width, height, codec = (1920, 1080, "avc1.640028") if stream == "main" else (640, 360, "avc1.4D401E")
        common = {
            "bytes": len(whole), "init": init, "codec": codec, "width": width, "height": height,
            "frames": 1500 if stream == "main" else 600, "digest": hashlib.sha256(whole).hexdigest()}
        blobs = {}      # by length: a segment before a gap is cut
        hour, folder = None, -1
        at = begin
        for gap in [*outages(number, begin, end, args.cameras, random.Random(f"{args.seed}/{number}")), (end, None, "Shutdown", "The node was stopped.")]:
            coverage.append((camera, stream, at, gap[0]))
            while at < gap[0]:
                stop = min(at + MINUTE, gap[0])
                length = (stop - at) * 9 // 100
                if length not in blobs:
                    kept = [p for p in points if p[1] < length] or points[:1]
                    following = next((p[0] for p in points if p[1] >= length), media_end)
                    blobs[length] = encode(kept, following, length)
                    if len(blobs) > 64:
                        blobs = {5_400_000: blobs.get(5_400_000) or encode(points, media_end, 5_400_000), length: blobs[length]}
                rows.append((at, stop, camera, stream, length, common, blobs[length]))
                if at // HOUR != hour:
                    hour = at // HOUR
                    if folder >= 0:
                        os.close(folder)
                    path = own / datetime.datetime.fromtimestamp(at // SECOND, datetime.UTC).strftime("%Y-%m-%d/%H")
                    path.mkdir(parents=True, exist_ok=True)
                    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
                os.link(source, f"{at // 1000}{'-sub' if stream == 'sub' else ''}.mp4", dst_dir_fd=folder)
                files += 1
                at = stop
            gaps.append((camera, stream, gap[0], gap[1], gap[2], gap[3]))
            at = gap[1]
        os.close(folder)
        source.unlink()
    # As time brings them: neighbours in the table are different cameras, as in an archive that grew.
    rows.sort(key=lambda r: r[0])
    with contextlib.closing(sqlite3.connect(root / "data" / "atalaya.db")) as store, store:
        store.execute("pragma synchronous = off")
        store.executemany(
            "insert into segments (camera, stream, start_us, end_us, run, sequence, bytes, media_start, media_duration, init_bytes, codecs, width, height, frames,"
            " sha256, end_reason, points) values (?, ?, ?, ?, ?, 0, ?, 0, ?, ?, ?, ?, ?, ?, ?, 'Rotated', ?)",
            ((camera, stream, at, stop, at // 1000, c["bytes"], length, c["init"], c["codec"], c["width"], c["height"], c["frames"], c["digest"], blob)
             for at, stop, camera, stream, length, c, blob in rows))
        store.executemany("insert into gaps (camera, stream, from_us, to_us, cause, detail) values (?, ?, ?, ?, ?, ?)", gaps)
        store.executemany("insert into coverage (camera, stream, start_us, end_us) values (?, ?, ?, ?)", coverage)
    with contextlib.closing(sqlite3.connect(root / "data" / "atalaya.db")) as store:
        store.execute("pragma wal_checkpoint(truncate)")
    facts = {"begin_us": begin, "end_us": end, "segments": len(rows), "files": files, "gaps": len(gaps), "cameras": args.cameras, "subs": args.subs, "days": args.days}
    (root / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    return facts


def config(root, port, args):
    """Cameras that nobody asks: the archive is looked at, not added to."""
    (root / "atalaya.yaml").write_text(
        f'listen: "127.0.0.1:{port}"\ndata: "{root}/data"\ncameras:\n' + "".join(
            f'  - {{ id: cam-{n:02}, name: "Camera {n:02}", enabled: false, main: "rtsp://127.0.0.1:9/main"'
            + (', sub: "rtsp://127.0.0.1:9/sub", record: both' if n <= args.subs else "") + " }\n" for n in range(1, args.cameras + 1)), encoding="utf-8")
    return port


class Node:
    """`atalaya serve` on such a folder; how long it took until it answered is <c>start_s</c>."""

    def __init__(self, root):
        text = (root / "atalaya.yaml").read_text(encoding="utf-8")
        self.port = int(text.split('"', 2)[1].rsplit(":", 1)[1])
        self.group = Group()
        began = time.monotonic()
        with open(root / "serve.log", "w", encoding="utf-8") as log:
            process = self.group.start([ATALAYA, "serve", "--config", root / "atalaya.yaml"], stdout=log, stderr=subprocess.STDOUT)
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=10).read()
                break
            except OSError as fault:
                if process.poll() is not None or time.monotonic() - began > 120:
                    self.stop()
                    raise SystemExit(f"the node did not start: see {root}/serve.log") from fault
                time.sleep(0.01)
        self.start_s = time.monotonic() - began

    def stop(self):
        self.group.stop(signal.SIGINT)


def tables(root):
    """A node that starts makes them."""
    Node(root).stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--cameras", type=int, default=20)
    parser.add_argument("--subs", type=int, default=4)
    parser.add_argument("--seed", default="1")
    began = time.monotonic()
    print(json.dumps(make(parser.parse_args())), f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
