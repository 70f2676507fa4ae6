# SPDX-License-Identifier: MIT
"""What is found on disk is only continued where it is certain to be what it says it is."""

import fcntl
import json
import os
import re
import signal
import time

import pytest

from resuming import AT, OLD, SIZE, arrived, asked, claimed, cut_off, edit_sidecar, whole

STRONG = dict(etag='"v1"', ranges=1)
PART, SIDECAR = "a.bin.part", "a.bin.part.json"


@pytest.fixture
def part(garner, faults):
    """A part with its sidecar, left by a kill; the URL that it is of."""
    url = faults.url("/a.bin", size=SIZE, gate="g", gate_at=AT, fail=1, **STRONG)
    cut_off(garner, faults, "kill", url)
    assert garner.files() == [PART, SIDECAR]
    return url


def expect_start_over(garner, faults, run):
    whole(run, garner, faults.body(SIZE))
    assert [asked(r)[0] for r in faults.requests()] == [None, None], run
    assert run.record["resumed_at"] is None and run.record["received"] == SIZE


def test_what_is_left(garner, faults, part):
    """The sidecar names the URL without its query, and claims what is in the part."""
    side = json.loads(garner.read(SIDECAR))
    assert side["url"] == faults.url("/a.bin") and side["etag"] == '"v1"' and claimed(garner) == AT
    assert side["total"] == SIZE and garner.read(PART) == faults.body(SIZE)[:AT]
    run = garner("--json", part)
    whole(run, garner, faults.body(SIZE))
    assert run.record["resumed_at"] == AT and run.record["received"] == SIZE - AT


@pytest.mark.parametrize("damage", [
    b"", b"{", b"null", b"[]", b"\0" * 100, b"garbage\n", b'{"garner":1}', b"x" * 70_000], ids=lambda d: repr(d[:8]))
def test_a_damaged_sidecar(garner, faults, part, damage):
    garner.write(SIDECAR, damage)
    expect_start_over(garner, faults, garner("--json", part))


@pytest.mark.parametrize("changes", [
    dict(garner=2), dict(present=[[0, SIZE + 1]]), dict(present=[[1, AT]]), dict(present=[]), dict(present=[[0, -1]]),
    dict(present=[[0, AT + 1]]), dict(key="zz"), dict(key=...), dict(etag=None), dict(etag='W/"v1"'), dict(etag=5),
    dict(etag='"v1"\r\nX-Evil: 1'), dict(total="x"), dict(present=[[0, 1e300]]), dict(present=[[0, 0.5]]), dict(url=5)],
    ids=lambda c: json.dumps(c, default=str))
def test_a_sidecar_that_cannot_be(garner, faults, part, changes):
    edit_sidecar(garner, **changes)
    expect_start_over(garner, faults, garner("--json", part))


def test_a_sidecar_without_claims(garner, faults, part):
    edit_sidecar(garner)
    run = garner("--json", part)
    whole(run, garner, faults.body(SIZE))
    assert run.record["resumed_at"] == AT


@pytest.mark.parametrize("torn", [(0,), (1,), (0, 1)])
def test_a_torn_claim(garner, faults, part, torn):
    """What a power failure left of a write in place is no claim: then the other one counts, or none."""
    text = json.loads(garner.read(SIDECAR))
    spans = [int(re.search(r"0- *(\d+)", claim).group(1)) for claim in text["claims"]]
    numbers = [int(claim.split()[0]) for claim in text["claims"]]
    for i in torn:
        text["claims"][i] = re.sub(r"0( *)-( *)\d", r"0\1-\g<2>9", text["claims"][i], count=1)
    garner.write(SIDECAR, json.dumps(text))
    run = garner("--json", part)
    if len(torn) == 2:
        expect_start_over(garner, faults, run)
    else:
        whole(run, garner, faults.body(SIZE))
        assert run.record["resumed_at"] == spans[1 - torn[0]], (spans, numbers, run)


@pytest.mark.parametrize("changes", [dict(etag='"v2"'), dict(total=SIZE + 1), dict(key="0" * 16), dict(url="http://x/")],
                         ids=json.dumps)
def test_claims_are_of_their_own_version(garner, faults, part, changes):
    garner.write(SIDECAR, json.dumps(json.loads(garner.read(SIDECAR)) | changes))
    expect_start_over(garner, faults, garner("--json", part))


def test_a_sidecar_of_another_total(garner, faults, part):
    edit_sidecar(garner, total=SIZE + 1)
    run = garner("--json", part)
    whole(run, garner, faults.body(SIZE))
    assert [asked(r)[0] for r in faults.requests()] == [None, AT, None], run


