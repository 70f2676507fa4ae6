# SPDX-License-Identifier: MIT
"""Downloads that are cut off, and go on: within one run, or in a second one."""

import json
import re
import signal
import time

SIZE, AT = 600_000, 400_000
OLD = "Sat, 01 Jan 2022 00:00:00 GMT"
WAYS = ["retry", "interrupt", "kill"]


def ranges_claimed(garner, name="a.bin"):
    """[[0, 400000], ...]: what the sidecar says is there, by the newer of its claims; []: there is none."""
    try:
        claims = json.loads(garner.read(name + ".part.json"))["claims"]
    except (OSError, ValueError):
        return []
    newest = max(claims, key=lambda claim: int(claim.split()[0]))
    return [[int(n) for n in span] for span in re.findall(r"(\d+)- *(\d+)", newest)]


def claimed(garner, name="a.bin"):
    """How many bytes from the start it says are there; -1: there is none."""
    ranges = ranges_claimed(garner, name)
    return ranges[0][1] if ranges else -1


def edit_sidecar(garner, /, name="a.bin", **changes):
    """Changes values, in the form without claims, where nothing guards them. A value of ... is left out."""
    text = json.loads(garner.read(name + ".part.json"))
    text |= dict(present=ranges_claimed(garner, name), claims=...) | changes
    garner.write(name + ".part.json", json.dumps({k: v for k, v in text.items() if v is not ...}))


def arrived(garner, name="a.bin"):
    try:
        return garner.path(name + ".part").stat().st_size
    except OSError:
        return -1


def cut_off(garner, faults, how, url, *args, name="a.bin", at=AT, sidecar=True):
    """A first run that ends at the gate "g" of the URL, by a signal."""
    run = garner.start(*args, url)
    faults.wait_gate("g")
    if how == "kill":
        run.until(lambda: claimed(garner, name) == at if sidecar else arrived(garner, name) == at, "part")
        run.send(signal.SIGKILL)
        run.popen.wait()
    else:
        time.sleep(0.1)
        run.send()
        assert run.wait().status == 130
    faults.open("g")


def resumed(garner, faults, how, *args, size=SIZE, at=AT, path="/a.bin", sidecar=True, **query):
    """The run that brings the rest after `at` bytes came."""
    args = ["--json", "--retry-delay", "10ms", *args]
    query = dict(size=size, fail=1, **query)
    if how == "retry":
        return garner(*args, faults.url(path, cut=at, **query))
    url = faults.url(path, gate="g", gate_at=at, **query)
    cut_off(garner, faults, how, url, *args, at=at, sidecar=sidecar)
    return garner(*args, url)


def asked(request):
    """What a request asked for: (first byte or None, If-Range, If-Match)."""
    span = request.headers.get("range")
    first = int(re.fullmatch(r"bytes=(\d+)-", span).group(1)) if span else None
    return first, request.headers.get("if-range"), request.headers.get("if-match")


def whole(run, garner, data, name="a.bin"):
    """The file is right, and nothing is beside it."""
    assert run.status == 0 and garner.read(name) == data, run
    assert run.files == [name], run
