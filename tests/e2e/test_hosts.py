# SPDX-License-Identifier: MIT
"""Slots, fairness, holds and rates of hosts."""

import subprocess
import time

import pytest


def gated(faults, count, host="127.0.0.1"):
    return [faults.url(f"/{host}/{i}", host=host, gate="g") for i in range(count)]


def test_jobs(garner, faults):
    run = garner.start("-o", "{index}", "-j", 3, *gated(faults, 10))
    faults.wait_gate("g", 3)
    time.sleep(0.3)
    assert faults.waiting("g") == 3
    faults.open("g")
    assert run.wait().status == 0 and faults.peak() == 3


def test_per_host_is_8_by_default(garner, faults):
    run = garner.start("-o", "{index}", *gated(faults, 20), *gated(faults, 20, "127.0.0.2"))
    faults.wait_gate("g", 16)
    time.sleep(0.3)
    faults.open("g")
    assert run.wait().status == 0
    assert faults.peak("127.0.0.1") == faults.peak("127.0.0.2") == 8


def test_per_host(garner, faults):
    run = garner.start("-o", "{index}", "--per-host", 2, *gated(faults, 6), *gated(faults, 6, "127.0.0.2"))
    faults.wait_gate("g", 4)
    time.sleep(0.2)
    faults.open("g")
    assert run.wait().status == 0
    assert faults.peak("127.0.0.1") == faults.peak("127.0.0.2") == 2


def test_jobs_alone_lift_per_host(garner, faults):
    run = garner.start("-o", "{index}", "-j", 12, *gated(faults, 12))
    faults.wait_gate("g", 12)
    faults.open("g")
    assert run.wait().status == 0


def test_a_saturated_host_holds_up_nobody(garner, faults):
    run = garner.start("-o", "{index}", "-j", 8, "--per-host", 2, *gated(faults, 100), *[faults.url(f"/free{i}", host="127.0.0.2") for i in range(20)])
    faults.wait_gate("g", 2)
    run.until(lambda: len(run.output().splitlines()) == 20, "the other host's files")
    assert faults.peak("127.0.0.1") == 2
    faults.open("g")
    assert run.wait().status == 0


def crowd(faults, silent, good, each, share):
    """A list of silent hosts, with as many URLs each, spread over this share of those of good ones; and what makes all
    of them one server."""
    def host(net, number, name):
        return f"http://127.{net}.0.{number}:{faults.port}/{name}" + ("?gate=never" if net == 2 else "")
    urls = [host(1, i % good + 1, f"good{i}") for i in range(good * each)]
    bad = [host(2, i % silent + 1, f"bad{i}") for i in range(silent * each)]
    for i, url in enumerate(bad):
        urls.insert(int(i * share * good / silent) + i, url)
    return "\n".join(urls) + "\n", ["--connect-to", f"::127.0.0.1:{faults.port}"]


@pytest.mark.parametrize("share", [0, 0.5], ids=["first", "among"])
@pytest.mark.parametrize("jobs, silent", [(2, 1), (8, 1), (64, 1), (64, 4)])
def test_silent_hosts_hold_up_nobody(garner, faults, jobs, silent, share):
    """They have enough URLs for all slots, and more turns than there are slots before the others are through."""
    text, options = crowd(faults, silent, good=10, each=90, share=share)
    run = garner.start("-j", jobs, *options, "-i", "-", stdin=subprocess.PIPE)
    run.write(text)
    run.until(lambda: run.output().count("good") == 900, "the files of those that answer", timeout=60)
    assert faults.waiting("never") and "bad" not in run.output()
    run.send()  # they would be as silent for two minutes
    assert run.wait().status == 130


def test_a_host_that_is_left_alone_has_all_slots(garner, faults):
    """Its first requests wait for the end of those of another, without an answer."""
    other = [faults.url(f"/other{i}", host="127.0.0.2", gate="other") for i in range(2)]
    run = garner.start("-o", "{index}", "-j", 16, *other, *gated(faults, 32))
    faults.wait_gate("other", 2)
    faults.wait_gate("g", 6)
    faults.open("other")
    faults.wait_gate("g", 16)
    faults.open("g")
    assert run.wait().status == 0 and faults.peak() == 16


def test_hosts_take_turns(garner, faults):
    urls = [faults.url(f"/{h}/{i}", host=f"127.0.0.{h}") for h in (1, 2) for i in range(30)]
    assert garner("-o", "{index}", "-j", 1, *urls).status == 0
    first = [r.address for r in faults.requests()[:20]]
    assert 8 <= first.count("127.0.0.2") <= 12, first