def test_no_sidecar(garner, faults, part):
    garner.path(SIDECAR).unlink()
    expect_start_over(garner, faults, garner("--json", part))


def test_a_sidecar_without_its_part(garner, faults, part):
    garner.path(PART).unlink()
    expect_start_over(garner, faults, garner("--json", part))


def test_a_part_that_is_longer_than_claimed(garner, faults, part):
    """Only what is claimed counts: what follows it was written, then the power went."""
    with open(garner.path(PART), "ab") as file:
        file.write(b"\0" * 150_000)
    run = garner("--json", part)
    whole(run, garner, faults.body(SIZE))
    assert run.record["resumed_at"] == AT


def test_a_part_that_is_shorter_than_claimed(garner, faults, part):
    os.truncate(garner.path(PART), AT - 1)
    expect_start_over(garner, faults, garner("--json", part))


@pytest.mark.parametrize("which", [PART, SIDECAR])
def test_a_second_link(garner, faults, part, which):
    """Somebody else's file has the same bytes: not ours to write."""
    os.link(garner.path(which), garner.path("other"))
    before = garner.read("other")
    run = garner("--json", part)
    assert garner.read("other") == before
    if which == PART:
        assert run.status == 1 and run.record["error"]["kind"] == "io" and "a.bin" not in run.files, run
        assert garner.read(PART) == before
    else:
        assert run.status == 0 and garner.read("a.bin") == faults.body(SIZE), run
        assert run.files == ["a.bin", "other"] and run.record["resumed_at"] is None


@pytest.mark.parametrize("which", [PART, SIDECAR])
@pytest.mark.parametrize("target", ["victim", "missing"])
def test_a_symbolic_link(garner, faults, part, which, target):
    garner.write("victim", "precious")
    garner.path(which).unlink()
    garner.path(which).symlink_to(target)
    run = garner("--json", part)
    assert garner.read("victim") == b"precious" and "missing" not in garner.files()
    if which == PART:
        assert run.status == 1 and run.record["error"]["code"] == "EEXIST" and "a.bin" not in run.files, run
    else:
        assert run.status == 0 and garner.read("a.bin") == faults.body(SIZE) and run.record["resumed_at"] is None, run


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["directory", "fifo"])
@pytest.mark.parametrize("which", [PART, SIDECAR])
def test_no_regular_file(garner, faults, make, which):
    make(garner.path(which))
    run = garner("--json", faults.url("/a.bin", size=SIZE, **STRONG), faults.url("/good"), timeout=20)
    assert len(run.records) == 2 and garner.read("good") == faults.body(), run
    if which == PART:
        assert run.status == 1 and "a.bin" not in run.files, run
    else:
        assert run.status == 0 and garner.read("a.bin") == faults.body(SIZE), run


def test_somebody_elses_part(garner, faults, part):
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(garner.path(PART), 12345, 12345)
    run = garner("--json", part)
    assert run.status == 1 and run.record["error"]["kind"] == "io" and "a.bin" not in run.files, run


def test_a_query_that_changed(garner, faults, part):
    """Presigned URLs change nightly: a strong ETag and the same size will do."""
    run = garner("--json", faults.url("/a.bin", size=SIZE, sign="tonight", **STRONG))
    whole(run, garner, faults.body(SIZE))
    assert run.record["resumed_at"] == AT


@pytest.mark.parametrize("query", [
    dict(size=SIZE, seed=2, etag='"v2"', ranges=1), dict(size=SIZE + 5, seed=2, etag='"v1"', ranges=1),
    dict(size=SIZE, seed=2, total="*", ranges="blind")])
def test_a_query_that_changed_and_another_file(garner, faults, part, query):
    run = garner("--json", faults.url("/a.bin", **query))
    whole(run, garner, faults.body(query["size"], 2))


def test_a_date_does_not_outlive_a_query(garner, faults):
    query = dict(size=SIZE, modified=OLD, ranges=1)
    cut_off(garner, faults, "kill", faults.url("/a.bin", gate="g", gate_at=AT, fail=1, **query))
    run = garner("--json", faults.url("/a.bin", **query))
    expect_start_over(garner, faults, run)


@pytest.mark.parametrize("path", ["/other/a.bin", "/b/../a.bin/../a.bin/x/a.bin"])
def test_another_path_with_the_same_etag(garner, faults, part, path):
    """An ETag is of its own resource: another's may be the same by chance."""
    run = garner("--json", faults.url(path, size=SIZE, seed=9, **STRONG))
    whole(run, garner, faults.body(SIZE, 9))
    assert run.record["resumed_at"] is None


