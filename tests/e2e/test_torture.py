# SPDX-License-Identifier: MIT
"""One call that fails, each in turn: a right file or a clear record, never anything else.

A sample of the calls; with TORTURE=all (make check-torture) every one of them.
"""

import errno
import hashlib
import os

import pytest

import runner

SHIM = runner.BUILD / "tests" / "e2e" / "failing.so"
ALL = os.environ.get("TORTURE") == "all"
SHARES = 16 if ALL else 4
SHORT = -1  # half of what was asked for
CALLS = ["open", "openat", "openat2", "close", "read", "pread", "write", "pwrite", "pwritev", "fsync", "fdatasync",
         "renameat", "renameat2", "linkat", "unlink", "unlinkat", "fstat", "fstatat", "faccessat", "fsetxattr",
         "fgetxattr", "flock", "ftruncate", "fallocate", "futimens", "mkdirat", "mkostemp", "pipe2", "socket", "poll",
         "getrandom", "thread", "realpath"]
OTHER_ERRORS = {
    "read": [errno.EINTR, SHORT], "pread": [errno.EINTR, SHORT], "write": [errno.EINTR, SHORT],
    "pwrite": [errno.EINTR, SHORT, errno.EDQUOT, errno.EIO], "pwritev": [errno.EINTR, SHORT, errno.EFBIG],
    "openat": [errno.EACCES, errno.ENOSPC], "openat2": [errno.EAGAIN, errno.EPERM, errno.ENOSYS, errno.EMFILE],
    "renameat2": [errno.EINVAL, errno.ENOSYS, errno.EEXIST], "flock": [errno.EINTR, errno.EWOULDBLOCK],
    "fsetxattr": [errno.EOPNOTSUPP], "fgetxattr": [errno.EOPNOTSUPP], "close": [errno.EINTR],
    "fallocate": [errno.EOPNOTSUPP], "ftruncate": [errno.EINTR]}
OK = (errno.EINTR, SHORT)  # these are never a failure

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(runner.asan_library() is not None, reason="AddressSanitizer has its own malloc"),
    pytest.mark.skipif(not SHIM.exists(), reason="failing.so is not built")]


class Torture:
    """The same small run again and again: names, sizes, and what the server does about them."""

    def __init__(self, garner, faults):
        self.garner, self.faults = garner, faults
        self.turn = 0
        strong = dict(etag='"v1"', ranges=1, modified="Sat, 01 Jan 2022 00:00:00 GMT")
        self.entries = {
            "small": dict(size=100), "empty": dict(size=0), "chunks": dict(size=400_000, chunked=1),
            "cut": dict(size=600_000, cut=400_000, fail=1, **strong), "large": dict(size=1_500_000, seed=5, **strong),
            "left": dict(size=600_000, seed=6, **strong), "moved/there": dict(size=300, seed=7, gzip=1), "old": dict(size=9, seed=8)}

    def data(self, name):
        query = self.entries[name]
        return self.faults.body(query["size"], query.get("seed", 0))

    def prepare(self):
        self.turn += 1
        folder = f"t{self.turn}"
        lines = []
        for name, query in self.entries.items():
            url = self.faults.url("/" + name.replace("moved", "to"), key=f"{folder}-{name}", **query)
            if "/" in name:
                url = self.faults.url("/from", location=url)
            lines += [url, f" out={name}"]
        lines.insert(2, f" checksum=sha256:{hashlib.sha256(self.data('small')).hexdigest()}")
        self.garner.write(folder + "/list", "\n".join(lines) + "\n")
        self.garner.write(folder + "/out/old", self.data("old"))
        self.garner.write(folder + "/out/left.part", self.data("left")[:300_000])
        url = self.faults.url("/left", key=f"{folder}-left", **self.entries["left"])
        self.garner.write(folder + "/out/left.part.json",
                          '{"garner":1,"url":"%s","key":"%016x","etag":"\\"v1\\"","last_modified":null,"coding":null,'
                          '"modified":-1,"date":-1,"total":600000,"present":[[0,300000]]}' % (url.split("?")[0], 1))
        return folder

    def run(self, folder, call=None, nth=0, error=0):
        report = self.garner.path(folder) / "report"
        env = {}
        if call:
            env = {"LD_PRELOAD": str(SHIM), "FAIL_CALL": call, "FAIL_NTH": str(nth), "FAIL_ERRNO": str(error),
                   "FAIL_REPORT": str(report)}
        result = self.garner("--json", "--retry-delay", "1ms", "--fsync", "--remote-time", "--compressed", "--hash", "sha256",
                             "-d", f"{folder}/out", "--journal", f"{folder}/journal", "--failures", f"{folder}/failures",
                             "-j", 3, "-i", f"{folder}/list", env=env, timeout=30)
        self.garner.results = self.garner.results[-2:]
        account = [line.split() for line in report.read_text().splitlines()] if call else []
        return result, account

    def check_files(self, folder, run):
        out = self.garner.path(folder) / "out"
        there = sorted(str(p.relative_to(out)) for p in out.rglob("*") if not p.is_dir())
        for name in there:
            if name in self.entries:
                assert (out / name).read_bytes() == self.data(name), (name, run)
            else:
                assert name.removesuffix(".json").removesuffix(".part") in self.entries, (there, run)
        return there

    def check(self, call, nth, error, live):
        """Why the outcome is not as it must be; None if it is."""
        try:
            self.expect(call, nth, error, live)
            return None
        except (AssertionError, pytest.fail.Exception) as wrong:
            return f"{call} {nth}, error {error}: {wrong}"

    def expect(self, call, nth, error, live):
        folder = self.prepare()
        run, account = self.run(folder, call, nth, error)
        what = f"{[a for a in account if a[0] in ('failed', 'live')]}\nstatus {run.status}, states {[r['state'] for r in run.records]}\n{run.stderr[-1500:]}"
        assert run.status in (0, 1, 2, 3) and account, what
        there = self.check_files(folder, run)
        assert run.status == 0 or run.stderr.startswith("garner: "), what
        if run.status in (0, 1):
            assert len(run.records) == len(self.entries), what
            assert (run.status == 0) == all(r["ok"] for r in run.records), what
            assert all(r["ok"] or r["error"]["message"] for r in run.records), what
            assert {r["path"].split("/out/")[1] for r in run.records if r["ok"]} <= set(there), what
        if run.status == 0:
            assert there == sorted(self.entries), what
        if error in OK and any(a[0] == "failed" for a in account):
            assert run.status == 0, what
        assert account[-1] == live or call == "close", f"left: {account[-1]}, not {live}; {what}"
        again, _ = self.run(folder)
        assert again.status == 0 and self.check_files(folder, again) == sorted(self.entries), f"{what}\nthen {again}"


