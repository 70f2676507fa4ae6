# SPDX-License-Identifier: MIT
"""--events: what each download does, as it happens, whoever reads it."""

import json
import os
import socket
import threading

import pytest


def events(text):
    lines = [json.loads(line) for line in text.splitlines()]
    assert all(e["v"] == 1 and e["t"] >= 0 for e in lines)
    assert [e["t"] for e in lines] == sorted(e["t"] for e in lines)
    assert lines[0]["event"] == "start" and lines[0]["time"].endswith("Z")
    return lines


def phases(lines, index=1):
    return [e["phase"] for e in lines if e["event"] == "phase" and e["index"] == index]


def test_a_life(garner, faults):
    """A redirect, a failed attempt, a body, a command; what is there; a bad entry; the same again."""
    to = faults.url("/a", status="503,200", size=1000)
    moved = faults.url("/moved", status="302", location=to)
    run = garner("--json", "--events", "e", "--retry-delay", "1ms", "--exec", "true", "-i", "-",
                 input=f"{moved}\n{moved}\nhttp://u:sesame@\n".encode())
    lines = events(garner.read("e").decode())
    assert run.status == 1, run
    assert phases(lines) == ["queued", "request", "slot", "request", "backoff", "slot", "request", "slot", "request",
                             "body", "commit", "exec", "end"], lines
    assert phases(lines, 2) == ["same-target", "end"] and phases(lines, 3) == ["end"]
    by = {(e.get("index"), e.get("phase"), e.get("attempt")): e for e in lines}
    assert by[1, "request", 1]["url"].endswith("/moved") and by[1, "request", 4]["url"].endswith("/a")
    assert by[1, "backoff", None]["error"]["kind"] == "http" and by[1, "backoff", None]["delay"] <= 0.001
    assert (by[1, "body", None]["have"], by[1, "body", None]["total"]) == (0, 1000)
    ends = {e["index"]: e for e in lines if e.get("phase") == "end"}
    for record in run.records:
        for key in ("state", "reason", "path", "size", "attempts"):
            assert ends[record["index"]][key] == record[key], (key, record)
    assert ends[3]["error"]["kind"] == "input" and "sesame" not in garner.read("e").decode()
    stop = lines[-1]
    assert (stop["event"], stop["entries"], stop["finished"], stop["failed"], stop["skipped"], stop["retries"]) == \
        ("stop", 3, 1, 1, 1, 1)


def test_as_it_happens(garner, faults):
    """Through a FIFO, while the download goes on, with its progress."""
    os.mkfifo(garner.path("fifo"))
    run = garner.start("--events", "fifo", faults.url("/a", size=1000, gate="g", gate_at=400))
    with open(garner.path("fifo")) as fifo:
        lines = []
        while not lines or lines[-1]["event"] != "progress":
            lines.append(json.loads(fifo.readline()))
        assert phases(lines) == ["queued", "request", "body"]
        assert (lines[-1]["index"], lines[-1]["have"], lines[-1]["total"]) == (1, 400, 1000)
        faults.open("g")
        lines += [json.loads(line) for line in fifo]
    assert run.wait().status == 0 and phases(lines)[-2:] == ["commit", "end"] and lines[-1]["event"] == "stop"


@pytest.mark.parametrize("option", ["--events", "--records"])
def test_descriptor(garner, faults, option):
    """/dev/fd/N is what the shell opened: a socket, or a file that is appended to."""
    ours, theirs = socket.socketpair()
    with ours, theirs, open(garner.write("log", "before\n"), "ab") as log:
        for fd in (theirs.fileno(), log.fileno()):
            run = garner("--json", option, f"/dev/fd/{fd}", faults.url("/a"), pass_fds=[fd])
            assert run.status == 0, run
        theirs.close()
        text = b"".join(iter(lambda: ours.recv(65536), b""))
    assert json.loads(text.splitlines()[0])["v"] == 1
    first, second = garner.read("log").splitlines()[:2]
    assert first == b"before" and json.loads(second)["v"] == 1


def test_slow_reader(garner, faults):
    """Who does not read misses events, and is told how many; the downloads do not wait."""
    read, write = os.pipe()
    long = "x" * 4000
    urls = [faults.url(f"/{i}{long}") for i in range(200)]
    run = garner.start("--json", "--discard", "--events", f"/dev/fd/{write}", *urls, faults.url("/last", gate="g"), pass_fds=[write])
    os.close(write)
    run.until(lambda: run.output().count('"finished"') >= 200, "records")
    text = bytearray()

    def reader():
        while piece := os.read(read, 65536):
            text.extend(piece)

    thread = threading.Thread(target=reader, daemon=True)
    thread.start()
    run.until(lambda: len(text) > 1 << 20, "the backlog")
    faults.open("g")
    result = run.wait()
    thread.join(10)
    os.close(read)
    lines = events(text.decode())
    dropped = sum(e["count"] for e in lines if e["event"] == "dropped")
    told = sum(e["event"] == "phase" for e in lines)
    assert result.status == 0 and len(result.lines) == 201, result
    assert dropped > 0 and told + dropped >= 201 * 5 and lines[-1]["event"] == "stop", (dropped, told)


def test_no_reader(garner, faults):
    """A reader that goes away, one that never reads, a disk that is full: said at most once, and no failure."""
    read, write = os.pipe()
    os.close(read)
    run = garner("--events", f"/dev/fd/{write}", faults.url("/a"), faults.url("/b"), pass_fds=[write])
    os.close(write)
    assert run.status == 0 and run.stderr.count("nobody reads") == 1, run
    run = garner("--events", "/dev/full", faults.url("/c"))
    assert run.status == 0 and run.stderr.count("No space left") == 1, run
    read, write = os.pipe()
    urls = [faults.url(f"/{i}{'x' * 4000}") for i in range(30)]
    run = garner("--json", "--discard", "--events", f"/dev/fd/{write}", *urls, pass_fds=[write])
    assert run.status == 0 and len(run.lines) == 30, run
    os.close(write)
    os.close(read)


def test_cannot_be_opened(garner, faults):
    for name in ("/dev/fd/99", "missing/e"):
        run = garner("--events", name, faults.url("/a"))
        assert run.status == 3 and "--events: cannot open" in run.stderr and not faults.requests(), run
