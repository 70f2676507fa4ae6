# SPDX-License-Identifier: MIT
"""--tar: finished files as one pax stream, each member whole or absent."""

import hashlib
import io
import json
import os
import signal
import subprocess
import tarfile
import time

import pytest

import runner
from test_bodies import records, settled, spooled, unread

SLOW_DISK = runner.BUILD / "tests" / "e2e" / "slow_disk.so"

OLD, OLD_TIME = "Sat, 01 Jan 2022 00:00:00 GMT", 1640995200


@pytest.fixture(autouse=True)
def libarchive(garner):
    if "libarchive/" not in garner("--version").stdout:
        pytest.skip("built without libarchive")


def members(data):
    """Names and bytes, in the archive's order; GNU tar agrees that it is one."""
    subprocess.run(["tar", "t"], input=data, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [(m.name, tar.extractfile(m).read()) for m in tar.getmembers()]


def test_a_pipeline_into_tar(garner, faults, other):
    want = {"a/x.bin": faults.body(300_000, 1), "b/empty": b"", "b/chunks": faults.body(700_000, 2),
            "b/grüße.txt": "ü".encode(), "long/" + "n" * 150 + "/" + "m" * 150: b"deep"}
    lines = []
    for i, (name, data) in enumerate(want.items()):
        query = [dict(size=300_000, seed=1, modified=OLD), dict(size=0), dict(size=700_000, seed=2, chunked=1),
                 dict(text="ü"), dict(text="deep")][i]
        lines.append(json.dumps({"url": faults.url(f"/{i}", **query), "out": name}))
    garner.write("list", "\n".join(lines))
    os.mkdir(garner.path("out"))
    run = garner.start("-q", "-i", "list", "--tar", "-", "--spool", "64k")
    tar = subprocess.run(["tar", "x", "-C", str(garner.path("out"))], input=run.wait().out, capture_output=True,
                         env=garner.environment())
    assert (tar.returncode, tar.stderr) == (0, b"")
    assert {name: garner.read("out/" + name) for name in want} == want
    assert sorted(garner.files()) == sorted(["list"] + ["out/" + name for name in want])
    assert int(garner.path("out/a/x.bin").stat().st_mtime) == OLD_TIME
    assert garner.path("out/a/x.bin").stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_orders_names_and_collisions(garner, faults, other):
    urls = [faults.url("/d/same.txt", text="one", gate="g"), other.url("/d/same.txt", text="two"),
            faults.url("/gone", status=404), other.url("/last", text="three")]

    def opened(*args):
        faults._open_gates.discard("g")
        run = garner.start("--json", "--records", "r.jsonl", "--tar", "-", *args, *urls)
        faults.wait_gate("g")
        run.until(lambda: all(t in b"".join(run._out) for t in (b"two", b"three")) or "--gather" in args, "the others")
        faults.open("g")
        result = run.wait()
        assert result.status == 1
        return members(result.out)

    got = opened()
    assert [data for _, data in got] in ([b"two", b"three", b"one"], [b"three", b"two", b"one"])
    names = dict((data, name) for name, data in got)
    assert names[b"one"] == "same.txt" and names[b"three"] == "last"
    assert names[b"two"].startswith("same.") and names[b"two"].endswith(".txt") and len(names[b"two"]) == 17
    assert {r["path"] for r in records(garner)} == {None, *names.values()}
    assert opened("--gather") == [(names[d], d) for d in (b"one", b"two", b"three")]
    assert [n for n, _ in opened("--tree", "-d", "nowhere", "--gather")][0] == "127.0.0.1/d/same.txt"
    assert garner.files() == ["r.jsonl"]


def test_what_is_tried_again_is_one_member(garner, faults):
    """Over again, resumed, refused at first, of the wrong version at first, and twice in the list."""
    strong = dict(etag='"v1"', ranges=1, modified=OLD)
    right = hashlib.sha256(faults.body(400_000, 4)).hexdigest()
    entries = {"over": faults.url("/1", size=300_000, seed=1, cut=200_000, fail=1),
               "resumed": faults.url("/2", size=600_000, seed=2, cut=400_000, fail=1, **strong),
               "refused": faults.url("/3", size=9_000, seed=3, status="503,503,200"),
               "changed": faults.url("/4", size=400_000, seed="{v}", version="3,4", cut=399_999, fail=1, ranges=1,
                                     etag='"{v}"')}
    lines = [{"url": url, "out": name} for name, url in [*entries.items(), ("over", entries["over"])]]
    lines[3]["checksum"] = "sha256:" + right
    garner.write("list", "\n".join(map(json.dumps, lines)))
    run = garner("--json", "--records", "r.jsonl", "--retry-delay", "1ms", "--tar", "-", "-i", "list", "--spool", "64k")
    want = {"over": faults.body(300_000, 1), "resumed": faults.body(600_000, 2), "refused": faults.body(9_000, 3),
            "changed": faults.body(400_000, 4)}
    assert run.status == 0 and len(members(run.out)) == 4 and dict(members(run.out)) == want, run
    assert all(r["attempts"] > 1 for r in records(garner) if r["state"] == "finished")


def test_a_name_never_leaves(garner, faults):
    garner.write("list", "\n".join(json.dumps({"url": faults.url(f"/{i}"), "out": out})
                                   for i, out in enumerate(["../up", "/etc/abs", "in/../../up", ".", "good", "./"])))
    result = garner("--json", "--records", "r.jsonl", "--tar", "-", "-i", "list")
    assert sorted(members(result.out)) == [("5", faults.body()), ("good", faults.body())] and result.status == 1
    assert sorted(r["error"]["kind"] for r in records(garner) if r["error"]) == ["input"] + ["policy"] * 3


def test_named_by_the_server(garner, faults):
    url = faults.url("/x", text="hello", header="Content-Disposition: attachment; filename=\"../there.txt\"")
    assert members(garner("-J", "--tar", "-", url).out) == [("there.txt", b"hello")]


def test_an_archive_gets_its_name_at_the_end(garner, faults):
    garner.write("x.tar", "the one before")
    good = faults.url("/good", size=5000)
    urls = [good, faults.url("/cut", size=9000, cut=4000), faults.url("/late", text="late", gate="g")]
    run = garner.start("--retry", "0", "--tar", "x.tar", *urls)
    faults.wait_gate("g")
    run.until(lambda: garner.path("x.tar.part").stat().st_size > 5000, "a member")
    assert garner.read("x.tar") == b"the one before"
    busy = garner("--tar", "x.tar", good)
    assert busy.status == 3 and "another garner is writing x.tar" in busy.stderr
    faults.open("g")
    result = run.wait()
    assert result.status == 1 and result.lines == ["good", "late"]
    assert members(garner.read("x.tar")) == [("good", faults.body(5000)), ("late", b"late")]
    assert garner.files() == ["x.tar"]


@pytest.mark.parametrize("how", ["signal", "fail-fast", "timeout", "wait"])
def test_cut_short_it_is_ended_properly(garner, faults, how):
    args = {"signal": [], "fail-fast": ["--fail-fast", faults.url("/bad", status=404, gate="h")],
            "timeout": ["--timeout", "1s"], "wait": ["--wait", "--timeout", "1s"]}[how]
    run = garner.start("--tar", "x.tar", faults.url("/good", size=300_000), faults.url("/half", size=900_000,
                       gate="never", gate_at=500_000), *args)
    faults.wait_gate("never")
    run.until(lambda: garner.path("x.tar.part").stat().st_size > 300_000, "the member")
    if how == "signal":
        run.send(signal.SIGTERM)
    faults.open("h")
    result = run.wait()
    assert result.status == {"signal": 143, "fail-fast": 1, "timeout": 124, "wait": 124}[how]
    assert garner.files() == ["x.tar.part"] and "what is in the archive is in x.tar.part" in result.stderr
    assert members(garner.read("x.tar.part")) == [("good", faults.body(300_000))]
    # the next run begins anew
    assert garner("-q", "--tar", "x.tar", faults.url("/other", text="new")).status == 0
    assert members(garner.read("x.tar")) == [("other", b"new")] and garner.files() == ["x.tar"]


@pytest.mark.skipif(not SLOW_DISK.exists() or runner.asan_library() is not None, reason="needs slow_disk.so, alone")
def test_a_name_is_given_to_the_end(garner, faults):
    """A signal meets the archive when it is whole and being synced."""
    run = garner.start("-q", "--fsync", "--tar", "x.tar", faults.url("/a", text="whole"),
                       env={"LD_PRELOAD": str(SLOW_DISK), "SLOW_SYNC": "syncing"})
    run.until(lambda: garner.path("syncing").exists(), "the sync")
    run.send(signal.SIGINT)
    time.sleep(0.2)  # it has time to do the wrong thing
    os.unlink(garner.path("syncing"))
    assert run.wait().status == 130 and run.wait().stderr.count("x.tar.part") == 0
    assert garner.files() == ["x.tar"] and members(garner.read("x.tar")) == [("a", b"whole")]


def test_a_part_that_is_somebody_elses(garner, faults):
    garner.write("precious", "as it was")
    os.link(garner.path("precious"), garner.path("x.tar.part"))
    result = garner("--tar", "x.tar", faults.url("/a", text="a"))
    assert result.status == 2 and "not a regular file with one name" in result.stderr
    os.unlink(garner.path("x.tar.part"))
    os.symlink("precious", garner.path("x.tar.part"))
    assert garner("--tar", "x.tar", faults.url("/a", text="a")).status == 3
    os.unlink(garner.path("x.tar.part"))
    os.mkfifo(garner.path("x.tar.part"))
    assert garner("--tar", "x.tar", faults.url("/a", text="a")).status == 3
    assert garner.read("precious") == b"as it was"


def test_a_member_that_goes_out_is_finished(garner, nginx):
    """Cancelled in the midst of it, as long as somebody reads."""
    run, pipe = unread(garner, "--json", "--records", "r.jsonl", "--tar", "-",
                       *[nginx.url(f"/f/3m.bin?{i}") for i in range(5)], "-o", "{index}")
    run.until(lambda: len(pipe.peek()) > 0, "output")
    settled(run, spooled, lambda: 0)
    run.send(signal.SIGINT)
    data = pipe.read()
    assert run.wait().status == 130
    got = members(data)
    assert len(got) == 1 and got[0][1] == nginx.data("3m.bin")
    assert [(r["path"], r["state"]) for r in records(garner) if r["state"] != "cancelled"] == [(got[0][0], "finished")]


@pytest.mark.parametrize("how", [dict(no_length=1), dict(chunked=1)], ids=str)
def test_its_end_is_told_by_416(garner, faults, how):
    """It broke off where, as it turns out, it was at its end."""
    url = faults.url("/a", size=200_000, etag='"1"', ranges=1, reset=100_000, **how)
    run = garner("--tar", "t.tar", "--retry-delay", "1ms", url, timeout=20)
    assert run.status == 0 and run.lines == ["a"], run
    with tarfile.open(garner.path("t.tar")) as archive:
        assert archive.extractfile("a").read() == faults.body(200_000)


@pytest.mark.one_connection  # --segments would be remarked on
def test_nobody_reads(garner, nginx):
    run, pipe = unread(garner, "--tar", "-", *[nginx.url(f"/f/3m.bin?{i}") for i in range(5)], "-o", "{index}")
    run.until(lambda: len(pipe.peek()) > 0, "output")
    run.send(signal.SIGINT)
    assert run.wait(20).status == 130, "not kept for ever by a reader that takes nothing"
    pipe.close()

    run, pipe = unread(garner, "--tar", "-", *[nginx.url(f"/f/3m.bin?{i}") for i in range(5)], "-o", "{index}")
    pipe.read(1000)
    pipe.close()
    assert (run.wait().status, run.wait().stderr) == (141, "")


def test_members_beyond_every_bound(garner, nginx):
    urls = [nginx.url(f"/f/{name}?{i}") for i in range(6) for name in ("3m.bin", "odd.dat", "empty.bin")]
    for args in (["--gather"], []):
        result = garner("-q", "--spool", "64k", "--buffer", "1M", "-j", "4", "--tar", "-", "-o", "{index:02}", *args,
                        *urls)
        got = members(result.out)
        assert result.status == 0 and len(got) == 18
        if args:
            assert [n for n, _ in got] == [f"{i:02}" for i in range(1, 19)]
        for name, data in got:
            assert data == nginx.data(("3m.bin", "odd.dat", "empty.bin")[(int(name) - 1) % 3])


def test_what_does_not_go_with_it(garner, faults):
    url = faults.url()
    for args, said in ((["--tar", "-", "--json"], "--records FILE"), (["--tar", "-", "-o", "-"], "--output -"),
                       (["--tar", "x", "-o", "/abs/{name}"], "relative"), (["--tar", "x", "-I"], "--head"),
                       (["--tar", "x", "--journal", "j"], "--journal"), (["--tar", ""], "file name"),
                       (["--tar", "x", "--if-exists", "update"], "--if-exists"), (["--tar", "."], "is a directory"),
                       (["--tar", "x", "--discard"], "--discard"), (["--tar", "x", "--json", "--body"], "--body")):
        result = garner(*args, url)
        assert result.status == 2 and said in result.stderr, result
    assert garner("--tar", "no/where/x", url).status == 3
    assert faults.requests() == [] and garner.files() == []
    assert garner("--tar", "/dev/full", url).status == 3
