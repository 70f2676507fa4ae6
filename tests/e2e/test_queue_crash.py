# SPDX-License-Identifier: MIT
"""Four workers share a queue; they are killed at random and replaced, and Redis is restarted.

A short form of 600 files and 4 kills; with QUEUE=all (make check-queue) 5,000 files and 25 kills.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time

import pytest

import faultserver
import redisserver
import runner
from test_queue import pytestmark as needs, redis  # noqa: F401

ALL = os.environ.get("QUEUE") == "all"
FILES = 5000 if ALL else 600
KILLS = 25 if ALL else 4
WORKERS, JOBS = 4, 4

pytestmark = [*needs, pytest.mark.crash,
              pytest.mark.skipif(runner.asan_library() is not None, reason="a kill says nothing to a sanitizer")]


class Workers:
    """So many workers, each with a directory of its own, as on machines of their own."""

    def __init__(self, garner, url, *args):
        self.garner, self.url, self.args = garner, url, args
        self.running, self.started = [], 0

    def start(self):
        run = self.garner.start(
            "--queue", self.url, "-d", f"out{self.started}", "-j", JOBS, "--idle-claim", "2s", "--retry-delay", "50ms",
            "-q", "--exit-when-empty", *self.args)
        self.started += 1
        self.running.append(run)
        return run

    def kill(self, dice):
        run = dice.choice(self.running)
        run.kill()
        self.running.remove(run)
        self.start()


def test_killed_and_replaced(garner, redis, faults):  # noqa: F811
    dice = random.Random(6)
    sizes = [dice.choice([0, 100, 3000, 20_000, 70_000]) for _ in range(FILES)]
    garner.write("list", "".join(faults.url(f"/f{i}", size=s, seed=i, drip="16384,0.005") + "\n"
                                 for i, s in enumerate(sizes)))
    assert garner("--enqueue", redis.local(), "-i", "list").status == 0
    workers = Workers(garner, redis.local())
    for _ in range(WORKERS):
        workers.start()
    ends = lambda: redis("XLEN", "jobs:results") + redis("XLEN", "jobs:dead")  # noqa: E731
    deadline = time.monotonic() + (400 if ALL else 100)
    for kill in range(KILLS):
        while ends() < FILES * (kill + 1) // (KILLS + 2):
            assert time.monotonic() < deadline, f"{ends()} of {FILES}"
            time.sleep(0.01)
        workers.kill(dice)
        if kill == KILLS // 2:
            redis.stop(signal.SIGKILL)
            time.sleep(0.5)
            redis.start()
    results = [run.wait(120) for run in workers.running]
    assert [r.status for r in results] == [0] * WORKERS, results
    # each entry has one end, and nothing is pending
    entries = [i for i, _ in redis.entries("jobs")]
    done = redis.entries("jobs:results")
    assert redis("XLEN", "jobs:dead") == 0 and sorted(f["entry"] for _, f in done) == sorted(entries)
    assert redis.pending() == [] and len(entries) == FILES
    # every file is right, in the directory that its record names
    consumers = {}
    for _, fields in done:
        record = json.loads(fields["record"])
        i = int(record["url"].split("/f")[1].split("?")[0])
        assert garner.read(record["path"]) == faultserver.body(sizes[i], i), record
        consumers.setdefault(fields["consumer"], 0)
        consumers[fields["consumer"]] += 1
    twice = len(faults.requests()) - FILES
    print(f"{FILES} files, {KILLS} kills of {WORKERS} workers, one of Redis: {twice} requests twice, "
          f"{len(consumers)} consumers had records")
    assert len(consumers) > WORKERS and twice <= KILLS * JOBS + FILES * 0.01


def test_a_worker_in_another_network(garner, tmp_path):
    """Redis and the files are on the other side of a pair of interfaces."""
    name = f"garner-{os.getpid()}"

    def ip(*args, check=True):
        return subprocess.run(["ip", *args], capture_output=True, check=check).returncode == 0

    if not shutil.which("ip") or not ip("netns", "add", name, check=False):
        pytest.skip("no network namespaces here")
    server, files, near = None, None, f"g{os.getpid() % 100000}"
    try:
        made = ip("link", "add", near, "type", "veth", "peer", "name", "far", "netns", name, check=False)
        if not made:
            pytest.skip("no pairs of interfaces here")
        net = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"
        ip("addr", "add", f"{net}.1/24", "dev", near)
        ip("link", "set", near, "up")
        ip("-n", name, "addr", "add", f"{net}.2/24", "dev", "far")
        ip("-n", name, "link", "set", "far", "up")
        directory = tmp_path / "redis"
        directory.mkdir()
        server = redisserver.Redis(directory, "--protected-mode", "no", host=f"{net}.1")
        (garner.dir / "www").mkdir()
        for i in range(20):
            garner.write(f"www/f{i}", b"x" * i)
        port = redisserver.free_port()
        files = subprocess.Popen(["python3", "-m", "http.server", "--bind", f"{net}.1", "-d", str(garner.path("www")),
                                  str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while socket.socket().connect_ex((f"{net}.1", port)) != 0:
            assert time.monotonic() < end
            time.sleep(0.02)
        urls = [f"http://{net}.1:{port}/f{i}" for i in range(20)]
        assert garner("--enqueue", server.url(), *urls).status == 0
        run = subprocess.run(
            ["ip", "netns", "exec", name, str(runner.BINARY), "--queue", server.url(), "-d", "out", "--exit-when-empty",
             "--retry-delay", "100ms"], cwd=garner.dir, env=garner.environment(), capture_output=True, text=True, timeout=60)
        assert run.returncode == 0 and server("XLEN", "jobs:results") == 20, run
        assert all(garner.read(f"out/f{i}") == b"x" * i for i in range(20))
    finally:
        if server:
            server.stop(signal.SIGKILL)
        if files:
            files.kill()
            files.wait()
        ip("link", "del", near, check=False)
        ip("netns", "del", name, check=False)


def test_ipv6(garner, tmp_path):
    directory = tmp_path / "redis"
    directory.mkdir()
    try:
        server = redisserver.Redis(directory, host="::1")
    except AssertionError:
        pytest.skip("no IPv6 here")
    run = garner("--enqueue", f"redis://[::1]:{server.port}/jobs", "http://h/x")
    assert run.status == 0 and server("XLEN", "jobs") == 1, run
    server.stop(signal.SIGKILL)