def test_another_host_with_the_same_etag(garner, faults, other, part):
    run = garner("--json", other.url("/a.bin", size=SIZE, seed=9, **STRONG))
    whole(run, garner, other.body(SIZE, 9))


def test_one_id_under_another_host(garner, faults, other):
    """The list says that it is the same."""
    entry = '{"id": "x", "out": "a.bin", "url": "%s"}\n'
    run = garner.start("-i", "-", stdin=-1)
    run.write(entry % faults.url("/a.bin", size=SIZE, gate="g", gate_at=AT, **STRONG))
    faults.wait_gate("g")
    run.until(lambda: claimed(garner) == AT, "part")
    run.kill()
    again = garner("--json", "-i", "-", input=entry % other.url("/b.bin", size=SIZE, **STRONG))
    whole(again, garner, faults.body(SIZE))
    assert again.record["resumed_at"] == AT


def test_a_foreign_part_started_over_is_resumed_as_ours(garner, faults, part):
    """Of a date, too: from the first byte on it is this entry's."""
    run = garner("--json", "--retry-delay", "10ms", faults.url("/new/a.bin", size=SIZE, cut=AT, fail=1, modified=OLD, ranges=1))
    whole(run, garner, faults.body(SIZE))
    assert [asked(r)[0] for r in faults.requests("/new/a.bin")] == [None, AT]


def test_no_resume(garner, faults, part):
    run = garner("--json", "--no-resume", part)
    expect_start_over(garner, faults, run)


def test_no_resume_between_attempts(garner, faults):
    run = garner("--json", "--no-resume", "--retry-delay", "10ms", faults.url("/a.bin", size=SIZE, cut=AT, fail=1, **STRONG))
    whole(run, garner, faults.body(SIZE))
    assert [asked(r)[0] for r in faults.requests()] == [None, None] and run.record["received"] == SIZE + AT


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_no_resume_leaves_nothing(garner, faults, signum):
    run = garner.start("--no-resume", faults.url("/a.bin", size=SIZE, gate="g", gate_at=AT, **STRONG))
    faults.wait_gate("g")
    run.until(lambda: arrived(garner) > 0, "part")
    run.send(signum)
    assert run.wait().files == []


def test_without_a_validator_nothing_is_left(garner, faults):
    run = garner.start(faults.url("/a.bin", size=SIZE, gate="g", gate_at=AT))
    faults.wait_gate("g")
    run.until(lambda: arrived(garner) > 0, "part")
    run.send()
    assert run.wait().files == []


def test_small_bodies_are_kept_too(garner, faults):
    """In memory until the interrupt."""
    url = faults.url("/a.bin", size=5000, gate="g", gate_at=2000, fail=1, **STRONG)
    cut_off(garner, faults, "interrupt", url)
    assert garner.files() == [PART, SIDECAR] and garner.read(PART) == faults.body(5000)[:2000]
    run = garner("--json", url)
    whole(run, garner, faults.body(5000))
    assert run.record["resumed_at"] == 2000


def test_a_failure_keeps_what_came(garner, faults):
    url = faults.url("/a.bin", size=SIZE, cut=AT, fail=1, **STRONG)
    run = garner("--json", "--retry", 0, url)
    assert run.status == 1 and run.files == [PART, SIDECAR], run
    again = garner("--json", url)
    whole(again, garner, faults.body(SIZE))
    assert again.record["resumed_at"] == AT


@pytest.mark.parametrize("how", ["retry", "interrupt"])
def test_resume_unsafe(garner, faults, how):
    """Without a validator what is there is appended to, and it is said."""
    query = dict(size=SIZE, fail=1, ranges=1)
    args = ["--json", "--retry-delay", "10ms", "--resume-unsafe"]
    if how == "retry":
        run = garner(*args, faults.url("/a.bin", cut=AT, **query))
    else:
        url = faults.url("/a.bin", gate="g", gate_at=AT, **query)
        cut_off(garner, faults, "interrupt", url, *args)
        run = garner(*args, url)
    whole(run, garner, faults.body(SIZE))
    first, *conditions = asked(faults.requests()[-1])
    assert first and conditions == [None, None] and run.record["resumed_at"] == first
    assert "resume-unsafe" in run.stderr


def test_resume_unsafe_still_looks(garner, faults):
    """What says that it is another version, or of another size, is believed."""
    for query in (dict(etag='W/"1"|W/"2"', seed="1|2"), dict(size="600000|600001", seed="1|2")):
        run = garner("--json", "--if-exists", "overwrite", "--retry-delay", "10ms", "--resume-unsafe",
                     faults.url("/a.bin", **{**dict(size=SIZE), **query}, cut=AT, fail=1, ranges=1, key=str(query)))
        size = SIZE + 1 if "|" in str(query.get("size")) else SIZE
        assert run.status == 0 and garner.read("a.bin") == faults.body(size, 2), run


