# SPDX-License-Identifier: MIT
"""What was cut off goes on where it is certain to be the same version (RFC 9110 13.1.5, 14)."""

import time

import pytest

from resuming import AT, OLD, SIZE, WAYS, asked, cut_off, edit_sidecar, resumed, whole

ways = pytest.mark.parametrize("how", WAYS)
STRONG = dict(etag='"v1"', ranges=1)


def young():
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() - 30))


def at_the_cut(first, how):
    """An interrupt may leave what was still on its way."""
    return first == AT if how != "interrupt" else 0 < first <= AT


@ways
@pytest.mark.parametrize("query, validator", [
    (dict(etag='"v1"'), '"v1"'), (dict(etag='"v1"', modified=OLD), '"v1"'), (dict(modified=OLD), OLD)],
    ids=["etag", "both", "date"])
def test_strong_validators(garner, faults, how, query, validator):
    run = resumed(garner, faults, how, ranges=1, **query)
    whole(run, garner, faults.body(SIZE))
    first, if_range, if_match = asked(faults.requests()[-1])
    assert at_the_cut(first, how) and (if_range, if_match) == (validator, None)
    assert faults.requests()[-1].headers["accept-encoding"] == "identity"
    record = run.record
    assert (record["resumed_at"], record["http"]["status"], record["size"]) == (first, 206, SIZE)
    assert record["received"] == (SIZE if how == "retry" else SIZE - first)
    assert faults.requests()[-1].sent == SIZE - first and len(faults.requests()) == 2


@ways
@pytest.mark.parametrize("query", [
    dict(), dict(etag='W/"v1"'), dict(etag='W/"v1"', modified=OLD), dict(modified="young"), dict(etag="v1"),
    dict(modified=OLD, date="none"), dict(modified="yesterday")],
    ids=["nothing", "weak", "weak and date", "young date", "no quotes", "no clock", "no date"])
def test_without_a_strong_validator_it_starts_over(garner, faults, how, query):
    if query.get("modified") == "young":
        query = dict(modified=young())
    run = resumed(garner, faults, how, ranges=1, sidecar=False, **query)
    whole(run, garner, faults.body(SIZE))
    assert asked(faults.requests()[-1]) == (None, None, None)
    assert (run.record["resumed_at"], run.record["http"]["status"]) == (None, 200)


@ways
def test_another_version(garner, faults, how):
    run = resumed(garner, faults, how, ranges=1, version="1,2")
    whole(run, garner, faults.body(SIZE, 2))
    assert asked(faults.requests()[1])[1] == '"1"' and len(faults.requests()) == 2
    assert run.record["resumed_at"] is None and run.record["http"]["etag"] == '"2"'


@ways
def test_another_date(garner, faults, how):
    run = resumed(garner, faults, how, ranges=1, seed="1|2", modified=OLD + "|Sun, 02 Jan 2022 00:00:00 GMT")
    whole(run, garner, faults.body(SIZE, 2))


@pytest.mark.one_connection
def test_another_version_at_every_attempt(garner, faults):
    """That each of them brings a megabyte is no progress: the count is not started anew."""
    run = garner("--json", "--retry", 2, "--retry-delay", "10ms",
                 faults.url("/a.bin", size=3_000_000, cut=2_000_000, version="*", ranges=1), faults.url("/good"))
    record = next(r for r in run.records if r["state"] == "failed")
    assert run.status == 1 and len(faults.requests("/a.bin")) == record["attempts"] == 3, run
    assert record["error"]["code"] == "CURLE_PARTIAL_FILE" and record["error"]["retryable"] is True
    assert "a.bin" not in run.files and garner.read("good") == faults.body()


def test_the_last_version_is_the_one(garner, faults):
    """Each of three replies is of another version and cut; the fourth is whole."""
    run = garner("--json", "--retry-delay", "10ms", faults.url("/a.bin", size=SIZE, cut=AT, fail=3, version="*", ranges=1))
    whole(run, garner, faults.body(SIZE, 4))
    assert [asked(r)[1] for r in faults.requests()] == [None, '"1"', '"2"', '"3"']


