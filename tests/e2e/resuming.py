# SPDX-License-Identifier: MIT
"""Downloads that are cut off, and go on: within one run, or in a second one."""

import json
import re
import signal
import time

SIZE, AT = 600_000, 400_000
OLD = "Sat, 01 Jan 2022 00:00:00 GMT"
WAYS = ["retry", "interrupt", "kill"]


def claimed(garner, name="a.bin"):
    """How many bytes the sidecar says are there; -1: there is none."""
    try:
        return json.loads(garner.read(name + ".part.json"))["present"][0][1]
    except (OSError, ValueError):
        return -1


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
