# SPDX-License-Identifier: MIT
"""Every exit status, and which one wins."""

import os
import signal
import subprocess

import pytest


def test_0_finished_and_skipped(garner, faults):
    assert garner(faults.url("/a")).status == 0
    assert garner(faults.url("/a"), faults.url("/b")).status == 0


def test_0_empty_list(garner):
    run = garner(input="")
    assert run.status == 0 and run.stdout == "" and run.stderr, run
    assert garner("-i", "-", input="# nothing\n\n").status == 0


@pytest.mark.parametrize("query, kind", [
    (dict(status=404), "http"), (dict(status=410), "http"), (dict(size=9, cut=3), "network"), (dict(drop=1), "network")])
def test_1_failed(garner, faults, query, kind):
    run = garner("--json", "--retry", 0, faults.url("/bad", **query), faults.url("/good"))
    kinds = {r["state"]: r["error"] and r["error"]["kind"] for r in run.records}
    assert run.status == 1 and kinds == {"finished": None, "failed": kind}, run


def test_1_connection_refused(garner):
    run = garner("--json", "--retry", 0, "http://127.0.0.1:1/x")
    assert (run.status, run.record["error"]["kind"], run.record["error"]["code"]) == (1, "connect", "CURLE_COULDNT_CONNECT"), run


def test_1_unknown_name(garner, slow_names):
    run = garner("--json", "--retry", 0, "http://unknown.test/x", env=slow_names)
    assert (run.status, run.record["error"]["kind"]) == (1, "dns"), run


def test_1_untrusted_certificate(garner, nginx):
    run = garner("--json", "--retry", 0, nginx.tls("/f/tiny.txt"))
    assert (run.status, run.record["error"]["kind"]) == (1, "tls"), run
    assert garner("-k", nginx.tls("/f/tiny.txt")).status == 0


@pytest.mark.parametrize("args", [
    ["--no-such-option"], ["--jobs"], ["--jobs", "x"], ["-j", "0"], ["--timeout", "1x"], ["www.example.com/x"],
    ["-i", "missing.txt"], ["-K", "missing.conf"], ["--return-when", "never"], ["--if-exists", "maybe"], ["--rate", "5"],
    ["-o", "{nonsense}", "http://127.0.0.1:1/"], ["-o", "a", "-o", "b", "http://127.0.0.1:1/"],
    ["-o", "one", "http://127.0.0.1:1/a", "http://127.0.0.1:1/b"], ["--limit-rate", "fast"], ["--cacert", "missing.pem", "https://127.0.0.1:1/"]])
def test_2_usage(garner, args):
    run = garner(*args)
    assert run.status == 2 and run.stdout == "" and run.stderr.startswith("garner: "), run


def test_2_nothing_starts(garner, faults):
    assert garner(faults.url("/a"), "example.com").status == 2
    assert garner(faults.url("/a"), "-i", "missing").status == 2
    assert faults.requests() == [] and garner.files() == []


def test_3_directory_is_a_file(garner, faults):
    garner.write("file", "x")
    run = garner("-d", "file/sub", faults.url("/a"))
    assert run.status == 3, run


def test_3_standard_output_full(garner, faults):
    with open("/dev/full", "w") as full:
        run = garner("--json", faults.url("/a"), faults.url("/b"), stdout=full)
    assert run.status == 3, run