@ways
def test_the_same_version_whole_is_asked_for_by_if_match(garner, faults, how):
    run = resumed(garner, faults, how, etag='"v1"', ranges="deaf")
    whole(run, garner, faults.body(SIZE))
    second, third = [asked(r) for r in faults.requests()[1:]]
    assert second == (third[0], '"v1"', None) and third[1:] == (None, '"v1"')
    assert run.record["resumed_at"] == third[0]
    assert faults.requests()[2].sent == SIZE - third[0]


@ways
def test_if_match_says_412(garner, faults, how):
    """The version changes between the second try and the third."""
    run = resumed(garner, faults, how, ranges="deaf", version="1,1,2")
    whole(run, garner, faults.body(SIZE, 2))
    assert [asked(r)[1:] for r in faults.requests()] == [(None, None), ('"1"', None), (None, '"1"'), (None, None)]


@ways
def test_if_match_is_tried_once(garner, faults, how):
    run = resumed(garner, faults, how, etag='"v1"', ranges="never")
    whole(run, garner, faults.body(SIZE))
    assert [asked(r)[1:] for r in faults.requests()] == [(None, None), ('"v1"', None), (None, '"v1"')]


@ways
@pytest.mark.parametrize("fault", [
    dict(shift=1), dict(shift=-1), dict(total=SIZE + 1), dict(total=SIZE - 1), dict(multipart=1), dict(bare=1),
    dict(coding="gzip"), dict(ranges="blind", version="1,2,2", etag='"{v}"'),
    dict(ranges="blind", version="1,2,2", etag='"{v}"', anonymous=1), dict(range="bytes 0-599999/600000"),
    dict(range="bytes 400000-599999/x"), dict(range="bytes 400000-399999/600000"), dict(range="items 400000-599999/600000"),
    dict(range="bytes 400000-700000/600000"), dict(range="bytes */600000"), dict(range="bytes 400000-499999/600000"),
    dict(range="bytes 400000-99999999999999999999/*")],
    ids=lambda f: "-".join(f"{k}={v}" for k, v in f.items()))
def test_a_range_that_does_not_fit_is_not_used(garner, faults, how, fault):
    if how == "interrupt" and "range" in fault:
        pytest.skip("where it ends is not certain")
    run = resumed(garner, faults, how, **{**STRONG, **fault})
    whole(run, garner, faults.body(SIZE, 2 if "version" in fault else 0))
    requests = faults.requests()
    assert asked(requests[1])[0] and asked(requests[2]) == (None, None, None) and len(requests) == 3
    assert run.record["resumed_at"] is None


def test_wrong_ranges_in_the_middle_of_others(garner, faults):
    """Each is cut off once, and then gets a range that does not fit, or fits in an odd way."""
    wrong = [dict(ranges="never"), dict(ranges="deaf"), dict(shift=1), dict(shift=-1), dict(total=SIZE + 1), dict(multipart=1), dict(bare=1),
             dict(over=5), dict(hollow=1, fail=1), dict(most=70_000), dict(total="*"), dict(coding="gzip"), dict(range_status=416)]
    good = [faults.url(f"/good{i}", size=1000 * i, seed=i) for i in range(len(wrong))]
    bad = [faults.url(f"/bad{i}", size=SIZE, seed=i, **{"cut": AT, "fail": 1, **STRONG, **w}) for i, w in enumerate(wrong)]
    run = garner("--json", "--retry-delay", "10ms", "-j", 4, *[u for pair in zip(good, bad) for u in pair])
    assert run.status == 0 and len(run.files) == 2 * len(wrong), run
    for i in range(len(wrong)):
        assert garner.read(f"good{i}") == faults.body(1000 * i, i) and garner.read(f"bad{i}") == faults.body(SIZE, i), (wrong[i], run)


@ways
@pytest.mark.parametrize("fault, count", [
    (dict(most=70_000), 4), (dict(total="*"), 2), (dict(most=70_000, total="*"), 4), (dict(most=199_999), 3)])
def test_an_end_short_of_what_was_asked(garner, faults, how, fault, count):
    """What fits is kept, and the rest asked for."""
    run = resumed(garner, faults, how, **STRONG, **fault)
    whole(run, garner, faults.body(SIZE))
    if how != "interrupt":
        assert len(faults.requests()) == count
    assert sum(r.sent for r in faults.requests()[1:]) == SIZE - asked(faults.requests()[1])[0]


