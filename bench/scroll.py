#!/usr/bin/env python3
"""A thousand open alarms in a real browser: how long each frame of the situation's queue takes the page's thread while it is scrolled.

  bench/scroll.py [--alarms 1000] [--seconds 10]

A node is given the alarms as scene events; Chromium opens the situation and scrolls the queue up and down by a step each frame. Told are the distances of the frames
(requestAnimationFrame) and, from Chromium's own trace, what the main thread spent on each frame: scripts, style, layout, paint. bench/scroll.mjs is what runs in Node.
"""
import argparse
import json
import os
import shutil
import subprocess
import threading
import time
import uuid

from alarms import Api, stamp
from bench import ATALAYA, CACHE, ROOT, Group, emit, free_port, machine, token


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alarms", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    home = CACHE / "scroll"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    port, group = free_port(), Group()
    config = home / "atalaya.yaml"
    config.write_text(
        f'listen: "127.0.0.1:{port}"\ndata: "{home}/data"\nweb: "{ROOT}/web/dist"\nanalysis: {{ enabled: false }}\ncameras:\n'
        + "".join(f'  - {{ id: c{i}, name: "Camera {i}", main: "rtsp://127.0.0.1:9/x", enabled: false }}\n' for i in range(8)), encoding="utf-8")
    api = Api(port, token(config))
    try:
        group.start([ATALAYA, "serve", "--config", config], stdout=open(home / "serve.log", "w", encoding="utf-8"), stderr=subprocess.STDOUT)
        for _ in range(600):
            try:
                if api.ask("GET", "/health")[0] == 200:
                    break
            except (OSError, ValueError):
                time.sleep(0.1)
        if api.ask("PUT", "/api/alarm-policy", {"merge": {"seconds": 0}, "flood": {"alarms": 0}})[0] != 200:
            raise SystemExit("the policy was refused")
        threads = [threading.Thread(target=inject, args=(port, api.headers["Authorization"].split()[1], range(i, args.alarms, 4))) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and sum(api.ask("GET", "/api/alarms?limit=1")[1]["open"].values()) < args.alarms:
            time.sleep(0.2)
        package = next(iter(sorted((ROOT / "tests/Atalaya.System.Tests/bin").glob("*/net10.0/.playwright/package"))), None)
        if package is None:
            raise SystemExit("Playwright's package is not there: build tests/Atalaya.System.Tests")
        out = subprocess.run(
            ["node", ROOT / "bench/scroll.mjs", package, f"http://127.0.0.1:{port}", api.headers["Authorization"], str(args.seconds)],
            capture_output=True, text=True, check=False, env=os.environ | {"NODE_NO_WARNINGS": "1"})
        if out.returncode != 0:
            raise SystemExit(out.stderr)
        row = json.loads(out.stdout)
        emit(CACHE / "scroll.jsonl", row)
        print(machine())
        for key, value in row.items():
            print(f"{key:>22}  {round(value, 2) if isinstance(value, float) else value}")
    finally:
        group.stop()
        shutil.rmtree(home / "data", ignore_errors=True)


def inject(port, bearer, numbers):
    api = Api(port, bearer)
    for n in numbers:
        event = {"id": str(uuid.uuid4()), "camera": f"c{n % 8}", "at": stamp(0), "kind": "lineCrossed", "rule": f"r{n}", "class": "person", "severity": ["rescue", "critical", "high", "medium"][n % 4]}
        status, answer = api.ask("POST", "/api/scene-events", event)
        if status not in (200, 201, 202):
            raise SystemExit(f"event {n} was answered with {status}: {answer}")


if __name__ == "__main__":
    main()
