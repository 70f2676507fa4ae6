# SPDX-License-Identifier: MIT
"""What the file system, the clock and the list do."""

import os
import resource
import shutil
import subprocess
import time

import pytest

import runner
from world import expect, fails

SIZE = 600_000


@pytest.fixture
def nobody(garner):
    """Runs garner as somebody for whom permissions hold."""
    if os.geteuid() != 0:
        yield {}
        return
    os.chown(garner.dir, 65534, 65534)
    for path in garner.dir.rglob("*"):
        os.chown(path, 65534, 65534)

    def become():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    try:
        subprocess.run([str(runner.BINARY), "--version"], preexec_fn=become, check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("the program cannot be run by another user")
    yield dict(preexec_fn=become)


def test_a_directory_without_permission(garner, faults, nobody):
    """One target among good ones: its record, and no other's."""
    locked = garner.path("locked")
    locked.mkdir()
    locked.chmod(0o555)
    text = f"{faults.url('/a')}\n out=locked/a\n{faults.url('/b')}\n"
    run = garner("--no-config", "--json", "-i", "-", input=text, **nobody)
    failed = next(r for r in run.records if r["state"] == "failed")
    assert run.status == 1 and (failed["error"]["kind"], failed["error"]["code"]) == ("io", "EACCES"), run
    assert failed["error"]["retryable"] is False and run.files == ["b"]


def test_the_directory_without_permission(garner, faults, nobody):
    garner.dir.chmod(0o555)
    run = garner("--no-config", "--json", faults.url("/a"), *[faults.url(f"/{i}", gate="g") for i in range(3)], **nobody)
    garner.dir.chmod(0o755)
    assert run.status == 3 and run.files == [] and "ermission" in run.stderr, run


def test_a_file_that_may_not_be_replaced(garner, faults, nobody):
    """A file system that does not let the old one go: it stays as it was."""
    garner.write("sub/a", "old")
    garner.path("sub").chmod(0o555)
    run = garner("--no-config", "--json", "--if-exists", "overwrite", "-i", "-", input=f"{faults.url('/a')}\n dir=sub\n{faults.url('/b')}\n", **nobody)
    assert run.status == 1 and garner.read("sub/a") == b"old" and garner.read("b") == faults.body(), run
    error = next(r for r in run.records if not r["ok"])["error"]
    assert (error["kind"], error["code"], error["retryable"]) == ("io", "EACCES", False), run
    garner.path("sub").chmod(0o755)


def test_the_directory_vanishes(garner, faults):
    """Nothing could be written any more: the run ends with 3, each entry has its record."""
    run = garner.start("--json", "-d", "out", faults.url("/a", size=SIZE, gate="g", gate_at=400_000),
                       faults.url("/b", gate="h"))
    faults.wait_gate("g")
    faults.wait_gate("h")
    run.until(lambda: "out/a.part" in garner.files(), "part")
    while garner.path("out").exists():
        shutil.rmtree(garner.path("out"), ignore_errors=True)
    faults.open("g")
    result = run.wait()
    assert result.status == 3 and len(result.records) == 2 and result.files == [], result
    assert {r["state"] for r in result.records} == {"failed", "cancelled"}
    error = next(r for r in result.records if r["state"] == "failed")["error"]
    assert (error["kind"], error["code"], error["retryable"]) == ("io", "ENOENT", False), result


def test_a_part_vanishes(garner, faults):
    """Somebody tidies up while it is written."""
    run = garner.start("--json", "--retry", 0, faults.url("/a", size=SIZE, gate="g", gate_at=400_000), faults.url("/good"))
    faults.wait_gate("g")
    run.until(lambda: "a.part" in garner.files() and "good" in garner.files(), "part")
    garner.path("a.part").unlink()
    faults.open("g")
    result = run.wait()
    assert result.status == 1 and result.files == ["good"], result
    assert next(r for r in result.records if r["state"] == "failed")["error"]["kind"] == "io"


def test_a_part_that_somebody_writes_to(garner, faults):
    run = garner.start("--json", "--retry", 0, faults.url("/a", size=SIZE, gate="g", gate_at=400_000))
    faults.wait_gate("g")
    run.until(lambda: "a.part" in garner.files(), "part")
    with open(garner.path("a.part"), "ab") as file:
        file.truncate(SIZE + 5)
    faults.open("g")
    result = run.wait()
    assert result.status == 1 and "a" not in result.files and result.record["error"]["code"] == "ESTALE", result


@pytest.mark.one_connection
def test_a_file_larger_than_the_limit(garner, faults):
    """Of the files that it may write (ulimit -f). Segments make it as large at once: nothing is left then."""
    expect(garner, faults, faults.url("/a", size=3_000_000, ranges=1, etag='"1"'), fails("io", "EFBIG"), part=True,
           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)))


@pytest.mark.parametrize("args", [[], ["--json"], ["-o", "-"], ["--tar", "-"]], ids=lambda a: "".join(a) or "paths")
@pytest.mark.parametrize("how, status", [("closed", 3), ("nobody reads", 141)])
def test_standard_output_is_gone(garner, faults, how, status, args):
    """It is no success, and what was downloaded is whole. What is not to be said is not missed."""
    read, write = os.pipe()
    os.close(read)
    urls = [faults.url(f"/{i}", size=1000 * i, seed=i) for i in range(9)]
    options = dict(preexec_fn=lambda: os.close(1)) if how == "closed" else dict(stdout=write)
    run = garner(*args, "-j", 2, *urls, **options)
    assert run.status == status and ("cannot write standard output" in run.stderr) == (how == "closed"), run
    for name in run.files:
        assert garner.read(name) == faults.body(1000 * int(name), int(name)), run
    if "-" not in args:
        again = garner("--print", "none", *urls, **options)
        assert again.status == 0 and len(again.files) == 9, again
    os.close(write)