def test_retry_after_holds_the_host(garner, faults):
    """One 503 and the host waits, then all arrive; another host goes on; only one attempt is used up."""
    urls = [faults.url(f"/{i}", **(dict(status="503,200", retry_after=1) if i == 0 else {})) for i in range(6)]
    free = [faults.url(f"/free{i}", host="127.0.0.2") for i in range(4)]
    run = garner("--json", "-j", 4, "--per-host", 1, "--retry", 1, "--retry-delay", "10ms", *urls, *free)
    assert run.status == 0 and run.seconds >= 1, run
    times = [r.time for r in faults.requests() if r.address == "127.0.0.1"]
    assert times[1] - times[0] >= 0.95 and len(times) == 7
    others = [r.time for r in faults.requests() if r.address == "127.0.0.2"]
    assert max(others) - times[0] < 0.95
    assert sum(r["attempts"] for r in run.records) == 11


def test_retry_after_probes_first(garner, faults):
    urls = [faults.url(f"/{i}", key="all", status="429,429,429,429,200", retry_after=1, delay=0.2) for i in range(4)]
    run = garner("--json", "-j", 4, "--retry", 9, *urls)
    assert run.status == 0, run
    times = [r.time - faults.requests()[0].time for r in faults.requests()]
    assert len(times) == 8 and times[5] - times[4] >= 0.15, times


def test_retry_after_too_long(garner, faults):
    run = garner("--json", faults.url("/a", status="503,200", retry_after=3600))
    assert run.status == 1 and run.record["error"]["kind"] == "http" and run.seconds < 10, run
    run = garner("--json", "--retry-max-wait", "1s", faults.url("/b", status="503,200", retry_after=5))
    assert run.status == 1 and run.seconds < 4, run


def test_rate(garner, faults):
    run = garner("--rate", "10/s", *[faults.url(f"/{i}") for i in range(6)])
    times = [r.time for r in faults.requests()]
    assert run.status == 0 and times[-1] - times[0] >= 0.4, times


def test_per_host_rate(garner, faults):
    run = garner("-o", "{index}", "--per-host-rate", "10/s", *[faults.url(f"/{h}/{i}", host=f"127.0.0.{h}") for h in (1, 2) for i in range(6)])
    times = {h: [r.time for r in faults.requests() if r.address == f"127.0.0.{h}"] for h in (1, 2)}
    assert run.status == 0 and all(t[-1] - t[0] >= 0.4 for t in times.values()), times


def test_host_failures(garner, faults):
    dead = [f"http://127.0.0.1:1/{i}" for i in range(10)]
    run = garner("--json", "--retry", 0, "--per-host", 1, "--host-failures", 3, *dead, faults.url("/good"))
    kinds = [r["error"]["kind"] for r in run.records if r["error"]]
    assert run.status == 1 and kinds.count("connect") == 3 and kinds.count("host") == 7, run
    assert sum(r["attempts"] for r in run.records) == 4


def test_a_host_that_is_given_up_is_not_asked_of_what_is_there(garner):
    names = [f"{i}" for i in range(5)]
    for name in names:
        garner.write(name, "x")
    run = garner("--json", "--gather", "--retry", 0, "--per-host", 1, "--host-failures", 1, "--if-exists", "verify",
                 *[f"http://127.0.0.1:1/{name}" for name in names])
    assert run.status == 1 and [r["attempts"] > 0 for r in run.records] == [True] + 4 * [False], run
    assert {r["error"]["kind"] for r in run.records[1:]} == {"host"}, run


def test_host_failures_are_in_a_row(garner, faults):
    urls = [faults.url(f"/{i}", drop=1, fail=1) for i in range(6)]
    run = garner("--json", "--retry", 1, "--retry-delay", "1ms", "--per-host", 1, "--host-failures", 2, *urls)
    assert run.status == 0, run
    run = garner("--json", "--retry", 0, "--per-host", 1, *[f"http://127.0.0.1:1/{i}" for i in range(5)])
    assert [r["error"]["kind"] for r in run.records] == ["connect"] * 5, run


def test_host_failures_end_retries_and_leave_mirrors(garner, faults):
    run = garner("--json", "--retry", 9, "--retry-delay", "1ms", "--host-failures", 3, "http://127.0.0.1:1/a")
    assert (run.record["error"]["kind"], run.record["attempts"]) == ("host", 3), run
    lines = "".join(f"http://127.0.0.1:1/{i}\t{faults.url(f'/{i}')}\n" for i in range(8))
    run = garner("--json", "--per-host", 1, "--host-failures", 2, input=lines)
    assert run.status == 0 and len(run.files) == 8, run
    assert sum(r["attempts"] for r in run.records) == 10


