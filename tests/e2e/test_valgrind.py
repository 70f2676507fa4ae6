# SPDX-License-Identifier: MIT
"""A small run of everything under memcheck: no error, no leak, no descriptor left.

Run by make check-valgrind only (VALGRIND=all).
"""

import os
import re
import shutil
import signal

import pytest

import runner

pytestmark = [
    pytest.mark.valgrind,
    pytest.mark.skipif(os.environ.get("VALGRIND") != "all", reason="make check-valgrind runs it"),
    pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")]

STRONG = dict(etag='"v1"', ranges=1)


def memcheck(garner):
    """A program that runs garner under it, and what it says then."""
    log = garner.home / "memcheck"
    script = garner.home / "garner-memcheck"
    script.write_text(f"#!/bin/sh\nexec valgrind -q --leak-check=full --show-leak-kinds=definite,indirect "
                      f"--errors-for-leak-kinds=definite,indirect --track-fds=yes --error-exitcode=99 "
                      f"--log-file={log} {runner.BINARY} --no-sandbox \"$@\"\n")
    script.chmod(0o755)
    return script, log


def check(log, process):
    """Nothing but standard input, output and error is open at the end, and there is no error. The helper that starts
    --exec's commands ends by _exit, and leaves its descriptors to that."""
    said = log.read_text()
    mine = f"=={process.popen.pid}=="
    assert mine in said, said
    left = re.findall(rf"^{mine} Open .*\n(?:{mine}    .*\n)*", said, re.M)
    own = [entry for entry in left if "<inherited from parent>" not in entry and str(log) not in entry]
    assert not own, own
    assert not re.search(r"lost in loss record|Invalid (read|write)|uninitialised|overlap|Mismatched", said), said


@pytest.fixture
def run(garner, monkeypatch):
    script, log = memcheck(garner)
    monkeypatch.setattr(runner, "BINARY", script)

    def start(*args, **options):
        start.last = garner.start("--json", "--retry", 1, "--retry-delay", "10ms", "--stall-timeout", "5s", *args, **options)
        return start.last

    start.check = lambda: check(log, start.last)
    return start


def entries(faults, garner):
    """About sixty, of all sorts; how many are to fail."""
    good = [faults.url(f"/ok{i}", size=size) for i, size in enumerate([0, 1, 100, 70_000, 600_000] * 5)]
    good += [faults.url(f"/d{i}/same", seed=i) for i in range(4)] + [good[1]]
    good += [faults.url(f"/gz{i}", gzip=1) for i in range(2)] + [faults.url(f"/chunks{i}", chunked=1) for i in range(2)]
    good += [faults.url(f"/seg{i}", size=3_000_000, **STRONG) for i in range(3)]
    good += [faults.url("/hop", location=faults.url("/there"))]
    good += [faults.url(f"/again{i}", size=300_000, cut=100_000, fail=1, **STRONG) for i in range(4)]
    good += [faults.url("/busy", status="503,200")]
    bad = [faults.url(f"/no{i}", status=404) for i in range(8)] + [faults.url(f"/cut{i}", size=9000, cut=400) for i in range(4)]
    bad += ["http://127.0.0.1:1/refused", "http://nowhere.invalid/x", "nonsense://x", "http://[", faults.url("/garbage", garbage=1)]
    bad += [faults.url("/loop", location="self"), faults.url("/drop", drop=1), faults.url("/reset", size=9000, reset=400)]
    mixed = [url for pair in zip(good, bad + [None] * len(good)) for url in pair if url]
    garner.write("list", "\n".join(mixed) + "\n")
    return len(mixed), len(bad)


def test_a_mixed_run(garner, faults, run):
    count, bad = entries(faults, garner)
    first = run("--gather", "--journal", "j", "--failures", "f", "-d", "out", "--segments", 3, "--segment-size", "500k",
                "--hash", "sha256", "-j", 8, "-i", "list").wait(300)
    states = [r["state"] for r in first.records]
    assert first.status == 1 and len(states) == count >= 60 and states.count("failed") == bad, first
    run.check()
    again = run("--journal", "j", "-d", "out", "-i", "list", "--exec", "true {path}").wait(300)
    assert again.status == 1 and [r["state"] for r in again.records].count("failed") == bad, again
    run.check()


def test_names_that_come_late(garner, faults, run):
    header = "Content-Disposition:attachment; filename=x.bin"
    urls = [faults.url(f"/{i % 4}", seed=i % 4, header=header, size=200_000) for i in range(8)]
    for _ in range(2):
        assert run("-J", "-d", "out", *urls).wait(120).status == 0
        run.check()


@pytest.mark.parametrize("how", ["interrupt", "timeout", "fail fast", "first success", "pipe"])
def test_an_early_end(garner, faults, run, how):
    urls = [faults.url(f"/big{i}", size=5_000_000, drip="50000,0.05", **STRONG) for i in range(6)]
    urls += [faults.url("/stall", stall="header"), "http://127.0.0.1:1/refused" if how == "fail fast" else faults.url("/ok")]
    args = {"timeout": ["--timeout", "3s"], "fail fast": ["--fail-fast"],
            "first success": ["--wait", "--return-when", "first-success"]}.get(how, [])
    reader, writer = os.pipe()
    process = run("-d", "out", *args, *urls, *[faults.url(f"/more{i}") for i in range(10)], stdout=writer)
    os.close(writer)
    if how == "interrupt":
        process.until(lambda: any((garner.dir / "out").glob("*.part.json")), "part", 60)
        process.send(signal.SIGINT)
    if how == "pipe":
        os.close(reader)
    ended = process.popen.wait(120)
    assert ended in {"interrupt": (-signal.SIGINT,), "timeout": (124,), "fail fast": (1,), "first success": (0,)}.get(how, (141, -13)), \
        process.errors()
    run.check()
    if how != "pipe":
        os.close(reader)
