# SPDX-License-Identifier: MIT
"""Ended at random moments and run again until done: every file is right, and little comes twice.

A short form; with CRASH=all (make check-crash) 300 kills, and 100 interrupts and restarts.
"""

import os
import pathlib
import random
import shutil
import signal
import time

import pytest

import faultserver
import runner

ALL = os.environ.get("CRASH") == "all"
ROUNDS = {signal.SIGKILL: 30, signal.SIGINT: 10} if ALL else {signal.SIGKILL: 1, signal.SIGINT: 1}
CHANGES = 5 if ALL else 1  # rounds with a server that changes
LARGE = 40 if ALL else 4   # of 20 MB, at 10 MB a second; the rest of 200 is small
ENDS = 10 if ALL else 4    # in a round
JOBS = 4
PIECE = 65536  # that the server sends at once
BEHIND = 1_500_000  # what a kill may cost a download: 1 MiB, and what was not yet handed over

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(runner.asan_library() is not None, reason="a kill says nothing to a sanitizer")]


def wait_stopped(pid):
    """Until the process stands still, or is dead."""
    while pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("T", "Z"):
        time.sleep(0.001)


class Crash:
    """200 files of one server, whose version may change."""

    def __init__(self, garner, loop, seed):
        self.garner, self.loop = garner, loop
        self.dice = random.Random(seed)
        self.server = faultserver.FaultServer(loop)
        self.seen = 0      # requests that the server had before the run
        self.received = 0  # bytes that garner took from it
        large = set(self.dice.sample(range(200), LARGE))
        self.sizes = [20_000_000 if i in large else self.dice.choice([0, 1, 700, 5000, 20_000, 300_000])
                      for i in range(200)]
        drip = f"{PIECE},0.0065"
        garner.write("list", "".join(
            self.server.url(f"/f{i}", size=size, seed="%d0{v}" % i, version="server", ranges=1, drip=drip) + "\n"
            for i, size in enumerate(self.sizes)))

    def start(self):
        self.seen = len(self.server.requests())
        return self.garner.start("-q", "--json", "-j", JOBS, "-d", "out", "--retry", 8, "--retry-delay", "50ms",
                                 "-i", "list")

    def end_at_random(self, signum):
        """A run and its end; false if it was done before."""
        run = self.start()
        time.sleep(self.dice.uniform(0.02, 20 / ENDS if ALL else 0.8))
        if signum == signal.SIGKILL:
            # a dead process tells nothing: it is stopped first, and what it took is counted
            run.send(signal.SIGSTOP)
            wait_stopped(run.popen.pid)
            taken = self.server.taken(self.seen)
            run.send(signum)
        else:
            run.send(signum)
            taken = self.records_of(run)
        result = run.wait()
        assert result.signal in (None, signum) and (result.signal or result.status == 0), result
        self.received += taken
        self.check(done=False)
        return result.signal is not None

    def records_of(self, run):
        """What garner says that it received, which is no more than was sent."""
        received = sum(r["received"] for r in run.wait(300).records)
        assert received <= sum(r.sent for r in self.server.requests()[self.seen:])
        return received

    def restart(self):
        """The server comes back with other content, while garner runs."""
        port = self.server.port
        self.server.stop()
        self.server = faultserver.FaultServer(self.loop, port, self.server.version + 1)
        assert self.server.port == port

    def finish(self):
        run = self.start()
        received = self.records_of(run)
        assert run.wait().status == 0
        # requests of a run that was ended may have been answered late
        late = self.server.taken(self.seen) - received
        assert late <= JOBS * BEHIND, late
        self.received += received
        self.check(done=True)
        self.server.stop()
        shutil.rmtree(self.garner.path("out"))

    def check(self, done):
        """Each file under its final name is that of one version; at the end all are there, and nothing else."""
        out = self.garner.path("out")
        names = sorted(os.listdir(out)) if out.exists() else []
        final = [n for n in names if ".part" not in n]
        if done:
            assert names == sorted(f"f{i}" for i in range(200))
        for name in final:
            i = int(name[1:])
            assert (out / name).stat().st_size == self.sizes[i], name
        if done:
            for name in final:
                i, data = int(name[1:]), (out / name).read_bytes()
                assert any(data == faultserver.body(self.sizes[i], int(f"{i}0{v}"))
                           for v in range(1, self.server.version + 1)), name


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT])
def test_ended_and_run_again(garner, fault_loop, signum):
    total = twice = ends = 0
    for turn in range(ROUNDS[signum]):
        crash = Crash(garner, fault_loop, turn)
        ends += sum(crash.end_at_random(signum) for _ in range(ENDS))
        crash.finish()
        total += sum(crash.sizes)
        twice += crash.received - sum(crash.sizes)
    print(f"{ends} ends by signal {signum}: {total} bytes, {twice} of them twice ({100 * twice / total:.2f} %)")
    assert ends > 0 and 0 <= twice <= ends * JOBS * BEHIND
    if ALL or signum == signal.SIGINT:
        assert twice < total * 0.05


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT])
def test_the_server_changes_meanwhile(garner, fault_loop, signum):
    ends = restarts = 0
    for turn in range(CHANGES):
        crash = Crash(garner, fault_loop, 100 + turn)
        for _ in range(ENDS // 2):
            ends += crash.end_at_random(signum)
            crash.restart()
        run = crash.start()
        time.sleep(0.3)
        crash.restart()
        assert run.wait(300).status == 0
        restarts += crash.server.version - 1
        crash.finish()
    print(f"{ends} ends by signal {signum} and {restarts} restarts with other content")
    assert ends > 0