@pytest.mark.parametrize("count", [1, 4])
def test_limit_rate(garner, faults, count):
    run = garner("--limit-rate", "500k", *[faults.url(f"/{i}", size=600_000 // count) for i in range(count)])
    assert run.status == 0 and 0.5 <= run.seconds < 6, run


@pytest.mark.one_connection
@pytest.mark.parametrize("kind", ["http", "http1 tls", "http2", "two loops"])
def test_a_limited_rate_is_shared(garner, nginx, kind):
    """When half of 16 have their 1 MiB, all others have at least a quarter of theirs: nobody's turn was left out."""
    url = (nginx.url if kind == "http" else nginx.tls)("/f/1m.bin?")
    args = ["--loops", 2 if kind == "two loops" else 1, *(["--http1.1"] if kind == "http1 tls" else [])]
    run = garner.start("--json", "--discard", "-j", 16, "--limit-rate", "4M", "--cacert", nginx.cacert, *args,
                       *[f"{url}{i}" for i in range(16)])
    run.until(lambda: run.output().count("\n") >= 8, "half of the records", timeout=60)
    run.send()
    records = run.wait().records
    versions = {r["http"]["version"] for r in records if r["state"] == "finished"}
    assert versions == {"2" if kind in ("http2", "two loops") else "1.1"}, versions
    had = sorted(r["received"] for r in records)
    assert len(had) == 16 and had[-1] == 1 << 20 and had[0] >= 1 << 18, had


def test_a_redirect_takes_the_slot_of_its_own_host(garner, faults, other):
    urls = [faults.url(f"/{i}", location=other.url(f"/{i}", gate="g")) for i in range(6)]
    run = garner.start("-o", "{index}", "--per-host", 2, *urls)
    other.wait_gate("g", 2)
    time.sleep(0.2)
    other.open("g")
    assert run.wait().status == 0 and other.peak() == 2


def test_a_slow_name_holds_up_nobody(garner, faults, slow_names):
    run = garner.start(f"http://slow.test:{faults.port}/slow", *[faults.url(f"/{i}") for i in range(20)], env=slow_names)
    began = time.monotonic()
    run.until(lambda: len(run.output().splitlines()) == 20, "the other files")
    assert time.monotonic() - began < 4
    assert run.wait().status == 0


def test_slow_names_hold_up_nobody(garner, faults):
    env = garner.with_names(slow=[f"slow{i}.test" for i in range(40)], seconds=3)
    urls = [f"http://slow{i}.test:{faults.port}/s{i}" for i in range(40)] + [faults.url(f"/{i}") for i in range(20)]
    run = garner.start(*urls, env=env)
    run.until(lambda: sum(not line.startswith("s") for line in run.output().splitlines()) == 20, "the others", timeout=8)
    assert run.wait(60).status == 0


@pytest.mark.parametrize("bad", ["silent", "stalls", "refuses", "black hole", "holds", "resolves slowly"])
def test_a_bad_host_costs_the_others_nothing(garner, faults, black_hole, bad):
    """Its 30 entries are first in the list and all under way or waiting when the last of the others is done."""
    where = {
        "silent": lambda i: faults.url(f"/bad{i}", host="127.0.0.2", gate="never"),
        "stalls": lambda i: faults.url(f"/bad{i}", host="127.0.0.2", size=1000, stall=50),
        "refuses": lambda i: f"http://127.0.0.2:1/bad{i}",
        "black hole": lambda i: f"http://127.0.0.1:{black_hole}/bad{i}",
        "holds": lambda i: faults.url(f"/bad{i}", host="127.0.0.2", status=503, retry_after=300),
        "resolves slowly": lambda i: f"http://slow.test:{faults.port}/bad{i}",
    }[bad]
    urls = [where(i) for i in range(30)] + [faults.url(f"/good{i}") for i in range(60)]
    run = garner.start("--json", "-j", 8, "--per-host", 4, "--connect-timeout", "60s", "--retry", 9, "--retry-delay", "60s", *urls,
                       env=garner.with_names(slow=["slow.test"], seconds=60) if bad == "resolves slowly" else None)
    run.until(lambda: run.output().count("\n") >= 60, "the others")
    assert "bad" not in run.output() and run.output().count('"state":"finished"') == 60
    run.kill()
