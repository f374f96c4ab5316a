"""What both benches share: footage, the simulated cameras, exact processor time and memory of processes."""
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"
ATALAYA = ROOT / "src/Atalaya.Node/bin/Release/net10.0/atalaya"
FPS = 25


def footage():
    """1080p25, High profile, 4 Mbit/s, a key frame every two seconds, from real video: 20 s that the simulator loops."""
    clip = CACHE / "main-1080p25.mp4"
    if not clip.exists():
        media = ROOT / ".cache" / "media"
        subprocess.run([ROOT / "scripts/media.sh", media], check=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        part = clip.with_suffix(".part.mp4")
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-r", str(FPS), "-stream_loop", "-1", "-i", media / "source/vtest.avi",
             "-frames:v", str(20 * FPS), "-vf", "scale=1920:1080,setsar=1,noise=alls=6:allf=t,format=yuv420p", "-an",
             "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-bf", "0", "-g", str(2 * FPS), "-sc_threshold", "0",
             "-b:v", "4M", "-maxrate", "5M", "-bufsize", "8M", part], check=True)
        part.rename(clip)
    return clip


def token(config):
    """An administrator's API token for the node of this configuration; the node may run or not."""
    subprocess.run([ATALAYA, "user", "add", "bench", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return subprocess.run([ATALAYA, "token", "create", "bench", "--config", config], capture_output=True, text=True, check=True).stdout.strip()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Group:
    """Processes started here, and only those; each in a process group of its own."""

    def __init__(self):
        self.processes = []

    def start(self, command, **options):
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, start_new_session=True, **options)
        self.processes.append(process)
        return process

    def stop(self, how=signal.SIGINT):
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, how)
        deadline = time.monotonic() + 20
        for process in self.processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def cpu_seconds(self):
        """User and system time of all threads, to the nanosecond: the kernel's clock of a process, clock_getcpuclockid(3)."""
        return sum(time.clock_gettime_ns((~p.pid) << 3 | 2) for p in self.processes if p.poll() is None) / 1e9

    def pss_bytes(self):
        total = 0
        for process in self.processes:
            with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as rollup:
                total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        return 1024 * total


class Cameras:
    """`atalaya simulate` with one clip behind any number of paths."""

    def __init__(self, clip, port, log, *more):
        self.port = port
        self.log = open(log, "w", encoding="utf-8")
        self.group = Group()
        self.process = self.group.start([ATALAYA, "simulate", "--json", "--port", port, *more, f"camera/*={clip}"], stdout=self.log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit(f"the simulated cameras did not start: see {log}")

    def url(self, number):
        return f"rtsp://127.0.0.1:{self.port}/camera/{number}"

    def stop(self):
        self.group.stop()
        self.log.close()


def packets(path):
    """Presentation times (s) of every video packet that ffprobe can read."""
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path],
        capture_output=True, text=True, check=False).stdout
    return [float(line.strip(",")) for line in out.split() if line.strip(",") not in ("", "N/A")]


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "unknown")
    return f"{os.cpu_count()} × {model}"


def emit(path, row):
    with open(path, "a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")
