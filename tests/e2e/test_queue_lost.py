# SPDX-License-Identifier: MIT
"""A queue whose answers get lost on the way, and a Redis that does not serve for a while."""

import random
import signal
import socket
import subprocess
import threading
import time

import faultserver
import rawserver
from test_queue import FAST, done_once, pytestmark, records, redis, work  # noqa: F401


class Cutter:
    """A way to Redis that passes on so many bytes of answers, then cuts the connection: what the server has done
    meanwhile, nobody was told. After so many cuts, connections last. hold: (the number of a connection, an event that
    its answers past the first wait for)."""

    def __init__(self, server, seed, least, most, cuts, hold=(0, None)):
        self._dice, self._range, self._cuts, self._hold = random.Random(seed), (least, most), cuts, hold
        self._server, self.made = str(server.socket), 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/jobs"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            near, _ = self._listener.accept()
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._server)
            self.made += 1
            left = self._dice.randint(*self._range) if self.made <= self._cuts else None
            held = self._hold[1] if self.made == self._hold[0] else None
            threading.Thread(target=self._pass, args=(near, far, None), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, left, held), daemon=True).start()

    @staticmethod
    def _pass(source, sink, left, held=None):
        first = True
        try:
            while data := source.recv(65536):
                if held and not first:
                    held.wait(60)
                first = False
                sink.sendall(data if left is None else data[:left])
                if left is not None:
                    left -= len(data)
                    if left <= 0:
                        break
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def test_answers_to_a_filler_are_lost(garner, redis):  # noqa: F811
    """A batch whose answer did not come is sent again, and counts once."""
    way = Cutter(redis, 1, 8, 60, 12)
    garner.write("list", "".join(f"http://h/{i}\n" for i in range(40_000)))
    run = garner("--enqueue", way.url, "-i", "list", timeout=60)
    assert run.status == 0 and "40000 enqueued" in run.stderr and way.made > 5, run
    assert [f["url"] for _, f in redis.entries("jobs")] == [f"http://h/{i}" for i in range(40_000)]


def test_answers_to_workers_are_lost(garner, redis, faults):  # noqa: F811
    """Entries whose delivery was not heard of come again; those whose end was not heard of are recorded once."""
    for i in range(150):
        redis.add(url=faults.url(f"/f{i}", seed=i))
    way = Cutter(redis, 2, 200, 3000, 24)
    workers = [garner.start("--queue", way.url, "-d", f"out{n}", "-j", 4, "--idle-claim", "1s", "--max-deliveries", 100,
                            "--exit-when-empty", *FAST) for n in range(2)]
    for worker in workers:
        result = worker.wait(90)
        assert result.status == 0, result
    assert way.made > 10
    done_once(redis)
    for record in records(redis, "jobs:results"):
        i = int(record["url"].split("/f")[1].split("?")[0])
        assert garner.read(record["path"]) == faultserver.body(100, i)
    assert redis("XLEN", "jobs:dead") == 0


def test_what_was_put_back_comes_again_before_the_answer(garner, redis, faults):  # noqa: F811
    """The worker's own reader claims it while the other connection says nothing: it is put back once more."""
    redis("XGROUP", "CREATE", "jobs", "garner", "0", "MKSTREAM")
    redis.add(url=faults.url("/f", status="503,200"))
    held = threading.Event()
    way = Cutter(redis, 3, 0, 0, 0, hold=(2, held))
    run = garner.start("--queue", way.url, "-d", "out", "--idle-claim", "1h", "--exit-when-empty", *FAST)
    run.until(lambda: [p[3] for p in redis.pending() if p[1] != "garner:released"] == [2], "second delivery")
    held.set()
    assert run.wait().status == 1
    assert len(faults.requests("/f")) == 2 and [f["deliveries"] for _, f in redis.entries("jobs:results")] == ["2"]
    done_once(redis)


