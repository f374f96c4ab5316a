#!/usr/bin/env python3
"""Analysis: what it costs, what it takes from recording, how soon it is back and how soon it tells.

  bench/analysis.py [--parts cost,overhead,load,kill,event,search] [--seconds 20] [--model FILE.yaml]

Prints one table; needs Debian's motion for the comparison (leaves that row out without it) and real footage in the test data's folder.
"""
import argparse
import base64
import collections
import datetime
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import time
import urllib.request

from bench import ATALAYA, CACHE, ROOT, Cameras, Group, emit, footage, free_port, machine, token

DATA = pathlib.Path(os.environ.get("ATALAYA_TEST_DATA") or ROOT / "../shared/data")
DETECTOR = ROOT / ".cache/detector"
HOME = CACHE / "analysis"
WALK = [[0.80, 0.50], [0.80, 1.0]]      # eval/intel_one-by-one-person-detection.events.yaml: people leave over this line
ROWS = []


def row(what, value, beside=""):
    ROWS.append((what, value, beside))
    emit(CACHE / "analysis.jsonl", {"what": what, "value": value, "beside": beside, "load": os.getloadavg()[0]})
    print(f"  {what}: {value}  {beside}", flush=True)


def make(name, arguments):
    clip = CACHE / name
    if not clip.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        part = clip.with_suffix(".part.mp4")
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *[str(a) for a in arguments], part], check=True)
        part.rename(clip)
    return clip


def coded(kilobits, key):
    return ["-an", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", key, "-sc_threshold", "0", "-b:v", f"{kilobits}k", "-maxrate", f"{kilobits}k",
            "-bufsize", f"{2 * kilobits}k", "-pix_fmt", "yuv420p"]