def test_what_is_decoded_is_never_resumed(garner, faults):
    for args in ([], ["--resume-unsafe"]):
        run = garner("--json", "--if-exists", "overwrite", "--compressed", "--retry-delay", "10ms", *args,
                     faults.url("/a.bin", size=SIZE, gzip=1, cut=1000, fail=1, key=str(args), **STRONG))
        whole(run, garner, faults.body(SIZE))
        assert run.record["resumed_at"] is None


def test_a_compressed_body_that_is_not_decoded(garner, faults):
    """It is what the server has: resumed in the same coding, here refused by a server that has it plain."""
    import gzip
    run = garner("--json", "--retry-delay", "10ms", faults.url("/a.bin", size=50_000, gzip=1, cut=1000, fail=1, **STRONG))
    assert run.status == 0 and gzip.decompress(garner.read("a.bin")) == faults.body(50_000), run


@pytest.mark.parametrize("query, ok", [
    (dict(), True), (dict(chunked=1), True), (dict(no_length=1), False), (dict(no_length=1, proto="1.0"), False)])
def test_require_length(garner, faults, query, ok):
    run = garner("--json", "--require-length", faults.url("/a.bin", size=1000, **query), faults.url("/good"))
    record = next(r for r in run.records if "/a.bin" in r["url"])
    assert run.status == (0 if ok else 1) and ("a.bin" in run.files) == ok, run
    assert ok or (record["error"]["kind"], record["error"]["retryable"]) == ("policy", False)
    assert garner.read("good") == faults.body()


@pytest.mark.parametrize("policy", ["skip", "rename", "overwrite", "update", "fail"])
def test_every_policy_resumes(garner, faults, policy):
    """What is said of the final name never concerns the part."""
    url = faults.url("/a.bin", size=SIZE, gate="g", gate_at=AT, fail=1, **STRONG)
    if policy in ("overwrite", "update", "rename"):
        garner.write("a.bin", "old")
        os.utime(garner.path("a.bin"), (1, 1))
    name = "a.1.bin" if policy == "rename" else "a.bin"
    cut_off(garner, faults, "kill", url, "--if-exists", policy, name=name)
    run = garner("--json", "--if-exists", policy, url)
    assert run.status == 0 and garner.read(name) == faults.body(SIZE), run
    assert run.record["resumed_at"] == AT and [f for f in run.files if "part" in f] == []


def test_two_at_once(garner, faults):
    """One wins; the other's record says so, and the file is right."""
    url = faults.url("/a.bin", size=SIZE, gate="g", gate_at=AT, fail=1, **STRONG)
    first = garner.start("--json", url)
    faults.wait_gate("g")
    first.until(lambda: claimed(garner) == AT, "part")
    second = garner("--json", url)
    assert second.status == 1 and second.record["error"]["code"] == "EBUSY", second
    faults.open("g")
    whole(first.wait(), garner, faults.body(SIZE))


def test_a_part_locked_by_another_program(garner, faults, part):
    with open(garner.path(PART), "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        run = garner("--json", part, faults.url("/good"))
        record = next(r for r in run.records if "/a.bin" in r["url"])
        assert run.status == 1 and record["error"]["code"] == "EBUSY" and record["error"]["kind"] == "io", run
        assert garner.read("good") == faults.body()
    again = garner("--json", part)
    assert again.record["resumed_at"] == AT and garner.read("a.bin") == faults.body(SIZE), again


@pytest.mark.one_connection
def test_killed_again_and_again(garner, faults):
    """Each run goes on where the one before was killed."""
    size = 3_000_000
    starts = []
    url = faults.url("/a.bin", size=size, drip="50000,0.02", **STRONG)
    for _ in range(3):
        before = claimed(garner)
        run = garner.start(url)
        run.until(lambda: claimed(garner) > before + 100_000, "progress")
        run.send(signal.SIGKILL)
        run.popen.wait()
        starts.append(claimed(garner))
    run = garner("--json", faults.url("/a.bin", size=size, **STRONG))
    whole(run, garner, faults.body(size))
    assert [asked(r)[0] for r in faults.requests()] == [None, *starts]


def test_a_clock_that_was_set_back(garner, faults, part):
    """Nothing is compared with the clock of this machine."""
    for name in (PART, SIDECAR):
        os.utime(garner.path(name), (time.time() + 1e8, time.time() + 1e8))
    run = garner("--json", part)
    whole(run, garner, faults.body(SIZE))
    assert run.record["resumed_at"] == AT