@pytest.mark.parametrize("args", [["--version"], ["--help"], ["--help", "all"], ["--completion", "zsh"]])
def test_3_standard_output_takes_no_text(garner, args):
    with open("/dev/full", "w") as full:
        run = garner(*args, stdout=full)
    assert (run.status, run.stderr) == (3, "garner: cannot write standard output: No space left on device\n"), run
    run = garner(*args, preexec_fn=lambda: os.close(1))
    assert (run.status, run.stderr) == (3, "garner: cannot write standard output: Bad file descriptor\n"), run
    read, write = os.pipe()
    os.close(read)
    run = garner(*args, stdout=write, preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
    os.close(write)
    assert (run.status, run.stderr) == (141, ""), run


def test_3_disk_full(garner, faults):
    small = garner.dir / "small"
    small.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(small)], capture_output=True)
    if mount.returncode != 0:
        pytest.skip("a small file system cannot be mounted")
    try:
        run = garner("--json", "-d", "small", faults.url("/big", size=4_000_000),
                     *[faults.url(f"/{i}", gate="g") for i in range(3)])
        assert run.status == 3 and not (small / "big").exists(), run
        errors = {r["error"]["code"] for r in run.records if r["state"] == "failed"}
        assert errors == {"ENOSPC"} and len(run.records) == 4, run
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_1_one_bad_target_among_good_ones(garner, faults):
    (garner.dir / "taken").mkdir()
    run = garner("--json", "--if-exists", "overwrite", faults.url("/taken"), faults.url("/" + "n" * 100))
    assert run.status == 1, run
    assert sorted(r["state"] for r in run.records) == ["failed", "finished"], run


def test_124_timeout(garner, faults):
    run = garner("--json", "--timeout", "300ms", faults.url("/a"), faults.url("/b", stall="start"))
    assert run.status == 124 and run.seconds < 10, run
    assert {r["state"]: (r["error"] or {}).get("kind") for r in run.records} == {"finished": None, "cancelled": "timeout"}


@pytest.mark.parametrize("signum, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signal(garner, faults, signum, status):
    run = garner.start("--json", faults.url("/a", gate="g"))
    faults.wait_gate("g")
    run.send(signum)
    result = run.wait()
    assert (result.status, result.signal) == (status, signum), result
    assert result.record["state"] == "cancelled"


def test_141_reader_gone(garner, faults):
    urls = [faults.url(f"/{i}") for i in range(3)] + [faults.url(f"/slow{i}", gate="g") for i in range(3)]
    read, write = os.pipe()
    run = garner.start(*urls, stdout=write)
    os.close(write)
    os.read(read, 1)
    os.close(read)
    result = run.wait(20)
    assert result.status == 141 and "cancelled" not in result.stderr.replace("cancelled,", ""), result


def test_141_noticed_without_writing(garner, faults):
    read, write = os.pipe()
    run = garner.start(faults.url("/never", gate="g"), stdout=write)
    os.close(write)
    faults.wait_gate("g")
    os.close(read)
    assert run.wait(20).status == 141


def test_signal_before_failure(garner, faults):
    run = garner.start("--json", "--retry", 0, faults.url("/bad", status=404), faults.url("/a", gate="g"))
    faults.wait_gate("g")
    run.until(lambda: "failed" in run.output(), "failed record")
    run.send()
    assert run.wait().status == 130


def test_timeout_before_failure(garner, faults):
    run = garner("--timeout", "300ms", "--retry", 0, faults.url("/bad", status=404), faults.url("/a", stall="start"))
    assert run.status == 124, run


def test_3_before_failure(garner, faults):
    garner.write("file", "x")
    run = garner("-d", "file/sub", "--retry", 0, faults.url("/bad", status=404), faults.url("/good"))
    assert run.status == 3, run


@pytest.mark.parametrize("when, status", [("first-completed", 1), ("first-exception", 1), ("first-success", 0)])
def test_first_modes(garner, faults, when, status):
    run = garner.start("--json", "--retry", 0, "--return-when", when, faults.url("/bad", status=404, gate="b"),
                       faults.url("/good", gate="g"), faults.url("/never", gate="h"))
    faults.wait_requests(3)
    faults.open("b")
    if when == "first-success":
        run.until(lambda: '"failed"' in run.output(), "failed record")
        faults.open("g")
    result = run.wait()
    assert result.status == status, result


def test_first_success_all_fail(garner, faults):
    run = garner("--retry", 0, "--return-when", "first-success", faults.url("/a", status=404), faults.url("/b", status=404))
    assert run.status == 1, run