@ways
def test_ranges_of_an_unknown_total(garner, faults, how):
    """The first reply had no length and no range has a total: what is there is all when 416 says so."""
    run = resumed(garner, faults, how, chunked=1, total="*", most=100_000, **STRONG)
    whole(run, garner, faults.body(SIZE))
    assert sum(r.sent for r in faults.requests()[1:]) == SIZE - asked(faults.requests()[1])[0]


@ways
def test_a_range_tells_the_total(garner, faults, how):
    run = resumed(garner, faults, how, chunked=1, most=150_000, **STRONG)
    whole(run, garner, faults.body(SIZE))


@ways
def test_more_than_the_range_says(garner, faults, how):
    """What is beyond its end is not taken; here it is rubbish, where more is to come."""
    run = resumed(garner, faults, how, chunked=1, most=70_000, over=1000, **STRONG)
    whole(run, garner, faults.body(SIZE))


def test_promised_ranges_without_bytes(garner, faults):
    run = garner("--json", "--retry", 3, "--retry-delay", "10ms", faults.url("/a.bin", size=SIZE, cut=AT, fail=1, hollow=1, **STRONG), timeout=20)
    assert run.status == (0 if "a.bin" in run.files else 1) and len(faults.requests()) <= 5, run
    assert "a.bin" not in run.files or garner.read("a.bin") == faults.body(SIZE)


@ways
@pytest.mark.parametrize("known", [dict(modified=OLD), dict(etag='"v{v}"')], ids=["date", "etag"])
def test_a_range_that_does_not_say_of_what(garner, faults, how, known):
    """The condition is ignored, and another version's rest sent without a validator."""
    run = resumed(garner, faults, how, ranges="blind", version="1,2,2", anonymous=1, **known)
    whole(run, garner, faults.body(SIZE, 2))


@ways
@pytest.mark.parametrize("status", [204, 205, 299])
def test_no_content_in_place_of_the_rest(garner, faults, how, status):
    run = resumed(garner, faults, how, range_status=status, **STRONG)
    whole(run, garner, faults.body(SIZE))
    assert [asked(r)[0] is None for r in faults.requests()] == [True, False, True]


def test_416_with_the_size_of_another_version(garner, faults):
    """The first reply did not tell its size, and what came of it happens to be as long as the new one."""
    run = resumed(garner, faults, "retry", chunked=1, ranges="blind", anonymous=1, etag='"{v}"', version="1,2,2", size=f"{SIZE}|{AT}|{AT}")
    whole(run, garner, faults.body(AT, 2))


@ways
@pytest.mark.parametrize("total", [SIZE, SIZE + 1, AT, 5, "none", "x"])
def test_416_for_a_part(garner, faults, how, total):
    """Bytes are missing, whatever it says: start over."""
    run = resumed(garner, faults, how, unsatisfied=total, **STRONG)
    whole(run, garner, faults.body(SIZE))
    assert [asked(r)[0] is None for r in faults.requests()] == [True, False, True]


def complete_part(garner, faults, **query):
    """What is there when a run is killed between the last byte and the commit."""
    url = faults.url("/a.bin", size=SIZE, gate="g", gate_at=AT, fail=1, **query)
    cut_off(garner, faults, "kill", url)
    garner.write("a.bin.part", faults.body(SIZE, int(query.get("version", "0")[0])))
    edit_sidecar(garner, present=[[0, SIZE]])
    return garner("--json", url)


def test_416_for_a_complete_part(garner, faults):
    run = complete_part(garner, faults, **STRONG)
    whole(run, garner, faults.body(SIZE))
    assert asked(faults.requests()[1]) == (SIZE, '"v1"', None) and faults.requests()[1].sent == 0
    assert len(faults.requests()) == 2 and run.record["received"] == 0


@pytest.mark.parametrize("ranges", [1, "blind"])
def test_416_for_a_complete_part_of_another_version(garner, faults, ranges):
    run = complete_part(garner, faults, version="1,2", ranges=ranges)
    whole(run, garner, faults.body(SIZE, 2))


