#!/usr/bin/env python3
"""Records N simulated cameras with Atalaya and, interleaved, with one `ffmpeg -c copy` per camera, and compares what they cost.

  bench/record.py [--n 1,8,32,100] [--seconds 30] [--rounds 3] [--warm 12]
"""
import argparse
import shutil
import subprocess
import time

from bench import ATALAYA, CACHE, FPS, Cameras, Group, emit, footage, free_port, machine, median, packets


def start_atalaya(group, cameras, n, out, log):
    urls = out / "urls"
    urls.write_text("".join(f"{cameras.url(i)}\n" for i in range(n)), encoding="ascii")
    group.start([ATALAYA, "record", "--urls", urls, "--out", out / "archive", "--json"], stdout=log, stderr=log)


def start_ffmpeg(group, cameras, n, out, log):
    # One process a camera and files of a minute: the shape of most recorders that are built on ffmpeg.
    for i in range(n):
        (out / f"{i:03}").mkdir()
        group.start(
            ["ffmpeg", "-nostdin", "-v", "warning", "-rtsp_transport", "tcp", "-i", cameras.url(i), "-map", "0:v", "-c", "copy",
             "-f", "segment", "-segment_time", "60", "-segment_format", "mp4",
             "-segment_format_options", "movflags=+frag_keyframe+empty_moov+default_base_moof:flush_packets=1", out / f"{i:03}" / "%05d.mp4"],
            stdout=log, stderr=log)


RECORDERS = {"atalaya": start_atalaya, "ffmpeg": start_ffmpeg}


def media_files(out):
    """Stream and path of every media file, the open ones of Atalaya included: archive/.open/<camera>~<start>.part."""
    for path in out.rglob("*"):
        if path.suffix == ".part":
            yield path.name.split("~")[0], path
        elif path.suffix == ".mp4":
            yield path.relative_to(out).parts[1] if path.is_relative_to(out / "archive") else path.parent.name, path


def newest_write(out):
    """Seconds since each stream's newest file grew, the median over streams: what a crash would cost at the least."""
    now, newest = time.time(), {}
    for stream, path in media_files(out):
        newest[stream] = max(newest.get(stream, 0), path.stat().st_mtime)
    return median([now - t for t in newest.values()])


def lost_frames(out, n):
    """Frames missing between the first and the last recorded one, over all files: holes in the presentation times."""
    lost = recorded = 0
    for path in sorted(out.rglob("*.mp4")):
        times = sorted(packets(path))
        recorded += len(times)
        lost += sum(max(0, round((b - a) * FPS) - 1) for a, b in zip(times, times[1:]))
    return lost, recorded


def run(name, n, args, clip):
    out = CACHE / "runs" / f"{name}-{n}"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    cameras = Cameras(clip, free_port(), CACHE / "runs" / f"{name}-{n}.simulate.log")
    group = Group()
    try:
        with open(CACHE / "runs" / f"{name}-{n}.log", "w", encoding="utf-8") as log:
            launched = time.time()
            RECORDERS[name](group, cameras, n, out, log)
            first = None
            while time.time() - launched < args.warm:
                time.sleep(0.02)
                if first is None and any(p.stat().st_size > 4096 for _, p in media_files(out)):
                    first = time.time() - launched
            began, cpu = time.monotonic(), group.cpu_seconds()
            time.sleep(args.seconds)
            cpu, window = group.cpu_seconds() - cpu, time.monotonic() - began
            row = {
                "recorder": name, "n": n, "cpu_ms_per_camera_s": 1000 * cpu / (window * n), "pss_mb_per_camera": group.pss_bytes() / n / 1e6,
                "first_bytes_s": first, "newest_on_disk_s": newest_write(out), "alive": sum(p.poll() is None for p in group.processes),
            }
    finally:
        group.stop()
        cameras.stop()
    row["frames_lost"], row["frames_recorded"] = lost_frames(out, n)
    shutil.rmtree(out)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", default="1,8,32,100")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm", type=float, default=12, help="seconds before measuring: connections, first files, compiled code")
    args = parser.parse_args()
    clip = footage()
    results = CACHE / "record.jsonl"
    print(machine())
    print(f"{'n':>4} {'recorder':9} {'cpu ms/cam·s':>13} {'PSS MB/cam':>11} {'lost':>5} {'recorded':>9} {'first s':>8} {'newest s':>9}")
    for n in (int(word) for word in args.n.split(",")):
        rows = {name: [] for name in RECORDERS}
        for round_number in range(args.rounds):
            order = list(RECORDERS) if round_number % 2 == 0 else list(reversed(RECORDERS))
            for name in order:
                row = run(name, n, args, clip)
                emit(results, row)
                rows[name].append(row)
        mid = {name: {key: median([r[key] for r in rs]) for key in rs[0] if key != "recorder"} for name, rs in rows.items()}
        for name, m in mid.items():
            lost = sum(r["frames_lost"] for r in rows[name])
            print(f"{n:>4} {name:9} {m['cpu_ms_per_camera_s']:>13.3f} {m['pss_mb_per_camera']:>11.2f} {lost:>5} {m['frames_recorded']:>9.0f} "
                  f"{m['first_bytes_s'] or 0:>8.2f} {m['newest_on_disk_s'] or 0:>9.2f}")
        ours, theirs = mid["atalaya"], mid["ffmpeg"]
        print(f"{n:>4} ratio     {ours['cpu_ms_per_camera_s'] / theirs['cpu_ms_per_camera_s']:>13.3f} "
              f"{ours['pss_mb_per_camera'] / theirs['pss_mb_per_camera']:>11.3f}", flush=True)


if __name__ == "__main__":
    main()