@pytest.fixture
def torture(garner, faults):
    return Torture(garner, faults)


@pytest.fixture
def counts(torture):
    """How often each function is called when all goes well, and what is left then."""
    run, account = torture.run(torture.prepare(), "none", 0)
    assert run.status == 0, run
    counted = {name: int(n) for name, n, *_ in account}
    return counted, account[-1]


def test_the_calls_are_seen(counts):
    """Whatever names the C library has for them; these few are made on other file systems and by other options only."""
    assert set(CALLS) - set(counts[0]) <= {"unlink", "ftruncate", "fallocate", "mkostemp"}, counts


def spread(count, samples):
    """All of 1 to count, or so many of them, the first and the last included."""
    if ALL or count <= samples:
        return list(range(1, count + 1))
    return sorted({1 + round(i * (count - 1) / (samples - 1)) for i in range(samples)})


@pytest.mark.parametrize("share", range(SHARES))
def test_memory(torture, counts, share):
    counted, live = counts
    wrong = [torture.check("alloc", nth, 0, live) for nth in spread(counted["alloc"], 48)[share::SHARES]]
    assert not any(wrong), "\n\n".join(filter(None, wrong))


def test_a_name_that_is_refused(garner, faults):
    """Files that cannot have a name later have one from the beginning: that is found out once."""
    def links(nth):
        report = garner.path("report")
        env = {"LD_PRELOAD": str(SHIM), "FAIL_CALL": "linkat", "FAIL_NTH": str(nth), "FAIL_REPORT": str(report)}
        run = garner("-j", 2, "--executor-threads", 1, "-d", f"after{nth}",
                     *[faults.url(f"/{i}", size=100, seed=i) for i in range(20)], env=env)
        assert run.status == 0 and len(run.lines) == 20, run
        assert all(garner.read(f"after{nth}/{i}") == faults.body(100, i) for i in range(20))
        assert sum(name.startswith(f"after{nth}/") for name in garner.files()) == 20
        return int(dict(line.split()[:2] for line in report.read_text().splitlines()).get("linkat", 0))

    usual = links(0)
    if usual == 0:
        pytest.skip("no files without a name on this file system")
    assert usual >= 20 and links(1) == 1


@pytest.mark.parametrize("error", [errno.EIO, errno.EDQUOT])
def test_bytes_that_are_lost_at_a_close(garner, faults, error):
    """As file systems over a network may say it: the name is not given before one close went well."""
    def lost(nth):
        report = garner.path("report")
        env = {"LD_PRELOAD": str(SHIM), "FAIL_CALL": "close", "FAIL_NTH": str(nth), "FAIL_ERRNO": str(error), "FAIL_REPORT": str(report)}
        run = garner("--json", "-d", f"at{nth}", "-o", "a", faults.url("/a", size=600_000), env=env)
        there = f"at{nth}/a" in garner.files()
        assert there == (run.status == 0) and (not there or len(garner.read(f"at{nth}/a")) == 600_000), run
        return int(dict(line.split()[:2] for line in report.read_text().splitlines())["close"]), not there and run.record["error"]["kind"] == "io"

    closes, _ = lost(0)
    assert sum(lost(nth)[1] for nth in range(1, closes + 1)) == 1


@pytest.mark.parametrize("share", range(SHARES))
def test_calls(torture, counts, share):
    counted, live = counts
    points = [(call, nth, error) for call in CALLS for error in [0, *OTHER_ERRORS.get(call, [])]
              for nth in spread(counted.get(call, 0), 2 if error else 3)]
    wrong = [torture.check(call, nth, error, live) for call, nth, error in points[share::SHARES]]
    assert not any(wrong), "\n\n".join(filter(None, wrong))