def test_416_unasked(garner, faults):
    run = garner("--json", faults.url("/a", status=416), faults.url("/good"))
    assert run.status == 1 and run.files == ["good"] and len(faults.requests("/a")) == 1, run


@ways
@pytest.mark.parametrize("status", [404, 403, 410])
def test_gone_meanwhile(garner, faults, how, status):
    run = resumed(garner, faults, how, range_status=status, **STRONG)
    assert run.status == 1 and "a.bin" not in run.files, run
    assert run.record["error"]["kind"] == "http" and run.record["http"]["status"] == status


def test_busy_meanwhile(garner, faults):
    """A 503 between: the part is still good."""
    run = garner("--json", "--retry-delay", "10ms", faults.url("/a.bin", size=SIZE, cut=AT, fail=1, status="200,503,200", **STRONG))
    whole(run, garner, faults.body(SIZE))
    assert [asked(r)[0] for r in faults.requests()] == [None, AT, AT]


@pytest.mark.one_connection
def test_cut_again_and_again(garner, faults):
    """Each attempt goes on where the one before ended: progress, so that the count is started anew."""
    size = 8_000_000
    run = garner("--json", "--retry", 1, "--retry-delay", "10ms", faults.url("/a.bin", size=size, cut=1_500_000, **STRONG))
    whole(run, garner, faults.body(size))
    assert [asked(r)[0] for r in faults.requests()] == [None, *range(1_500_000, size, 1_500_000)]
    assert sum(r.sent for r in faults.requests()) == size == run.record["received"]


@pytest.mark.one_connection
def test_cut_again_with_another_date(garner, faults):
    """By several runs; each reply has a Date of its own, and what is known of the part stays true."""
    dates = "|".join(time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + i)) for i in range(3))
    url = faults.url("/a.bin", size=6_000_000, cut=2_500_000, fail=2, date=dates, **STRONG)
    assert garner("--retry", 0, url).status == garner("--retry", 0, url).status == 1
    run = garner("--json", url)
    whole(run, garner, faults.body(6_000_000))
    assert [asked(r)[0] for r in faults.requests()] == [None, 2_500_000, 5_000_000], run


def test_through_a_redirect(garner, faults, other):
    target = other.url("/there", size=SIZE, cut=AT, fail=1, **STRONG)
    run = garner("--json", "--retry-delay", "10ms", faults.url("/a.bin", location=target))
    whole(run, garner, faults.body(SIZE))
    assert [asked(r)[0] for r in other.requests()] == [None, AT]


def test_by_a_mirror(garner, faults, other):
    """Mirrors stand in for each other where the ETag is the same."""
    bad = faults.url("/a.bin", size=SIZE, cut=AT, **STRONG)
    run = garner("--json", "--retry-delay", "10ms", "--key", "path", "-i", "-", input=bad + "\t" + other.url("/a.bin", size=SIZE, **STRONG) + "\n")
    whole(run, garner, faults.body(SIZE))
    assert asked(other.requests()[0])[:2] == (AT, '"v1"')


def test_a_mirror_with_another_version(garner, faults, other):
    bad = faults.url("/a.bin", size=SIZE, cut=AT, **STRONG)
    good = other.url("/a.bin", size=SIZE, seed=2, etag='"v2"', ranges=1)
    run = garner("--json", "--retry-delay", "10ms", "-i", "-", input=bad + "\t" + good + "\n")
    whole(run, garner, faults.body(SIZE, 2))


def test_to_nowhere(garner, faults):
    """Discarded bodies have a digest of the whole, too."""
    import hashlib
    run = garner("--json", "--discard", "--hash", "sha256", "--retry-delay", "10ms", faults.url("/a.bin", size=SIZE, cut=AT, fail=1, **STRONG))
    assert run.status == 0 and run.files == [], run
    assert run.record["checksum"].split(":")[-1] == hashlib.sha256(faults.body(SIZE)).hexdigest()


@ways
def test_the_digest_is_that_of_the_whole(garner, faults, how):
    import hashlib
    digest = hashlib.sha256(faults.body(SIZE)).hexdigest()
    run = resumed(garner, faults, how, "--checksum", f"sha256:{digest}", **STRONG)
    whole(run, garner, faults.body(SIZE))
    assert run.record["resumed_at"]
