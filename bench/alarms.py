#!/usr/bin/env python3
"""Alarms: events injected at a rate while cameras record; every one accounted for by its id, and the time until a page has its alarm.

  bench/alarms.py [--rate 500] [--seconds 600] [--cameras 50] [--pages 2] [--kill 0]

A page is a listener of the event feed that asks for changes whenever it is told of one, as the page does. Its time is from sending the event to having its alarm in hand.
With --kill n the node is killed n times on the way and started anew; events that got no answer are sent again under their ids, as a sender would.
"""
import argparse
import base64
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import threading
import time
import uuid

from bench import ATALAYA, CACHE, Cameras, Group, emit, footage, free_port, machine, token


class Api:
    """One kept connection; makes a new one when that is lost."""

    def __init__(self, port, bearer):
        self.port, self.connection, self.headers = port, None, {"Authorization": f"Bearer {bearer}"}

    def ask(self, method, path, body=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            self.connection.request(method, path, None if body is None else json.dumps(body), self.headers | ({"Content-Type": "application/json"} if body is not None else {}))
            answer = self.connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException, ValueError):
            self.connection.close()
            self.connection = None
            raise


class Page(threading.Thread):
    """Listens to the feed and follows changes by number; knows when it first had each alarm."""

    def __init__(self, port, bearer):
        super().__init__(daemon=True)
        self.bearer = bearer
        self.port, self.api, self.seen, self.change, self.told, self.links, self.over = port, Api(port, bearer), {}, 0, 0, 0, False

    def run(self):
        while not self.over:
            try:
                self.listen()
            except (OSError, http.client.HTTPException, ValueError, EOFError):
                time.sleep(0.2)

    def listen(self):
        with socket.create_connection(("127.0.0.1", self.port), 5) as link:
            key = base64.b64encode(os.urandom(16)).decode()
            link.sendall((f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          f"Sec-WebSocket-Key: {key}\r\nAuthorization: Bearer {self.bearer}\r\n\r\n").encode())
            feed = link.makefile("rb")
            while feed.readline().strip():
                pass
            send(link, b'{"protocol":"json","version":1}\x1e')
            self.links += 1
            self.follow()   # What was missed while there was no link.
            link.settimeout(40)
            while not self.over:
                if b'"casesChanged"' in frame(feed):
                    self.told += 1
                    self.follow()

    def follow(self):
        more = True
        while more:
            status, answer = self.api.ask("GET", f"/api/alarms/changes?after={self.change}")
            if status != 200:
                raise ValueError(answer)
            now = time.monotonic()
            for alarm in answer["alarms"]:
                self.seen.setdefault(alarm["id"], now)
            self.change, more = answer["change"], answer["more"]


def frame(feed):
    head = feed.read(2)
    if len(head) < 2 or head[0] & 15 == 8:
        raise EOFError
    length = head[1] & 127
    if length > 125:
        length = int.from_bytes(feed.read(2 if length == 126 else 8), "big")
    return feed.read(length)


