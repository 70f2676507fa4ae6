# SPDX-License-Identifier: MIT
"""--journal: what is listed is not downloaded again, and nothing is listed that is not there."""

import json
import os
import resource
import shutil
import signal

import pytest


def listed(garner, name="j"):
    return [json.loads(line) for line in garner.path(name).read_text().splitlines()]


def test_listed_is_skipped_though_moved(garner, faults):
    urls = [faults.url(f"/{i}", seed=i) for i in range(5)]
    assert garner("-d", "d", "--journal", "j", *urls).status == 0
    assert sorted(line["url"] for line in listed(garner)) == sorted(urls)
    assert all(line["path"].startswith("d/") and line["size"] == 100 for line in listed(garner))
    assert garner.path("j").stat().st_mode & 0o777 == 0o600
    shutil.rmtree(garner.path("d"))
    before = len(faults.requests())
    run = garner("--json", "-d", "d", "--journal", "j", *urls, faults.url("/new"))
    assert run.status == 0 and [f for f in run.files if f != "j"] == ["d/new"], run
    assert len(faults.requests()) == before + 1
    assert sorted(r["reason"] for r in run.records if r["state"] == "skipped") == ["journal"] * 5
    assert all(r["path"] is None for r in run.records if r["state"] == "skipped"), run
    assert len(listed(garner)) == 6


def test_failures_are_not_listed(garner, faults):
    urls = [faults.url("/good"), faults.url("/bad", status=404), faults.url("/cut", size=1000, cut=10)]
    run = garner("--retry", "0", "--journal", "j", *urls)
    assert run.status == 1 and [line["path"] for line in listed(garner)] == ["good"], run


def test_password_stays(garner, faults):
    url = faults.url("/a", user="u:secret", auth="u:secret")
    run = garner("--journal", "j", url)
    assert run.status == 0 and listed(garner)[0]["url"] == url and "secret" not in run.stderr, run


def test_torn_and_foreign_lines(garner, faults):
    urls = [faults.url(f"/{i}") for i in range(3)]
    assert garner("-d", "d", "--journal", "j", *urls).status == 0
    text = garner.path("j").read_text()
    keep = text.splitlines(True)
    garner.write("j", "nonsense\n\x00\x00\n{}\n" + keep[0] + keep[1] + keep[2][:-20])
    shutil.rmtree(garner.path("d"))
    run = garner("-d", "d", "--journal", "j", *urls)
    assert run.status == 0 and len(run.lines) == 1, run
    run = garner("--print", "new", "-d", "e", "--journal", "j", *urls)
    assert run.status == 0 and not run.lines, run


def test_what_was_there_before_is_listed_too(garner, faults):
    assert garner(faults.url("/a")).status == 0
    assert garner("--journal", "j", faults.url("/a")).status == 0
    os.unlink(garner.path("a"))
    run = garner("--journal", "j", faults.url("/a"))
    assert run.status == 0 and run.files == ["j"] and len(faults.requests()) == 1, run


def test_foreign_file_is_not_listed(garner, faults):
    garner.write("a", "mine")
    run = garner("--journal", "j", faults.url("/a"))
    assert run.status == 0 and garner.read("a") == b"mine" and listed(garner) == [], run


def test_key_decides(garner, faults):
    assert garner("--key", "url-no-query", "--journal", "j", faults.url("/a", size=100, token=1)).status == 0
    os.unlink(garner.path("a"))
    run = garner("--key", "url-no-query", "--journal", "j", faults.url("/a", size=100, token=2))
    assert run.status == 0 and run.files == ["j"], run


def test_interrupt_loses_no_line(garner, faults):
    urls = [faults.url(f"/{i}") for i in range(10)] + [faults.url("/held", gate="g")]
    run = garner.start("--journal", "j", *urls)
    faults.wait_gate("g")
    run.until(lambda: len(run.output().splitlines()) == 10, "ten files")
    run.send(signal.SIGINT)
    assert run.wait().signal == signal.SIGINT
    assert len(listed(garner)) == 10


@pytest.mark.parametrize("fsync", [[], ["--fsync"]])
def test_killed(garner, faults, fsync):
    urls = [faults.url(f"/{i}") for i in range(10)] + [faults.url("/held", gate="g")]
    run = garner.start(*fsync, "-d", "d", "--journal", "j", *urls)
    faults.wait_gate("g")
    run.until(lambda: garner.path("j").exists() and garner.path("j").read_bytes().count(b"\n") == 10, "ten lines")
    run.send(signal.SIGKILL)
    run.wait()
    assert sorted(line["path"] for line in listed(garner)) == sorted(f"d/{i}" for i in range(10))
    shutil.rmtree(garner.path("d"))
    faults.open("g")
    run = garner("-d", "d", "--journal", "j", *urls)
    assert run.status == 0 and [f for f in run.files if f != "j"] == ["d/held"], run


def test_two_runs_share_one(garner, faults):
    runs = [garner.start("-d", f"d{n}", "--journal", "j", *[faults.url(f"/{n}/{i}") for i in range(50)]) for n in range(4)]
    assert all(run.wait().status == 0 for run in runs)
    assert len({line["key"] for line in listed(garner)}) == 200


@pytest.mark.parametrize("name", [".", "nothing/there", "/dev/null"])
def test_no_journal_there(garner, faults, name):
    run = garner("--journal", name, faults.url("/a"))
    assert run.status == 3 and "journal" in run.stderr and not faults.requests(), run


def test_a_journal_that_cannot_be_written_ends_the_run(garner, faults):
    garner.write("j", ("x" * 99 + "\n") * 80)
    urls = [faults.url(f"/{i}", delay=0.05) for i in range(200)]
    run = garner("-j", "2", "--journal", "j", *urls,
                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000)))
    assert run.status == 3 and "journal" in run.stderr and len(run.files) < 150, run
