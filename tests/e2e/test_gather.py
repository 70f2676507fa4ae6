# SPDX-License-Identifier: MIT
"""A gather whose first item is the slowest: the others go on, and what is kept of them is little."""

import hashlib
import os
import re
import subprocess
import threading

import pytest

import runner

FEW, MANY = 1000, 20_000
HEAD = dict(size=1000, gate_at=500)  # of which half comes, and then nothing until its gate is opened
NOISE = 2 << 20  # what else of a process differs from run to run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(runner.asan_library() is not None, reason="AddressSanitizer keeps what is freed")]


class Held:
    """A run with --gather whose first item is held while `count` others end; then it gets its rest.

    The list stays open, so that peak() can be read when all is out. rest: lines that follow, which
    cannot be reached before."""

    def __init__(self, garner, faults, nginx, count, url, *args, rest=0):
        self.faults, self.gate, self.mark = faults, f"g{count}", f"{url}{count}-"
        self.log, self.left, self.answered = open(nginx.dir / "access.log", "rb"), b"", 0
        self.log.seek(0, os.SEEK_END)
        urls = [faults.url("/head", gate=self.gate, **HEAD)] + [nginx.url(f"{self.mark}{i}") for i in range(count + rest)]
        self.run = garner.start("--gather", "-j", 16, *args, "-i", "-", stdin=subprocess.PIPE)
        threading.Thread(target=self.run.write, args=("\n".join(urls) + "\n",), daemon=True).start()
        faults.wait_gate(self.gate)
        self.run.until(lambda: self.asked() >= count, "the others", timeout=120)

    def asked(self):
        """How many of the others the server has answered."""
        *lines, self.left = (self.left + self.log.read()).split(b"\n")
        self.answered += sum(self.mark.encode() in line for line in lines)
        return self.answered

    def printed(self, what=None):
        """Bytes of its standard output so far, or how often there is `what`."""
        return sum(chunk.count(what) if what else len(chunk) for chunk in self.run._out)

    def open(self):
        self.faults.open(self.gate)

    def peak(self):
        """Bytes."""
        with open(f"/proc/{self.run.popen.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) << 10


def test_files_keep_a_line_each(garner, faults, nginx):
    """Of a file that waits for its turn there is its name in the table of names (32 bytes) and the line to be
    printed, with 16 bytes that say how long it is; a thousand of them are one block."""
    peaks = {}
    for count in (FEW, MANY):
        held = Held(garner, faults, nginx, count, "/small/", "-d", f"d{count}", "--look-ahead", 256)
        held.run.until(lambda: len(list(garner.path(f"d{count}").iterdir())) > count, "their files", timeout=60)
        assert held.printed() == 0
        held.open()
        held.run.until(lambda: held.printed(b"\n") > count, "all lines", timeout=60)
        peaks[count] = held.peak()
        result = held.run.wait()
        assert result.lines == [f"d{count}/head"] + [f"d{count}/{count}-{i}" for i in range(count)] and result.status == 0
    line = len(f"d{MANY}/{MANY}-{MANY}\n")
    assert peaks[MANY] - peaks[FEW] <= (MANY - FEW) * (line + 16 + 32) + NOISE, peaks


def test_records_past_a_bound_wait_in_a_file(garner, faults, nginx):
    """Together nearly 100 MiB, of which 16 MiB are in memory: a thousand of them, which come to 5 MiB, are never one block."""
    peaks = {}
    for count in (FEW, MANY):
        long = "/small/" + "x" * 2000 + "/"
        held = Held(garner, faults, nginx, count, long, "--json", "--discard", "--look-ahead", 256)
        assert held.printed() == 0
        held.open()
        held.run.until(lambda: held.printed(b"\n") > count, "all records", timeout=60)
        peaks[count] = held.peak()
        result = held.run.wait()
        assert [r["index"] for r in result.records] == list(range(1, count + 2)) and result.status == 0
    assert len(result.out) > 80 << 20
    assert peaks[MANY] - peaks[FEW] <= (16 << 20) + (MANY - FEW) * 32 + NOISE, peaks


@pytest.mark.parametrize("file", ["/small/", "/f/page.html?"], ids=["memory", "spool"])
def test_bodies_that_wait_are_entries_of_the_look_ahead(garner, faults, nginx, file):
    """Each is a job until it is out, so that --look-ahead bounds how many wait, and a job that has its body takes
    less than 3.5 KiB. Past 16 MiB the bodies themselves are in a temporary file."""
    peaks = {}
    text = nginx.data("page.html") if file.startswith("/f/") else b"small\n"
    for count in (FEW, MANY):
        held = Held(garner, faults, nginx, count, file, "-o", "-", "--look-ahead", count + 1, rest=100)
        held.run.until(lambda: held.printed() == 500, "what there is of the first")
        assert held.asked() == count, "one that is past the look-ahead"
        held.open()
        size = 1000 + (count + 100) * len(text)
        held.run.until(lambda: held.printed() == size, "all bodies", timeout=60)
        peaks[count] = held.peak()
        result = held.run.wait()
        want = hashlib.sha256(faults.body(1000) + text * (count + 100)).digest()
        assert hashlib.sha256(result.out).digest() == want and result.status == 0
    bodies = min((MANY - FEW) * len(text), (16 << 20) - FEW * len(text))
    assert peaks[MANY] - peaks[FEW] <= (MANY - FEW) * 3584 + bodies + NOISE, peaks
