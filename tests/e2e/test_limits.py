# SPDX-License-Identifier: MIT
"""Many at once, few descriptors, long lists: what a run costs."""

import re
import resource
import subprocess
import threading
import time

import pytest

import runner

SLOW_DISK = runner.BUILD / "tests" / "e2e" / "slow_disk.so"


def descriptors(soft, hard=None):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard or soft))


def peak_memory(run):
    """VmHWM in KiB of a process that still runs."""
    with open(f"/proc/{run.popen.pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))


def test_a_thousand_at_once(garner, nginx):
    run = garner("-q", "-o", "{index}", "-j", 1000, input="\n".join(nginx.url(f"/wait50/{i}") for i in range(1000)))
    assert run.status == 0 and len(run.files) == 1000, run.stderr
    assert run.seconds < 30


def test_few_descriptors_lower_the_jobs(garner, nginx):
    run = garner("-o", "{index}", "-j", 1000, input="\n".join(nginx.url(f"/wait50/{i}") for i in range(500)), preexec_fn=descriptors(256))
    assert run.status == 0 and len(run.files) == 500 and "descriptor" in run.stderr, run.stderr


def test_few_descriptors_and_kept_connections(garner, faults):
    """Each loop keeps some, of more hosts than there are descriptors."""
    names = [f"h{i}.test" for i in range(300)]
    known = [word for name in names for word in ("--resolve", f"{name}:{faults.port}:127.0.0.1")]
    run = garner("-o", "{index}", "-j", 100, "--loops", 4, "--retry", 0, *known,
                 input="\n".join(faults.url("/a", host=name) for name in names), preexec_fn=descriptors(128))
    assert run.status == 0 and len(run.files) == 300, run.stderr


def test_few_descriptors_leave_segments_out(garner, faults):
    """16, and one for each thread; what is left is at three for a request."""
    run = garner.start("-j", 1, "--loops", 1, "--executor-threads", 2, "--segments", 16, "--segment-size", "64k",
                       faults.url("/a.bin", size=3_000_000, etag='"v1"', ranges=1, gate="g", gate_at=1000),
                       preexec_fn=descriptors(40))
    faults.wait_gate("g", 7)
    assert faults.waiting("g") == 7
    faults.open("g")
    run = run.wait()
    assert run.status == 0 and garner.read("a.bin") == faults.body(3_000_000) and "descriptor" not in run.stderr, run
    assert faults.peak() <= 8


def test_the_soft_limit_is_raised(garner, nginx):
    run = garner("-q", "-o", "{index}", "-j", 300, input="\n".join(nginx.url(f"/wait50/{i}") for i in range(300)), preexec_fn=descriptors(64, 4096))
    assert run.status == 0 and run.stderr == "" and len(run.files) == 300, run.stderr


def test_32_descriptors(garner, faults):
    run = garner("-o", "{index}", *[faults.url(f"/{i}", size=400_000) for i in range(20)], preexec_fn=descriptors(32))
    assert run.status == 0 and len(run.files) == 20, run


def test_too_few_descriptors(garner, faults):
    run = garner(faults.url("/a"), preexec_fn=descriptors(20))
    assert run.status == 2 and faults.requests() == [], run


@pytest.mark.parametrize("options", [[], ["--executor-threads", 1], ["--discard", "--hash", "sha256"]])
def test_a_small_buffer_is_no_brake(garner, faults, options):
    urls = [faults.url(f"/{i}", size=1_000_000) for i in range(8)]
    run = garner("--buffer", "64k", "--print", "none", *options, *urls, timeout=60)
    assert run.status == 0 and run.seconds < 10, run


def test_a_big_header_harms_nobody_else(garner, faults):
    run = garner("--json", "--retry", 0, faults.url("/a", big_header=400_000), faults.url("/b"))
    assert run.status in (0, 1) and "b" in run.files and len(run.records) == 2, run


@pytest.mark.slow
def test_a_long_list_takes_no_memory(garner, nginx):
    """The peak after 10,000 entries is that after 40,000."""
    if runner.asan_library():
        pytest.skip("AddressSanitizer keeps what is freed")
    peaks = {}
    for count in (10_000, 40_000):
        base = nginx.url("/small/")
        text = "\n".join(f"{base}{i}" for i in range(count)) + "\n"
        run = garner.start("--if-exists", "overwrite", "-o", "f{index}", "-d", f"d{count}", "--print", "new", "-i", "-",
                           stdin=subprocess.PIPE)
        run.write(text)
        run.until(lambda: run.output().count("\n") == count, "all files", timeout=120)
        peaks[count] = peak_memory(run)
        assert run.wait().status == 0
    assert peaks[40_000] < peaks[10_000] + 8192, peaks  # a machine that is slow has less under way at first


def test_look_ahead_is_bounded_but_wide(garner, faults):
    """The other host's entries are behind 3,000 of a host that does not answer."""
    stuck = [faults.url(f"/{i}", gate="g") for i in range(3000)]
    run = garner.start("-o", "{index}", "-j", 8, "--per-host", 2, "-i", "-", stdin=subprocess.PIPE)
    run.write("\n".join(stuck + [faults.url(f"/free{i}", host="127.0.0.2") for i in range(10)]) + "\n")
    run.until(lambda: len(run.output().splitlines()) == 10, "the other host's files")
    run.send()
    assert run.wait().status == 130


def test_reading_goes_on_past_what_waits_for_slots(garner, faults):
    """All slots are with one host, and 600 more of its entries wait: what is behind them is in line all the same."""
    first = [faults.url(f"/first{i}", gate="first") for i in range(8)]
    stuck = [faults.url(f"/{i}", gate="never") for i in range(600)]
    free = [faults.url(f"/free{i}", host="127.0.0.2") for i in range(4)]
    filler = [faults.url(f"/filler{i}", gate="never", key="x" * 300) for i in range(2000)]
    run = garner.start("-o", "{index}", "-j", 8, "-i", "-", stdin=subprocess.PIPE)
    writer = threading.Thread(target=run.write, args=("\n".join(first + stuck + free + filler) + "\n",), daemon=True)
    writer.start()
    faults.wait_gate("first", 8)
    writer.join(30)  # far more than a pipe holds: the entries before the filler were read
    assert not writer.is_alive()
    faults.open("first")
    run.until(lambda: len(run.output().splitlines()) == 12, "the other host's files")
    run.send()
    assert run.wait().status == 130


def watched_peak(run):
    """VmHWM in KiB, as late as it can be read."""
    peak = 0
    while run.running():
        try:
            peak = peak_memory(run)
        except (OSError, AttributeError):  # it just ended
            pass
        time.sleep(0.01)
    return peak


@pytest.mark.skipif(not SLOW_DISK.exists(), reason="slow_disk.so is not built")
@pytest.mark.parametrize("loops", [1, 2, 4])
@pytest.mark.parametrize("tls", [False, True], ids=["http1", "http2"])
def test_a_slow_disk_bounds_what_is_received(garner, nginx, tls, loops):
    """64 at once, together twelve times the buffer, from a server that is faster than the disk: what is in memory
    stays below --buffer and 32 MiB. make bench-disk does the same with 1 GiB each."""
    if runner.asan_library():
        pytest.skip("AddressSanitizer keeps what is freed")
    url = (nginx.tls if tls else nginx.url)("/f/3m.bin?")
    garner.write("list", "".join(f"{url}{i}\n" for i in range(64)))
    run = garner.start("-q", "-j", 64, "--loops", loops, "--buffer", "16M", "--cacert", nginx.cacert, "-o", "{index}", "-d", "d", "-i", "list",
                       env={"LD_PRELOAD": str(SLOW_DISK), "SLOW_DISK": "1e8"})
    peak = watched_peak(run)
    assert run.wait().status == 0
    files = [garner.path(name).stat() for name in garner.files() if name.startswith("d/")]
    assert len(files) == 64 and {f.st_size for f in files} == {len(nginx.data("3m.bin"))}
    assert all(f.st_blocks * 512 < 1 << 16 for f in files), "the disk was not the slow one, which keeps nothing"
    assert peak <= (16 + 32) * 1024, peak