def test_a_server_that_does_not_serve_is_not_asked_all_the_time(garner, redis, faults):  # noqa: F811
    """The connection is there, but each answer is an error that passes."""
    run = garner.start("--queue", redis.url(), "-d", "out", *FAST)
    run.until(lambda: redis("EXISTS", "jobs"), "group")
    redis("CONFIG", "SET", "min-replicas-to-write", 1)
    run.until(lambda: "NOREPLICAS" in run.errors(), "message")
    redis("CONFIG", "RESETSTAT")
    time.sleep(1)
    errors = redis("INFO", "errorstats").split("errorstat_NOREPLICAS:count=")
    assert len(errors) == 1 or int(errors[1].split()[0]) < 50, errors
    redis("CONFIG", "SET", "min-replicas-to-write", 0)
    redis.add(url=faults.url("/f"))
    run.until(lambda: redis("XLEN", "jobs:results") == 1, "record")
    assert "is back" in run.errors()
    run.send()
    run.wait()
    done_once(redis)


def answering(reply):
    """A server that answers commands (lists of words) with what reply gives, and hangs up where that is None."""
    def handler(connection, number):
        lines = connection.sock.makefile("rb")
        while line := lines.readline():
            words = [lines.read(int(lines.readline()[1:]) + 2)[:-2].decode() for _ in range(int(line[1:]))]
            said = reply(words)
            if said is None:
                return
            connection.send(said)

    return rawserver.RawServer(handler)


def test_errors_of_scripts_as_redis_6_words_them(garner):
    """The first look for abandoned entries meets a full server; the group is lost before the second."""
    script = "-ERR Error running script (call to f_0123): @user_script:1: "
    full = script + "@user_script: 1: -OOM command not allowed when used memory > 'maxmemory'.\r\n"
    lost = script + "NOGROUP No such key 'jobs' or consumer group 'garner'\r\n"
    claims, groups = [full, lost], []

    def reply(words):
        if words[0] == "EVAL":
            return claims.pop(0) if claims else "*1\r\n$3\r\n0-0\r\n"
        groups.extend(words[:1] * (words[0] == "XGROUP"))
        return {"XGROUP": "+OK\r\n", "XREADGROUP": "*-1\r\n", "XPENDING": "*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n"}.get(words[0], ":1\r\n")

    run = garner("--queue", f"redis://127.0.0.1:{answering(reply).port}/jobs", "--exit-when-empty")
    assert run.status == 0 and "OOM" in run.stderr and "is back" in run.stderr, run
    assert claims == [] and len(groups) == 2


def test_a_server_that_hangs_up_is_not_dialled_all_the_time(garner):
    """It can be connected to, but each read ends the connection."""
    server = answering(lambda words: None if words[0] in ("EVAL", "XREADGROUP") else ":1\r\n")
    run = garner.start("--queue", f"redis://127.0.0.1:{server.port}/jobs")
    run.until(lambda: "is away" in run.errors(), "message")
    before = server.accepted
    time.sleep(1)
    assert server.accepted - before < 20 and run.errors().count("is away") == 1
    run.until(lambda: server.accepted > before, "another try")
    run.send()
    assert run.wait().signal == signal.SIGINT


# -- filling -------------------------------------------------------------------------------------


def test_a_slow_list_does_not_wait_for_a_full_batch(garner, redis):  # noqa: F811
    run = garner.start("--enqueue", redis.url(), "-i", "-", stdin=subprocess.PIPE)
    for i in range(1, 4):
        run.write(f"http://h/{i}\nhttp://h/{i}.txt\n")
        run.until(lambda: redis("XLEN", "jobs") == 2 * i, "entries")
    run.popen.stdin.close()
    result = run.wait()
    assert result.status == 0 and "6 enqueued" in result.stderr, result


def test_a_server_that_forgot_what_it_had_taken(garner, redis):  # noqa: F811
    run = garner.start("--enqueue", redis.url(), "-i", "-", stdin=subprocess.PIPE)
    run.write("http://h/1\n")
    run.until(lambda: redis("XLEN", "jobs") == 1, "entry")
    redis("FLUSHALL")
    run.write("http://h/2\n")
    run.popen.stdin.close()
    result = run.wait()
    assert result.status == 3 and "without entries that it had acknowledged" in result.stderr, result
    assert redis("EXISTS", "jobs") == 0