def send(link, payload):
    mask = os.urandom(4)
    link.sendall(bytes([0x81, 0x80 | len(payload)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))


def inject(port, bearer, numbers, rate, cameras, began, sent, lost):
    """Sends its share of the events at their moments, each until it was answered."""
    api = Api(port, bearer)
    for number in numbers:
        wait = began + number / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        event = {"id": str(uuid.uuid4()), "camera": f"c{number % cameras}", "kind": "lineCrossed", "rule": f"load {number}", "class": "person"}
        sent[event["id"]] = time.monotonic()
        deadline = time.monotonic() + 60
        while True:
            try:
                status, answer = api.ask("POST", "/api/scene-events", event)
                if status in (200, 201):
                    break
            except (OSError, http.client.HTTPException, ValueError):
                status = None
            if time.monotonic() > deadline:
                lost.append((event["id"], status))
                break
            time.sleep(0.1)


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))] if values else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=500, help="events a minute")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--pages", type=int, default=2)
    parser.add_argument("--kill", type=int, default=0)
    args = parser.parse_args()
    home = CACHE / "alarms"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    cameras = Cameras(footage(), free_port(), home / "simulate.log")
    port, group = free_port(), Group()
    config = home / "atalaya.yaml"
    config.write_text(
        f'listen: "127.0.0.1:{port}"\ndata: "{home}/data"\nanalysis: {{ enabled: false }}\ncameras:\n' + "".join(f'  - {{ id: c{i}, name: c{i}, main: "{cameras.url(i)}" }}\n' for i in range(args.cameras)),
        encoding="utf-8")
    log = open(home / "serve.log", "a", encoding="utf-8")
    bearer = token(config)
    api = Api(port, bearer)

    def start():
        group.processes = [group.start([ATALAYA, "serve", "--config", config], stdout=log, stderr=subprocess.STDOUT)]
        for _ in range(600):
            try:
                if api.ask("GET", "/health")[0] == 200:
                    return
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.1)
        raise SystemExit(f"the node did not start: see {home}/serve.log")

    try:
        start()
        # Each event an alarm of its own: what is merged or counted would be told by fewer messages.
        status, answer = api.ask("PUT", "/api/alarm-policy", {"merge": {"seconds": 0}, "flood": {"alarms": 0}, "targets": []})
        if status != 200:
            raise SystemExit(f"the policy was refused: {answer}")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not all(c["recording"]["state"] == "recording" for c in api.ask("GET", "/api/cameras")[1]):
            time.sleep(0.5)
        pages = [Page(port, bearer) for _ in range(args.pages)]
        for page in pages:
            page.start()
        time.sleep(2)
        sent, lost, total, senders = {}, [], int(args.rate / 60 * args.seconds), 8
        began, cpu = time.monotonic() + 0.5, group.cpu_seconds()
        threads = [threading.Thread(target=inject, args=(port, bearer, range(i, total, senders), args.rate / 60, args.cameras, began, sent, lost), daemon=True) for i in range(senders)]
        for thread in threads:
            thread.start()
        for n in range(args.kill):
            time.sleep(max(0, began + (n + 1) * args.seconds / (args.kill + 1) - time.monotonic()))
            for process in group.processes:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            start()
            cpu = 0
        for thread in threads:
            thread.join()
        window = time.monotonic() - began
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and any(len(page.seen) < len(sent) for page in pages):
            time.sleep(0.1)
        cpu = group.cpu_seconds() - cpu
        # The node has closed the connection that nothing used meanwhile.
        api = Api(port, bearer)
        stored, cursor = [], ""
        while cursor is not None:
            _, answer = api.ask("GET", f"/api/alarms?limit=500{cursor and '&cursor=' + cursor}")
            stored += [alarm["id"] for alarm in answer["alarms"]]
            cursor = answer["next"]
        recording = sum(c["recording"]["state"] == "recording" for c in api.ask("GET", "/api/cameras")[1])
        gaps = [g for line in api.ask("GET", f"/api/timeline?from={stamp(-window - 5)}&to={stamp(-3)}")[1].values() for g in line.get("gaps", [])] if not args.kill else []
        for page in pages:
            page.over = True
        delays = [1000 * (page.seen[i] - at) for page in pages for i, at in sent.items() if i in page.seen]
        row = {
            "rate_per_min": args.rate, "seconds": args.seconds, "cameras": args.cameras, "recording_at_end": recording, "gaps": len(gaps), "kills": args.kill, "injected": len(sent), "unanswered": len(lost),
            "alarms": len(stored), "missing": len(set(sent) - set(stored)), "twice": len(stored) - len(set(stored)), "foreign": len(set(stored) - set(sent)),
            "missing_in_pages": [len(set(sent) - set(page.seen)) for page in pages], "p50_ms": quantile(delays, 0.5), "p95_ms": quantile(delays, 0.95), "p99_ms": quantile(delays, 0.99),
            "most_ms": max(delays, default=None), "mean_ms": statistics.fmean(delays) if delays else None, "cpu_ms_per_s": None if args.kill else 1000 * cpu / window,
            "told": [page.told for page in pages], "links": [page.links for page in pages],
        }
        emit(CACHE / "alarms.jsonl", row)
        print(machine())
        for key, value in row.items():
            print(f"{key:>18}  {value if not isinstance(value, float) else round(value, 1)}")
        # Alarms of the node itself (a camera that is lost) are foreign; what was sent and isn't there, or is there twice, is a fault.
        raise SystemExit(1 if row["missing"] or row["twice"] or any(row["missing_in_pages"]) else 0)
    finally:
        group.stop()
        cameras.stop()
        log.close()
        shutil.rmtree(home / "data", ignore_errors=True)


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


if __name__ == "__main__":
    main()
