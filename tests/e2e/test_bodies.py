# SPDX-License-Identifier: MIT
"""Bodies on standard output (-o -) and in records (--body): whole, in order, never mixed, bounded."""

import base64
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import threading

import pytest

import runner

OLD = "Sat, 01 Jan 2022 00:00:00 GMT"


def records(garner, name="r.jsonl"):
    return [json.loads(line) for line in garner.read(name).splitlines()]


def states(garner, name="r.jsonl"):
    return [(r["index"], r["state"]) for r in sorted(records(garner, name), key=lambda r: r["index"])]




def unread(garner, *args, **options):
    """A run whose standard output nobody reads yet; and that, as a file."""
    read, write = os.pipe()
    run = garner.start(*args, stdout=write, **options)
    os.close(write)
    return run, os.fdopen(read, "rb")


def spooled(run):
    """Bytes on disk of its unnamed temporary files."""
    total = 0
    for fd in os.listdir(f"/proc/{run.popen.pid}/fd"):
        path = f"/proc/{run.popen.pid}/fd/{fd}"
        try:
            if "deleted" in os.readlink(path):
                total += os.stat(path).st_blocks * 512
        except OSError:
            pass
    return total


def high_water(run):
    with open(f"/proc/{run.popen.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))


def settled(run, figure, server):
    """Waits until it reads nothing more: everything that may be held is."""
    seen = []

    def still():
        seen.append((figure(run), server()))
        return len(seen) > 60 and len(set(seen[-50:])) == 1

    run.until(still, "standstill", timeout=40)


# -- order -----------------------------------------------------------------------------------


def test_input_order_by_default_completion_order_if_asked(garner, faults):
    first = faults.url("/1", text="first", gate="g")
    urls = [first, faults.url("/2", text="second"), faults.url("/3", status=404), faults.url("/4", text="fourth")]

    def opened(*args):
        run = garner.start("--records", "r.jsonl", "--json", *args, "-o", "-", *urls)
        faults.wait_gate("g")
        run.until(lambda: len(faults.requests("/4")) == len(faults.requests("/1")), "the others")
        return run

    run = opened("--as-completed")
    run.until(lambda: {"second", "fourth"} <= set(re.findall("second|fourth", run.output())), "bodies")
    faults.open("g")
    result = run.wait()
    assert result.out.endswith(b"first") and sorted(result.out) == sorted(b"firstsecondfourth")
    assert result.status == 1 and states(garner) == [(1, "finished"), (2, "finished"), (3, "failed"), (4, "finished")]
    assert [r["index"] for r in records(garner)][-1] == 1

    urls[0] = faults.url("/1", text="first", gate="h")
    run = garner.start("--records", "r.jsonl", "--json", "-o", "-", *urls)
    faults.wait_gate("h")
    faults.wait_requests(2, "/4")
    assert run.output() == ""
    faults.open("h")
    result = run.wait()
    assert (result.stdout, result.status) == ("firstsecondfourth", 1)
    assert [r["index"] for r in records(garner)] == [1, 2, 3, 4]
    assert all(r["path"] is None and r["size"] == len(b) for r, b in zip(records(garner), (b"first", b"second")))
    assert garner.files() == ["r.jsonl"]


@pytest.mark.parametrize("args", [[], ["--spool", "64k", "-j", "3", "--buffer", "64k", "--executor-threads", "1"],
                                  ["--spool", "256k", "--hash", "sha256"]], ids=["roomy", "tight", "hashed"])
def test_many_slow_bodies_are_never_mixed(garner, faults, args):
    sizes = [(0, 1, 100, 20_000, 70_000, 300_000, 700_001)[i % 7] for i in range(56)]
    urls = [faults.url(f"/{i}", size=n, seed=i, drip=f"{[16384, 65536, 200000][i % 3]},{[0, 0.01, 0.03][i % 3]}",
                       **({"chunked": 1} if i % 5 == 0 else {})) for i, n in enumerate(sizes)]
    garner.write("list", "\n".join(urls))
    result = garner("-q", "-o", "-", *args, "-i", "list")
    want = b"".join(faults.body(n, i) for i, n in enumerate(sizes))
    assert result.status == 0 and hashlib.sha256(result.out).digest() == hashlib.sha256(want).digest(), len(result.out)


def test_completion_order_within_tight_bounds(garner, faults):
    sizes = [200_000 + i for i in range(12)]
    urls = [faults.url(f"/{i}", size=n, seed=i, drip="50000,0.01") for i, n in enumerate(sizes)]
    result = garner("-q", "--as-completed", "--spool", "64k", "-o", "-", *urls)
    rest, left = result.out, dict(enumerate(sizes))
    while rest:  # one whole body after another, each once
        i = next(i for i, n in left.items() if rest.startswith(faults.body(n, i)))
        rest = rest[left.pop(i):]
    assert not left and result.status == 0


def test_the_head_of_the_line_streams(garner, faults):
    urls = [faults.url("/1", size=50_000, gate="g", gate_at=30_000), faults.url("/2", text="second")]
    run = garner.start("-o", "-", *urls)
    faults.wait_gate("g")
    run.until(lambda: len(b"".join(run._out)) == 30_000, "what came of the first")
    faults.wait_requests(1, "/2")
    faults.open("g")
    result = run.wait()
    assert result.out == faults.body(50_000) + b"second" and result.status == 0


def test_nothing_that_is_held_keeps_the_head_from_its_slot(garner, faults, other):
    """It comes to another host by a redirect, when all slots are taken by bodies that wait for it."""
    head = faults.url("/r", gate="g", location=other.url("/head", text="head"), status=302)
    rest = [other.url(f"/{i}", size=400_000, seed=i) for i in range(6)]
    run = garner.start("-q", "-j", "3", "--per-host", "2", "--spool", "64k", "-o", "-", head, *rest)
    faults.wait_gate("g")
    other.wait_requests(2)
    faults.open("g")
    result = run.wait()
    assert result.out == b"head" + b"".join(other.body(400_000, i) for i in range(6)) and result.status == 0


# -- what breaks -----------------------------------------------------------------------------


def test_nothing_follows_a_torn_body(garner, faults):
    urls = [faults.url("/1", text="before"), faults.url("/2", size=90_000, cut=60_000, gate="g", gate_at=30_000),
            faults.url("/3", text="after"), faults.url("/4", size=100, gate="never")]
    run = garner.start("--json", "--records", "r.jsonl", "--retry-delay", "1ms", "-o", "-", *urls)
    run.until(lambda: len(b"".join(run._out)) == 30_006, "a part of it")
    faults.open("g")
    result = run.wait()
    assert result.out == b"before" + faults.body(90_000)[:60_000] and result.status == 1
    assert states(garner) == [(1, "finished"), (2, "failed"), (3, "cancelled"), (4, "cancelled")]
    by_index = {r["index"]: r for r in records(garner)}
    assert by_index[2]["error"]["kind"] == "network" and "continue" in by_index[2]["error"]["message"]
    assert by_index[2]["attempts"] == 2, "it cannot be continued, so it is not tried again and again"
    assert "broke off" in by_index[3]["error"]["message"]


def test_a_stream_is_resumed_where_it_broke(garner, faults):
    urls = [faults.url("/1", size=900_000, cut=500_000, fail=1, etag='"v"', ranges=1), faults.url("/2", text="after")]
    result = garner("--json", "--records", "r.jsonl", "--retry-delay", "1ms", "-o", "-", *urls)
    assert result.out == faults.body(900_000) + b"after" and result.status == 0
    assert (records(garner)[0]["resumed_at"], records(garner)[0]["attempts"]) == (500_000, 2)
    assert faults.requests("/1")[1].headers["range"] == "bytes=500000-"


def test_what_is_not_out_yet_starts_over(garner, faults):
    urls = [faults.url("/1", text="first", gate="g"), faults.url("/2", size=600_000, cut=400_000, fail=1, seed="1|2",
                                                                 version="1,2")]
    run = garner.start("-q", "--retry-delay", "1ms", "-o", "-", *urls)
    faults.wait_gate("g")
    faults.wait_requests(2, "/2")
    faults.open("g")
    assert run.wait().out == b"first" + faults.body(600_000, 2)

    urls = [faults.url("/4", text="first", gate="h"), faults.url("/5", size=600_000, cut=400_000),
            faults.url("/6", text="third")]
    run = garner.start("-q", "--retry", "0", "-o", "-", *urls)
    faults.wait_gate("h")
    run.until(lambda: "/5" in run.errors(), "the failure")
    faults.open("h")
    result = run.wait()
    assert (result.out, result.status) == (b"firstthird", 1)


def test_a_digest_is_known_before_anything_goes_out(garner, faults):
    good = "sha256:" + hashlib.sha256(faults.body(400_000)).hexdigest()
    garner.write("list", f"""{faults.url("/1", size=400_000)}
 checksum={good}
{faults.url("/2", size=400_000, seed=5)}
 checksum={good}
{faults.url("/3", text="after")}
""")
    result = garner("--json", "--records", "r.jsonl", "-o", "-", "-i", "list", "--spool", "64k")
    assert result.out == faults.body(400_000) + b"after" and result.status == 1
    assert [(r["state"], (r["error"] or {}).get("kind")) for r in records(garner)] == [
        ("finished", None), ("failed", "checksum"), ("finished", None)]
    assert records(garner)[0]["checksum"] == good


# -- readers ---------------------------------------------------------------------------------


@pytest.mark.one_connection  # --segments would be remarked on
def test_a_reader_that_goes_away(garner, nginx):
    run, pipe = unread(garner, "-o", "-", *[nginx.url("/f/3m.bin")] * 20)
    pipe.read(100)
    pipe.close()
    result = run.wait()
    assert (result.status, result.stderr) == (141, "")


def test_a_slow_reader_bounds_memory_and_disk(garner, nginx):
    urls = [nginx.url(f"/f/3m.bin?{i}") for i in range(60)]
    garner.write("list", "\n".join(urls))
    run, pipe = unread(garner, "-q", "--spool", "20M", "--buffer", "8M", "-o", "-", "-i", "list", "-j", "16")
    settled(run, spooled, lambda: 0)
    # the bound, what 15 held bodies had in hand, and 16 MiB that may wait in memory
    assert spooled(run) < (20 + 15) << 20
    assert runner.asan_library() or high_water(run) < (16 + 8 + 56) << 10, f"{high_water(run)} KiB"
    digest, want = hashlib.sha256(), hashlib.sha256()
    while chunk := pipe.read(1 << 20):
        digest.update(chunk)
    for _ in urls:
        want.update(nginx.data("3m.bin"))
    assert run.wait().status == 0 and digest.digest() == want.digest()


def test_an_interrupt_is_obeyed_though_nobody_reads(garner, nginx):
    urls = [nginx.url(f"/f/3m.bin?{i}") for i in range(9)]
    run, pipe = unread(garner, "--json", "--records", "r.jsonl", "-o", "-", *urls)
    run.until(lambda: len(pipe.peek()) > 0, "output")
    settled(run, spooled, lambda: 0)
    run.send(signal.SIGINT)
    result = run.wait(15)
    pipe.close()
    assert result.status == 130 and len(records(garner)) == 9
    assert {r["state"] for r in records(garner)} == {"cancelled"} and garner.files() == ["r.jsonl"]


def test_files_fifos_and_sockets(garner, nginx):
    urls = [nginx.url("/f/1m.bin"), nginx.url("/f/odd.dat")]
    want = nginx.data("1m.bin") + nginx.data("odd.dat")
    with open(garner.path("out"), "wb") as out:
        assert garner("-o", "-", *urls, stdout=out).status == 0
    assert garner.read("out") == want

    os.mkfifo(garner.path("fifo"))
    got = []
    reader = threading.Thread(target=lambda: got.append(garner.read("fifo")))
    reader.start()
    with open(garner.path("fifo"), "wb") as out:
        assert garner("-o", "-", *urls, stdout=out).status == 0
    reader.join(10)
    assert got == [want]

    here, there = socket.socketpair()
    run = garner.start("-o", "-", *urls, stdout=there)
    there.close()
    with here, here.makefile("rb") as file:
        assert file.read() == want
    assert run.wait().status == 0


def test_a_full_disk_ends_the_run(garner, nginx):
    with open("/dev/full", "wb") as out:
        result = garner("-o", "-", nginx.url("/f/1m.bin"), nginx.url("/f/odd.dat"), stdout=out)
    assert result.status == 3 and "standard output: No space" in result.stderr


def test_the_first_success_alone(garner, faults):
    urls = [faults.url("/1", text="slow", gate="never"), faults.url("/2", status=500), faults.url("/3", text="fast")]
    result = garner("--return-when", "first-success", "--retry", "0", "-o", "-", *urls)
    assert (result.out, result.status) == (b"fast", 0)


def test_a_command_line_that_needs_more(garner, faults):
    for args in (["--json"], ["-w", "%{url}"], ["--print", "new"], ["--print0"]):
        result = garner("-o", "-", *args, faults.url())
        assert (result.status, result.out) == (2, b"") and "--records FILE" in result.stderr
    assert garner("-o", "-", "-w", "%{size_download}\\n", "--records", "r", faults.url(text="abc")).out == b"abc"
    assert garner.read("r") == b"3\n"
    result = garner("--dry-run", "-o", "-", "--json", "--records", "r", faults.url())
    assert result.status == 0 and result.out == b"" and records(garner, "r")[0]["state"] == "pending"
    assert len(faults.requests()) == 1


# -- in records ------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["--gather", "--as-completed"])
def test_bodies_in_records(garner, faults, mode):
    urls = [faults.url("/1", text="grüße\n\"\\\t", gate="g"), faults.url("/2", size=2000, seed=3),
            faults.url("/3", text="a\0b"), faults.url("/4", size=0), faults.url("/5", size=2001),
            faults.url("/6", size=2001, chunked=1), faults.url("/7", status=404)]
    run = garner.start("--json", "--body=2000", mode, *urls)
    faults.wait_gate("g")
    faults.wait_requests(1, "/7")
    faults.open("g")
    result = run.wait()
    assert result.status == 1 and garner.files() == []
    got = {r["index"]: r for r in result.records}
    if mode == "--gather":
        assert list(got) == [1, 2, 3, 4, 5, 6, 7]
    assert got[1]["body"] == "grüße\n\"\\\t" and "body_base64" not in got[1] and got[1]["path"] is None
    assert base64.b64decode(got[2]["body_base64"]) == faults.body(2000, 3) and "body" not in got[2]
    assert base64.b64decode(got[3]["body_base64"]) == b"a\0b" and got[4]["body"] == ""
    for index in (5, 6):
        assert (got[index]["state"], got[index]["error"]["kind"]) == ("failed", "policy")
        assert "--body" in got[index]["error"]["message"] and "body" not in got[index]
    assert got[7]["error"]["kind"] == "http" and "body" not in got[7]


def test_a_body_for_a_record_is_resumed_and_verified(garner, faults):
    url = faults.url("/1", size=9000, cut=5000, fail=1, etag='"v"', ranges=1)
    good = "md5:" + hashlib.md5(faults.body(9000)).hexdigest()
    record = garner("--json", "--body", "--retry-delay", "1ms", "--checksum", good, url).record
    assert base64.b64decode(record["body_base64"]) == faults.body(9000) and record["resumed_at"] == 5000
    bad = garner("--json", "--body", "--checksum", good, faults.url("/2", size=9000, seed=1)).record
    assert bad["error"]["kind"] == "checksum" and "body_base64" not in bad


def test_records_with_bodies_wait_for_a_slow_reader(garner, faults):
    """Past what a writer holds back, nothing more is asked for."""
    garner.write("list", "\n".join(faults.url(f"/{i}", size=400_000, seed=i) for i in range(120)))
    run, pipe = unread(garner, "--json", "--body", "--gather", "-q", "-i", "list", "-j", "4")
    settled(run, high_water, lambda: len(faults.requests()))
    assert len(faults.requests()) < 40 and high_water(run) < 60 << 10
    got = [json.loads(line) for line in pipe]
    assert run.wait().status == 0 and [r["index"] for r in got] == list(range(1, 121))
    assert base64.b64decode(got[119]["body_base64"]) == faults.body(400_000, 119)


def test_pages_to_jq(garner, faults):
    urls = [faults.url(f"/{i}", text=json.dumps({"items": [i, i + 1]})) for i in range(3)]
    bodies = garner("-q", "-o", "-", *urls)
    out = subprocess.run(["jq", "-sc", "map(.items) | add"], input=bodies.out, capture_output=True, check=True).stdout
    assert out == b"[0,1,1,2,2,3]\n"
