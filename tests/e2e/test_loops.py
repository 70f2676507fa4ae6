# SPDX-License-Identifier: MIT
"""--loops: several threads carry the transfers, and nobody can tell but by the time it takes. (All other tests hold
with any number of them, too: make check-loops.)"""

import pathlib
import resource
import signal
import subprocess

import pytest

SIZE = 3_000_000


def threads(run):
    """How many of a run's threads are loops beside the first."""
    names = [task.joinpath("comm").read_text() for task in pathlib.Path(f"/proc/{run.popen.pid}/task").iterdir()]
    return names.count("loop\n")


@pytest.mark.parametrize("loops, beside", [("1", 0), ("2", 1), ("4", 3)])
def test_as_many_threads(garner, faults, loops, beside):
    run = garner.start("-o", "{index}", "-j", 8, "--loops", loops, *[faults.url(f"/{i}", gate="g", size=10) for i in range(8)])
    faults.wait_gate("g", 8)
    assert threads(run) == beside
    faults.open("g")
    assert run.wait().status == 0


def test_no_more_than_jobs(garner, faults):
    run = garner.start("-o", "{index}", "-j", 2, "--segments", 1, "--loops", 64, *[faults.url(f"/{i}", gate="g") for i in range(2)])
    faults.wait_gate("g", 2)
    assert threads(run) == 1
    faults.open("g")
    assert run.wait().status == 0


def test_bytes_and_order(garner, faults):
    """Large and small, from several hosts, some broken off and resumed: each file right, records in order."""
    sizes = [(i * 7919) % 1_000_000 if i % 4 else i for i in range(80)]
    urls = [faults.url(f"/{i}", host=f"127.0.0.{1 + i % 4}", size=size, seed=i, ranges=1, etag='"v"',
                       **(dict(cut=size // 2, fail=1) if i % 7 == 3 else {})) for i, size in enumerate(sizes)]
    run = garner("--json", "--gather", "--loops", 4, "--retry-delay", "10ms", *urls)
    assert run.status == 0 and [r["index"] for r in run.records] == list(range(1, 81)), run
    for i, size in enumerate(sizes):
        assert garner.read(str(i)) == faults.body(size, i) and run.records[i]["received"] == size, run.records[i]


def test_a_host_has_no_more_connections_than_requests(garner, faults):
    """Whichever loop is free: a kept connection is used where it is."""
    urls = [faults.url(f"/{h}/{i}", host=f"127.0.0.{h}", size=5000) for i in range(30) for h in (1, 2, 3, 4)]
    run = garner("-o", "{host}-{name}", "-j", 8, "--per-host", 2, "--loops", 4, *urls)
    assert run.status == 0 and len(run.files) == 120
    for host in (1, 2, 3, 4):
        address = f"127.0.0.{host}"
        assert faults.peak(address) <= 2
        assert len({r.connection for r in faults.requests() if r.address == address}) <= 2


def test_one_rate_for_all(garner, faults):
    """1.6 MB/s for all four of them, not for each; what the kernels hold comes on top."""
    urls = [faults.url(f"/{i}", size=1_200_000) for i in range(4)]
    run = garner("-j", 4, "--loops", 4, "--limit-rate", "1600000", *urls)
    assert run.status == 0 and 2.6 < run.seconds < 6, run.seconds
    assert [garner.read(str(i)) for i in range(4)] == [faults.body(1_200_000)] * 4


def test_a_small_buffer(garner, faults):
    """Pressure of the store holds all loops, and each goes on afterwards."""
    run = garner("--loops", 3, "--buffer", "64k", "-j", 6, *[faults.url(f"/{i}", size=SIZE, seed=i) for i in range(12)])
    assert run.status == 0 and len(run.files) == 12
    assert all(garner.read(str(i)) == faults.body(SIZE, i) for i in range(12))


def test_an_interrupt_ends_all_of_them(garner, faults):
    urls = [faults.url(f"/{i}", size=SIZE, seed=i, gate="g", gate_at=1_500_000, etag='"v"', ranges=1) for i in range(6)]
    run = garner.start("--json", "-j", 6, "--loops", 3, *urls)
    faults.wait_gate("g", 6)
    run.until(lambda: sum(name.endswith(".part") for name in garner.files()) == 6, "parts")
    run.send(signal.SIGINT)
    result = run.wait()
    faults.open("g")
    assert result.signal == signal.SIGINT, result
    assert [r["state"] for r in result.records] == ["cancelled"] * 6
    again = garner("--json", "-j", 6, "--loops", 3, *urls)
    assert again.status == 0 and all(r["resumed_at"] > 0 for r in again.records), again
    assert [garner.read(str(i)) for i in range(6)] == [faults.body(SIZE, i) for i in range(6)]


def test_cookies_are_those_of_all(garner, faults):
    """Set where one loop hears it, sent by the others."""
    first = faults.url("/0", header="Set-Cookie:a=b; Path=/")
    urls = [faults.url(f"/{i}", gate="g", gate_at=1, size=10) for i in range(1, 9)]
    run = garner.start("--gather", "--cookie-jar", "jar", "-j", 8, "--loops", 4, first, "-i", "-",
                       stdin=subprocess.PIPE)
    run.until(lambda: "0" in run.output(), "the first file")
    run.write("\n".join(urls) + "\n")
    run.popen.stdin.close()  # the end of the list
    faults.wait_gate("g", 8)
    faults.open("g")
    assert run.wait().status == 0
    assert all(r.headers.get("cookie") == "a=b" for r in faults.requests() if r.path != "/0")
    assert b"\ta\tb" in garner.read("jar")


def test_a_broken_reply_and_a_refusal(garner, faults):
    urls = [faults.url("/long", size=5_000_000, no_length=1), faults.url("/gone", status=404), faults.url("/cut", size=100_000, cut=50_000)]
    run = garner("--json", "--gather", "--loops", 3, "--retry", 0, "--max-filesize", "1M", *urls)
    assert [r["error"]["kind"] for r in run.records] == ["policy", "http", "network"] and run.status == 1
    assert run.records[2]["received"] == 50_000


def test_too_few_descriptors(garner, faults):
    few = dict(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128)))
    run = garner("--loops", 64, "-j", 64, *[faults.url(f"/{i}") for i in range(20)], **few)
    assert run.status == 0 and len(run.files) == 20 and "loops" in run.stderr, run
