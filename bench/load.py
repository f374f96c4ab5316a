#!/usr/bin/env python3
"""Records N cameras of 1080p25 at 4 Mbit/s for a long time and accounts for every picture by what is in the footage.

  bench/load.py [--n 200] [--seconds 600] [--ffmpeg 8 --ffmpeg-seconds 30] [--out FOLDER] [--keep]

Closed segments are read back and deleted while the recorder runs, so that ten minutes of 200 cameras (60 GB) need about 8 GB of disk. Every picture of the
looped clip has a number, told by the sizes of its neighbours and itself; the numbers of a camera must follow one another from its first picture to its last,
over all files. Nothing that the recorder says of itself is used.

With --ffmpeg, so many of the same cameras are then recorded by one `ffmpeg -c copy` process each, in the same run and from the same simulator, and the
processor times of a camera-second are compared.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

from bench import ATALAYA, CACHE, FPS, Cameras, Group, emit, footage, free_port, machine
from record import start_ffmpeg

TRAILER = bytes([0xA7, 0xA1, 0xA4, 0x1A, 0x5E, 0x61, 0x4D, 0x0E, 0x8D, 0x2B, 0x2F, 0x6E, 0x31, 0x9C, 0x70, 0x01])


def clip_sizes(clip):
    """Bytes of each picture of the clip, as ffprobe reads it, and which are key frames."""
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=size,flags", "-of", "csv=p=0", clip],
        capture_output=True, text=True, check=True).stdout
    rows = [line.split(",") for line in out.split()]
    return [int(r[0]) for r in rows], ["K" in r[1] for r in rows]


def boxes(data, at, end):
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > end:
            return
        yield kind, at + 8, at + size
        at += size


def moof_sizes(moof):
    """Sample sizes of the first track of a moof."""
    for kind, start, end in boxes(moof, 8, len(moof)):
        if kind != b"traf":
            continue
        default = None
        for inner, a, b in boxes(moof, start, end):
            if inner == b"tfhd":
                flags = struct.unpack_from(">I", moof, a)[0] & 0xFFFFFF
                at = a + 8
                for flag, width in ((1, 8), (2, 4), (8, 4)):
                    at += width if flags & flag else 0
                default = struct.unpack_from(">I", moof, at)[0] if flags & 0x10 else None
            elif inner == b"trun":
                flags = struct.unpack_from(">I", moof, a)[0] & 0xFFFFFF
                count = struct.unpack_from(">I", moof, a + 4)[0]
                at = a + 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
                fields = [bool(flags & f) for f in (0x100, 0x200, 0x400, 0x800)]
                width = 4 * sum(fields)
                offset = 4 if fields[0] else 0
                for i in range(count):
                    yield struct.unpack_from(">I", moof, at + i * width + offset)[0] if fields[1] else default
        return


def read_segment(path):
    """Picture sizes in order, and the trailer. Headers only: media is not read."""
    sizes, trailer = [], None
    with open(path, "rb") as file:
        end = os.fstat(file.fileno()).st_size
        at = 0
        while at + 8 <= end:
            head = os.pread(file.fileno(), 8, at)
            size, kind = struct.unpack(">I4s", head)
            if size < 8 or at + size > end:
                raise ValueError(f"{path}: a box of {size} bytes at {at}")
            if kind == b"moof":
                sizes.extend(moof_sizes(os.pread(file.fileno(), size, at)))
            elif kind == b"uuid":
                body = os.pread(file.fileno(), size, at)
                if body[8:24] == TRAILER:
                    trailer = json.loads(body[24:-4])
            at += size
    return sizes, trailer


class Account:
    """What was read back of one camera so far."""

    def __init__(self):
        self.next = None        # number of the picture that must come
        self.end = None         # of the last segment, ms
        self.pictures = self.missing = self.segments = self.gaps = 0


class Reader:
    """Reads closed segments back, accounts for their pictures, deletes them."""

    def __init__(self, clip, archive, keep):
        self.sizes, self.keys = clip_sizes(clip)
        self.archive = archive
        self.keep = keep
        self.cameras = {}
        self.seen = set()
        self.faults = []
        self.bytes = 0
        self.starts = [i for i, key in enumerate(self.keys) if key]

    def place(self, sizes, expected):
        """Number of the first picture of a file, which is a key frame: by the pictures after it; where a short file leaves a choice, the one expected."""
        n = len(self.sizes)
        fits = [i for i in self.starts if all(sizes[k] == self.sizes[(i + k) % n] for k in range(1, min(5, len(sizes))) if not self.keys[(i + k) % n])]
        return expected if expected in fits else fits[0] if fits else None

    def take(self):
        for path in sorted(self.archive.glob("*/*/*/*.mp4"), key=lambda p: p.name):
            if path in self.seen:
                continue
            self.seen.add(path)
            self.account(path.relative_to(self.archive).parts[0], path)
            if not self.keep:
                path.unlink()
                self.seen.discard(path)

    def account(self, camera, path):
        sizes, trailer = read_segment(path)
        self.bytes += path.stat().st_size
        account = self.cameras.setdefault(camera, Account())
        account.segments += 1
        first = self.place(sizes, account.next)
        if first is None or trailer is None:
            self.faults.append(f"{path}: no picture of the clip begins it, or it has no last box")
            return
        n = len(self.sizes)
        for i, size in enumerate(sizes):
            number = (first + i) % n
            # A key frame may carry parameter sets besides.
            if size != self.sizes[number] and not (self.keys[number] and self.sizes[number] < size < self.sizes[number] + 300):
                self.faults.append(f"{path}: picture {i} has {size} bytes, number {number} of the clip has {self.sizes[number]}")
                return
        if account.next is not None:
            account.missing += (first - account.next) % n
            account.gaps += trailer["start"] != account.end
        account.next = (first + len(sizes)) % n
        account.end = trailer["end"]
        account.pictures += len(sizes)


def loopback_rate(seconds=2):
    """MB/s of one TCP connection on loopback."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = time.monotonic() + seconds

    def send():
        with socket.create_connection(server.getsockname()) as out:
            block = bytes(1 << 20)
            while time.monotonic() < stop:
                out.sendall(block)
    thread = threading.Thread(target=send)
    thread.start()
    connection, _ = server.accept()
    total = 0
    buffer = bytearray(1 << 20)
    while got := connection.recv_into(buffer):
        total += got
    thread.join()
    server.close()
    return total / seconds / 1e6