def tenth(seconds=40):
    """704×576 at 15 a second: people for a tenth of the time, then the same scene with the noise of a sensor and nobody moving."""
    still = f"tpad=stop_mode=clone:stop_duration={seconds * 9 // 10}"
    return make(f"sub-704x576-tenth-{seconds}s.mp4", [
        "-t", seconds // 10, "-i", DATA / "video/vtest.avi", "-vf", f"scale=704:576,setsar=1,fps=15,{still},noise=alls=4:allf=t", *coded(500, 30)])


def busy():
    """640×360 at 15 a second, people all the time."""
    return make("sub-640x360.mp4", ["-t", "20", "-i", DATA / "video/vtest.avi", "-vf", "scale=640:360,setsar=1,fps=15", *coded(500, 30)])


def walkers():
    return make("walkers.mp4", ["-t", "46", "-i", DATA / "video/intel_one-by-one-person-detection.mp4", "-vf", "fps=10", *coded(1000, 20)])


def tree(pid):
    """The process and its descendants."""
    children = collections.defaultdict(list)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as stat:
                    children[int(stat.read().rpartition(")")[2].split()[1])].append(int(entry))
            except OSError:
                pass
    found, rest = [], [pid]
    while rest:
        found.append(rest.pop())
        rest += children[found[-1]]
    return found


def cpu(pids):
    """User and system time in seconds: the kernel's clock of each process, as clock_getcpuclockid(3) names it."""
    total = 0
    for pid in pids:
        try:
            total += time.clock_gettime_ns((~pid) << 3 | 2) / 1e9
        except OSError:
            pass
    return total


class Node:
    def __init__(self, cameras, model=None, record="none", more=""):
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir(parents=True)
        self.port, self.group = free_port(), Group()
        detector = f", model: {json.dumps(str(model))}, runtime: {json.dumps(str(DETECTOR / 'libonnxruntime.so.1'))}" if model else ""
        lines = [f'listen: "127.0.0.1:{self.port}"', f'data: "{HOME}/data"', f"analysis: {{ rate: 5{detector}{more} }}", "cameras:"]
        lines += [f"  - {{ id: c{i}, main: {json.dumps(main)}, {f'sub: {json.dumps(sub)}, ' if sub else ''}record: {record} }}" for i, (main, sub) in enumerate(cameras)]
        (HOME / "atalaya.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.log = open(HOME / "serve.log", "w", encoding="utf-8")
        self.bearer = f"Bearer {token(HOME / 'atalaya.yaml')}"
        self.process = self.group.start([ATALAYA, "serve", "--config", HOME / "atalaya.yaml"], stdout=self.log, stderr=subprocess.STDOUT)

    def get(self, path):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": self.bearer})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def put(self, path, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json", "Authorization": self.bearer}, method="PUT")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def until(self, what, wanted, limit=60):
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            try:
                analysis = self.get("/api/analysis")
                if wanted(analysis):
                    return analysis
            except OSError:
                pass
            time.sleep(0.02)
        raise SystemExit(f"{what}: not within {limit} s; see {HOME}/serve.log")

    def ready(self):
        return self.until("every camera is looked at", lambda a: a["cameras"] and all(c["analysed"] > 10 for c in a["cameras"]), 90)

    def stop(self):
        self.group.stop()
        self.log.close()


def subs(source, count):
    return [(source.url(i), None) for i in range(count)]


def cost(args):
    """Atalaya and motion at once on the same streams; the processor time of each one's whole tree."""
    count, source = 4, Cameras(tenth(), free_port(), CACHE / "simulate.log", "--start", "spread")
    try:
        for name, model in (("motion gate", None), ("motion gate and detector", args.model)):
            if name != "motion gate" and not args.model:
                continue
            node, other = Node(subs(source, count), model), None
            try:
                node.ready()
                if name == "motion gate" and shutil.which("motion"):
                    other = motion(source, count)
                time.sleep(args.warm)
                status = node.get("/api/analysis")
                child, all_of_it, theirs = [status["process"]], tree(node.process.pid), tree(other.processes[0].pid) if other else []
                before, began = (cpu(child), cpu(all_of_it), cpu(theirs)), time.monotonic()
                given = {c["camera"]: c["analysed"] for c in status["cameras"]}
                # One round of the clip: each camera comes by its motion once.
                time.sleep(40)
                after, window = (cpu(child), cpu(all_of_it), cpu(theirs)), time.monotonic() - began
                rate = statistics.mean(c["analysed"] - given[c["camera"]] for c in node.get("/api/analysis")["cameras"]) / window
                ours, whole, motions = (1000 * (b - a) / window / count for a, b in zip(before, after))
                row(f"{name}, 704×576 at 15/s, a tenth of it motion", f"{1000 / ours:.0f} cameras a core", f"{ours:.1f} ms a camera-second, with the node {whole:.1f}; {rate:.1f} pictures/s")
                if other:
                    row("motion on the same streams at the same time", f"{1000 / motions:.0f} cameras a core", f"{motions:.1f} ms a camera-second")
            finally:
                if other:
                    other.stop()
                node.stop()
    finally:
        source.stop()


def motion(source, count):
    home = CACHE / "motion"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    common = ["daemon off", "setup_mode off", "log_level 4", f"log_file {home}/motion.log", f"pid_file {home}/pid", f"target_dir {home}", "webcontrol_port 0", "stream_port 0",
              "picture_output off", "movie_output off", "text_left", "text_right"]
    for i in range(count):
        (home / f"c{i}.conf").write_text(f"camera_id {i + 1}\nnetcam_url {source.url(i)}\nwidth 704\nheight 576\nframerate 5\n", encoding="ascii")
        common.append(f"camera {home}/c{i}.conf")
    (home / "motion.conf").write_text("\n".join(common) + "\n", encoding="ascii")
    group = Group()
    group.start(["motion", "-n", "-c", home / "motion.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return group


def overhead(args):
    if not args.model:
        return
    bench = ROOT / "bench/detector/bin/Release/net10.0/Atalaya.DetectorBench.dll"
    out = subprocess.run(
        ["dotnet", "exec", bench, "--chain", busy(), "--library", DETECTOR / "libonnxruntime.so.1", args.model], check=True, capture_output=True, text=True).stdout
    found = json.loads(out.splitlines()[-1])
    row("whole chain above raw decode and inference", f"{100 * found['overhead']:.1f} %",
        f"{found['chain']:.1f} ms a looked-at picture; libavcodec {found['decode']:.1f}, ONNX Runtime {found['inference']:.1f} ({found['runs']:.2f} runs)")


def load(args):
    """16 sub-streams beside the recording of 16 main ones."""
    count = 16
    # As long as the main clip: the simulator begins both anew together, when the longer one ends.
    source = Cameras(f"{footage()};sub={tenth(20)}", free_port(), CACHE / "simulate.log")
    node = Node([(source.url(i), source.url(i) + "/sub") for i in range(count)], args.model, record="main")
    try:
        time.sleep(args.warm + 10)
        given, ages = [], []
        began = datetime.datetime.now(datetime.timezone.utc)
        first = node.get("/api/analysis")
        for _ in range(int(args.seconds)):
            time.sleep(1)
            cameras = node.get("/api/analysis")["cameras"]
            given += [c["givenRate"] for c in cameras]
            ages += [c["ageMs"] for c in cameras if c["ageMs"] is not None]
        last = node.get("/api/analysis")
        ages.sort()
        stretch = f"from={stamp(began)}&to={stamp(datetime.datetime.now(datetime.timezone.utc))}"
        gaps = [g for i in range(count) for g in node.get(f"/api/cameras/c{i}/timeline?{stretch}")["gaps"]]
        lost = sum(s["packetsLost"] for c in node.get("/api/cameras") for s in c["status"]["streams"])
        row("16 sub-streams beside 16 recordings, asked 5 pictures/s", f"{statistics.mean(given):.2f} given", f"least of a camera {min(c['givenRate'] for c in last['cameras']):.1f}, asked for at the end {statistics.mean(c['presentRate'] for c in last['cameras']):.1f}; overloaded: {last['overloaded']}; process lost {last['restarts']} times")
        row("age of their results", f"median {ages[len(ages) // 2]:.0f} ms" if ages else "none", f"95 % {ages[int(len(ages) * 0.95)]:.0f} ms" if ages else "")
        causes = ", ".join(f"{n} × {c}" for c, n in collections.Counter(g["cause"] + " (" + g["detail"] + ")" for g in gaps).items())
        row("lost by the recordings meanwhile", f"{len(gaps)} gaps, {lost} packets", f"{causes + '; ' if causes else ''}stale pictures {sum(c['stale'] for c in last['cameras']) - sum(c['stale'] for c in first['cameras'])}")
    finally:
        node.stop()
        source.stop()


def kill(args):
    source = Cameras(walkers(), free_port(), CACHE / "simulate.log", "--start", "spread")
    node = Node(subs(source, 4), args.model)
    try:
        times, said = [], []
        for _ in range(3):
            # A run of 20 s begins anew with the shortest pause.
            before = node.ready()
            time.sleep(3)
            before = node.get("/api/analysis")
            killed = time.time()
            os.kill(before["process"], signal.SIGKILL)
            node.until("the first result again", lambda a: a["process"] not in (None, before["process"]) and any(seen(c) > killed for c in a["cameras"]))
            times.append(time.time() - killed)
            node.until("no camera is blind for the crash", lambda a: all(c["blind"] not in ("crash", "starting") for c in a["cameras"]))
            time.sleep(2)
            stretch = f"from={stamp(datetime.datetime.fromtimestamp(killed - 5, datetime.timezone.utc))}&to={stamp(datetime.datetime.now(datetime.timezone.utc))}"
            said += [b for b in node.get(f"/api/cameras/c0/analysis/blind?{stretch}") if b["cause"] == "crash"]
        row("kill -9 of the analysis process: first result again after", f"{statistics.median(times):.2f} s", ", ".join(f"{t:.2f}" for t in times))
        lengths = [(moment(b["to"]) - moment(b["from"])).total_seconds() for b in said if b["to"]]
        row("what the ledger says", f"{len(lengths)} × crash", "blind for " + ", ".join(f"{s:.2f}" for s in lengths) + " s")
    finally:
        node.stop()
        source.stop()


def event(args):
    """From a crossing, by the time of the pictures it lies between, to the event at a listening client."""
    if not args.model:
        return
    source = Cameras(walkers(), free_port(), CACHE / "simulate.log")
    node = Node(subs(source, 1), args.model)
    try:
        node.ready()
        node.put("/api/cameras/c0/rules", {"rules": [{"type": "line", "name": "exit", "points": WALK, "classes": ["person"]}]})
        delays = []
        deadline = time.monotonic() + 100
        for name, told in listen(node.port, node.bearer, deadline):
            if name == "sceneEvent" and told["rule"] == "exit":
                delays.append((datetime.datetime.now(datetime.timezone.utc) - moment(told["at"])).total_seconds())
                if len(delays) == 4:
                    break
        row("crossing of a line to its event at a client", f"median {statistics.median(delays):.2f} s" if delays else "none came", ", ".join(f"{d:.2f}" for d in delays))
    finally:
        node.stop()
        source.stop()


def search(args):
    """A day in which something moved every half minute, asked for one area."""
    node = Node([("rtsp://127.0.0.1:1/none", None)])
    try:
        node.until("the node answers", lambda a: a["cameras"])
        day = datetime.date.today() - datetime.timedelta(days=2)
        steps = bytearray()
        for step in range(17_280):
            # ref/motion-files.md: pictures, pictures with motion, flags, then a bit for each of 32 × 18 fields.
            moved = step % 6 == 0
            steps += bytes([25, 5 if moved else 0]) + bytes(6) + (bytes([(step * 7 + i) & 255 for i in range(72)]) if moved else bytes(72))
        home = HOME / "data/motion/c0"
        home.mkdir(parents=True, exist_ok=True)
        (home / f"{day}.heat").write_bytes(b"ATHEAT\0\0" + b"".join(n.to_bytes(2, "little") for n in (1, 5, 32, 18)) + bytes(64) + steps)
        times = []
        for _ in range(11):
            began = time.monotonic()
            found = node.get(f"/api/cameras/c0/motion?from={day}T00:00:00Z&to={day + datetime.timedelta(days=1)}T00:00:00Z&area=0.25,0.5,0.5,0.5")
            times.append(1000 * (time.monotonic() - began))
        row("motion search over a day of one camera", f"{statistics.median(times):.0f} ms", f"first {times[0]:.0f} ms; {len(found['moved'])} stretches, one read of {len(steps) >> 10} KiB")
    finally:
        node.stop()


def listen(port, bearer, deadline):
    """What the node's event stream says: SignalR's JSON protocol over a WebSocket."""
    hub = socket.create_connection(("127.0.0.1", port), 5)
    key = base64.b64encode(os.urandom(16)).decode()
    hub.sendall((f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: {bearer}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
    reader = hub.makefile("rb")
    while reader.readline().strip():
        pass
    hello = b'{"protocol":"json","version":1}\x1e'
    hub.sendall(bytes([0x81, 0x80 | len(hello)]) + bytes(4) + hello)
    hub.settimeout(60)     # The node says something every 15 s at least.
    while time.monotonic() < deadline:
        try:
            head = reader.read(2)
        except TimeoutError:
            return
        if len(head) < 2:
            return
        length = head[1] & 0x7F
        if length > 125:
            length = int.from_bytes(reader.read(2 if length == 126 else 8), "big")
        for text in reader.read(length).split(b"\x1e"):
            if text and head[0] & 0x0F == 1:
                said = json.loads(text)
                if said.get("type") == 1:
                    yield said["target"], said["arguments"][0]


def seen(camera):
    return moment(camera["lastAt"]).timestamp() if camera["lastAt"] else 0


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def main():
    parts = {"cost": cost, "overhead": overhead, "load": load, "kill": kill, "event": event, "search": search}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(parts))
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--warm", type=float, default=8)
    parser.add_argument("--model", default=DETECTOR / "nanodet-g.yaml")
    args = parser.parse_args()
    if not pathlib.Path(args.model).exists():
        print(f"{args.model} isn't there (scripts/detector.sh gets it): without detector")
        args.model = None
    print(f"{machine()}, load {' '.join(f'{l:.1f}' for l in os.getloadavg())} before it began")
    for name in args.parts.split(","):
        parts[name](args)
    width = max(len(what) for what, _, _ in ROWS)
    print()
    for what, value, beside in ROWS:
        print(f"{what:<{width}} | {value:<22} | {beside}")


if __name__ == "__main__":
    main()
