#!/usr/bin/env python3
"""Makes the index of a lost database again from files alone: how many files a second.

  bench/reindex.py [--files 20000] [--cameras 20]

One recorded segment is written many times under other names and times, its last box changed to match; so the files are small, and what is measured is what
the quick part costs a file: finding it, reading its last box, its row. The part that reads every byte for digests goes as fast as the disk and SHA-256.
"""
import argparse
import datetime
import json
import shutil
import struct
import subprocess
import time

from bench import ATALAYA, CACHE, Cameras, Group, free_port, machine


def record_one(home):
    """One short segment of a small picture."""
    clip = home / "small.mp4"
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25", "-frames:v", "50", "-c:v", "libx264", "-g", "25",
         "-bf", "0", clip], check=True)
    cameras, group = Cameras(clip, free_port(), home / "simulate.log"), Group()
    try:
        (home / "urls").write_text(cameras.url(0) + "\n", encoding="ascii")
        with open(home / "record.log", "w", encoding="utf-8") as log:
            group.start([ATALAYA, "record", "--urls", home / "urls", "--out", home / "one"], stdout=log, stderr=log)
            time.sleep(6)
    finally:
        group.stop()
        cameras.stop()
    return next((home / "one").glob("*/*/*/*.mp4")).read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--cameras", type=int, default=20)
    args = parser.parse_args()
    home = CACHE / "reindex"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    segment = record_one(home)
    size = struct.unpack(">I", segment[-4:])[0]
    media, box = segment[:-size], segment[-size:]
    trailer = json.loads(box[24:-4])
    archive = home / "data" / "archive"
    start = int(datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc).timestamp() * 1000)
    length = trailer["end"] - trailer["start"]
    for i in range(args.files):
        camera, at = f"camera-{i % args.cameras}", start + (i // args.cameras) * 60_000
        mine = json.dumps({**trailer, "camera": camera, "start": at, "end": at + length, "run": at, "gapCause": "Camera", "gapDetail": "Away."},
                          separators=(",", ":")).encode()
        total = len(mine) + 28
        when = datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc)
        folder = archive / camera / f"{when:%Y-%m-%d}" / f"{when:%H}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{at:013}.mp4").write_bytes(media + struct.pack(">I", total) + box[4:24] + mine + struct.pack(">I", total))
    took = {}
    for what, arguments in (("last boxes", ["--fast"]), ("digests", [])):
        began = time.monotonic()
        done = subprocess.run([ATALAYA, "reindex", "--data", home / "data", "--json", *arguments], capture_output=True, text=True, check=True)
        took[what] = time.monotonic() - began
        print(f"{what}: {took[what]:.1f} s, {args.files / took[what]:.0f} files a second {' '.join(done.stdout.split())}", flush=True)
    began = time.monotonic()
    check = subprocess.run([ATALAYA, "check", "--data", home / "data", "--depth", "structure"], capture_output=True, text=True, check=False)
    print(f"check --depth structure: {time.monotonic() - began:.1f} s; {check.stdout.strip().splitlines()[-1]}")
    print(machine())
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