def disk_rate(folder, seconds=5):
    """MB/s of one file written, synced every 16 MB."""
    path = folder / "rate"
    block = os.urandom(1 << 20)
    began = time.monotonic()
    written = 0
    with open(path, "wb", buffering=0) as out:
        while time.monotonic() - began < seconds and written < 2 << 30:
            for _ in range(16):
                written += out.write(block)
            os.fdatasync(out.fileno())
    took = time.monotonic() - began
    path.unlink()
    return written / took / 1e6


def idle_seconds():
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(v) for v in stat.readline().split()[1:]]
    return (fields[3] + fields[4]) / os.sysconf("SC_CLK_TCK")


def ffmpeg_cost(cameras, n, seconds, out, warm=12):
    """Processor milliseconds of a camera-second with one ffmpeg process a camera."""
    out.mkdir()
    group = Group()
    try:
        with open(out.parent / "ffmpeg.log", "w", encoding="utf-8") as log:
            start_ffmpeg(group, cameras, n, out, log)
            time.sleep(warm)
            began, cpu = time.monotonic(), group.cpu_seconds()
            time.sleep(seconds)
            cpu, took = group.cpu_seconds() - cpu, time.monotonic() - began
            if any(p.poll() is not None for p in group.processes):
                sys.exit(f"an ffmpeg process ended: see {log.name}")
    finally:
        group.stop()
    return 1000 * cpu / (took * n)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--ffmpeg", type=int, default=0, help="cameras that ffmpeg records afterwards, for comparison")
    parser.add_argument("--ffmpeg-seconds", type=float, default=30)
    parser.add_argument("--keep", action="store_true", help="keep the files: 30 MB a camera and minute")
    parser.add_argument("--out", type=pathlib.Path, default=CACHE / "runs", help="where to record to: the disk that is measured")
    args = parser.parse_args()
    clip = footage()
    out = args.out / "load"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    print(machine())
    need = args.n * 30e6 * (2 if not args.keep else 1 + args.seconds / 60)
    if shutil.disk_usage(out).free < need * 1.2:
        sys.exit(f"{need / 1e9:.0f} GB are needed in {out}.")
    loopback, disk = loopback_rate(), disk_rate(out)
    print(f"loopback {loopback:.0f} MB/s one connection, disk {disk:.0f} MB/s one file, the cameras send {args.n * 0.5:.0f} MB/s", flush=True)

    cameras = Cameras(clip, free_port(), out / "simulate.log")
    reader = Reader(clip, out / "archive", args.keep)
    group = Group()
    memory = []
    theirs = None
    try:
        urls = out / "urls"
        urls.write_text("".join(f"{cameras.url(i)}\n" for i in range(args.n)), encoding="ascii")
        with open(out / "record.json", "w", encoding="utf-8") as result, open(out / "record.log", "w", encoding="utf-8") as log:
            group.start([ATALAYA, "record", "--urls", urls, "--out", out / "archive", "--json"], stdout=result, stderr=log)
            began = time.monotonic()
            warm = min(15, args.seconds / 4)
            while time.monotonic() - began < warm:
                time.sleep(1)
            cpu, sim, idle, window = group.cpu_seconds(), cameras.group.cpu_seconds(), idle_seconds(), time.monotonic()
            while time.monotonic() - began < args.seconds:
                time.sleep(min(5, max(0.1, args.seconds - (time.monotonic() - began))))
                memory.append((time.monotonic() - began, group.pss_bytes() / 1e6))
                reader.take()
            took = time.monotonic() - window
            cpu, sim, idle = group.cpu_seconds() - cpu, cameras.group.cpu_seconds() - sim, idle_seconds() - idle
        group.stop()
        if args.ffmpeg > 0:
            theirs = ffmpeg_cost(cameras, args.ffmpeg, args.ffmpeg_seconds, out / "ffmpeg")
    finally:
        group.stop()
        cameras.stop()
    reader.take()

    accounts = reader.cameras.values()
    expected = (args.seconds - warm) * FPS * args.n
    row = {
        "n": args.n, "seconds": args.seconds, "cameras_recorded": len(reader.cameras), "pictures": sum(a.pictures for a in accounts),
        "missing": sum(a.missing for a in accounts), "gaps": sum(a.gaps for a in accounts), "segments": sum(a.segments for a in accounts),
        "faults": len(reader.faults), "gigabytes": reader.bytes / 1e9, "cpu_ms_per_camera_s": 1000 * cpu / (took * args.n),
        "simulator_ms_per_camera_s": 1000 * sim / (took * args.n), "idle_part": idle / (took * os.cpu_count()),
        "pss_mb_first": memory[0][1], "pss_mb_last": memory[-1][1], "pss_mb_most": max(m for _, m in memory), "disk_mb_s": disk, "loopback_mb_s": loopback,
    }
    if theirs is not None:
        row |= {"ffmpeg_cameras": args.ffmpeg, "ffmpeg_ms_per_camera_s": theirs, "ratio_to_ffmpeg": row["cpu_ms_per_camera_s"] / theirs}
    emit(CACHE / "load.jsonl", row)
    for key, value in row.items():
        print(f"{key:26} {value:.3f}" if isinstance(value, float) else f"{key:26} {value}")
    quarter = max(1, len(memory) // 4)
    print("pss MB over time           " + " ".join(f"{m:.0f}" for _, m in memory[::quarter]))
    for fault in reader.faults[:10]:
        print(fault)
    whole = len(reader.cameras) == args.n and row["pictures"] >= expected * 0.98
    bad = row["missing"] + row["gaps"] + row["faults"]
    print("every picture is there" if whole and not bad else "pictures are missing")
    if not args.keep:
        shutil.rmtree(out)
    return 0 if whole and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
