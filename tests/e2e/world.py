# SPDX-License-Identifier: MIT
"""What must come out of a fault: alone, and among good entries, which must not notice."""

import re

GOOD = 8  # before it and after it


class Outcome:
    """Of the record its error, or the file's size."""

    def __init__(self, kind=None, codes=(), retryable=None, size=None):
        self.kind, self.codes, self.retryable, self.size = kind, codes, retryable, size
        self.status = 1 if kind else 0

    def check(self, record, run):
        error = record["error"]
        if self.kind is None:
            assert error is None and record["state"] == "finished" and record["size"] == self.size, run
            return
        assert record["state"] == "failed" and error["message"] and record["path"] is None, run
        assert (error["kind"], error["retryable"]) == (self.kind, self.retryable) and error["code"] in self.codes, run


def fails(kind, code=None, retryable=False):
    return Outcome(kind, [code], retryable)


def broken(*codes):
    """More than one where it depends on who is faster."""
    return Outcome("network", codes, True)


def gives(size):
    return Outcome(size=size)


def left_on_disk(garner):
    return [f for f in garner.files() if not re.fullmatch(r"good\d+|list", f)]


def expect(garner, faults, url, outcome, *args, name="a", data=None, part=False, **options):
    """url: of an entry that ends so. The good entries are on the same host. part: what came is
    left for the next run. options: of the runs."""
    args = ["--json", "--retry-delay", "10ms", *args]
    data = faults.body(outcome.size) if data is None and outcome.size is not None else data
    alone = garner(*args, "--retry", 0, url, timeout=30, **options)
    assert alone.status == outcome.status, alone
    outcome.check(alone.record, alone)
    among(garner, faults, url, outcome, args, name, data, part, options)


def among(garner, faults, url, outcome, args, name, data, part, options):
    for path in left_on_disk(garner):
        garner.path(path).unlink()
    good = [faults.url(f"/good{i}", size=1000 * i, seed=i) for i in range(2 * GOOD)]
    run = garner(*args, "--retry", 1, "-j", 4, *good[:GOOD], url, *good[GOOD:], timeout=30, **options)
    assert run.status == outcome.status and len(run.records) == 2 * GOOD + 1, run
    for record in run.records:
        if record["index"] == GOOD + 1:
            outcome.check(record, run)
        else:
            assert record["state"] == "finished" and record["attempts"] == 1, run
    for i in range(2 * GOOD):
        assert garner.read(f"good{i}") == faults.body(1000 * i, i), run
    left = [name + ".part", name + ".part.json"] if part else [] if data is None else [name]
    assert left_on_disk(garner) == left, run
    assert data is None or garner.read(name) == data, run