def test_standard_input_is_closed(garner, faults):
    """A list that cannot be read is no empty list; who reads none does not notice."""
    closed = dict(preexec_fn=lambda: os.close(0))
    assert garner("-i", "-", **closed).status == garner(**closed).status == 3
    assert garner(faults.url("/a"), **closed).status == 0 and garner.read("a") == faults.body()


@pytest.fixture
def small(garner):
    """A file system of 700 KB."""
    path = garner.path("small")
    path.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "none", str(path)], capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_full_and_then_room_again(garner, faults, small):
    """What came stays as a part, and the next run goes on with it."""
    url = faults.url("/a", size=SIZE, etag='"v1"', ranges=1)
    (small / "filler").write_bytes(bytes(300_000))
    run = garner("--json", "-d", "small", url)
    error = run.record["error"]
    assert run.status == 3 and (error["kind"], error["code"], error["retryable"]) == ("io", "ENOSPC", False), run
    assert sorted(p.name for p in small.iterdir()) == ["a.part", "a.part.json", "filler"]
    (small / "filler").unlink()
    again = garner("--json", "-d", "small", url)
    assert again.status == 0 and (small / "a").read_bytes() == faults.body(SIZE), again
    assert again.record["resumed_at"] + again.record["received"] == SIZE, again
    assert sorted(p.name for p in small.iterdir()) == ["a"]


def test_read_only(garner, faults, small):
    (small / "a").write_bytes(b"old")
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    run = garner("--json", "-d", "small", "--if-exists", "overwrite", faults.url("/a"))
    assert run.status == 3 and (small / "a").read_bytes() == b"old" and "ead-only" in run.stderr, run


@pytest.mark.parametrize("back", [3600, -3600], ids=["back", "forward"])
def test_the_clock_is_set(garner, faults, back):
    """While waiting, while retrying, while receiving: nothing expires sooner or later for it."""
    env = garner.with_names()
    env.update(CLOCK_BACK=str(back), CLOCK_AFTER="0.4")
    run = garner("--json", "--stall-timeout", "3s", "--task-timeout", "20s", "--rate", "10/s",
                 faults.url("/a", size=100, drip="5,0.06"), faults.url("/b", drop=1, fail=2), faults.url("/c", status="503,200", retry_after=1),
                 faults.url("/d", delay=1), env=env)
    assert run.status == 0 and run.seconds < 15 and run.files == ["a", "b", "c", "d"], run
    timed_out = garner("--json", "--retry", 0, "--stall-timeout", "800ms", faults.url("/e", stall=50), env=env, timeout=20)
    assert timed_out.status == 1 and 0.7 < timed_out.seconds < 6 and timed_out.record["error"]["kind"] == "timeout", timed_out


@pytest.mark.parametrize("junk", [bytes(range(256)), b"\xff\xfe\x00h\x00t", b"\0" * 5000, b"\x1b[2J\x07", b"x" * 1_000_000],
                         ids=["bytes", "utf-16", "nuls", "escapes", "a megabyte"])
def test_junk_in_a_list(garner, faults, junk):
    """Each line of it is a record, and the good lines around it are downloaded."""
    junk = b"z" + junk.replace(b"\n", b"").replace(b"\r", b"")
    garner.write("list", b"\xef\xbb\xbf" + f"{faults.url('/a')}\r\n".encode() + junk + f"\n{faults.url('/b')}".encode())
    run = garner("--json", "-i", "list")
    assert run.status == 1 and run.files == ["a", "b", "list"] and len(run.records) == 3, run
    failed = next(r for r in run.records if r["state"] == "failed")
    assert failed["error"]["kind"] == "input" and failed["source"] == {"file": "list", "line": 2}
    assert "\x1b" not in run.stderr and "\x07" not in run.stderr


def test_a_url_of_64_kilobytes(garner, faults):
    """Sent as it is; its name is cut."""
    url = faults.url("/" + "x" * 65_536 + ".bin", size=50)
    run = garner("--json", "-i", "-", input=f"{url}\n{faults.url('/good')}\n")
    assert run.status == 0 and len(run.files) == 2 and faults.requests()[-1].path, run
    name = next(f for f in run.files if f != "good")
    assert name.endswith(".bin") and len(name) <= 255 and garner.read(name) == faults.body(50)


def test_few_descriptors_in_the_middle(garner, faults):
    """As few as it starts with: what cannot be had is waited for or said, and nothing is wrong."""
    urls = [faults.url(f"/{i}", size=SIZE if i % 5 == 0 else 1000, seed=i) for i in range(40)]
    run = garner("--json", "-o", "{name}", *urls, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32)))
    assert run.status == 0 and len(run.files) == 40, run
    assert all(garner.read(str(i)) == faults.body(SIZE if i % 5 == 0 else 1000, i) for i in range(40))


def test_time_of_the_start(garner, faults):
    """The record's times are the wall clock's."""
    before = time.time()
    run = garner("--json", faults.url("/a"))
    import datetime
    started = datetime.datetime.fromisoformat(run.record["started"].replace("Z", "+00:00")).timestamp()
    assert before - 1 <= started <= time.time() + 1, run
