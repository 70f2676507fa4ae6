# SPDX-License-Identifier: MIT
"""One file over several connections, and from several mirrors: faster, and never a wrong file."""

import hashlib
import signal
import time

import pytest

from resuming import ranges_claimed

SIZE = 3_000_000
STRONG = dict(etag='"v1"', ranges=1, size=SIZE)
SLOW = dict(drip="50000,0.02")
FAST = ("--json", "--retry-delay", "10ms", "--segments", "4", "--segment-size", "200k")


def whole(run, garner, data, name="a.bin"):
    assert run.status == 0 and run.record["state"] == "finished", run
    assert run.files == [name] and garner.read(name) == data
    return run.record


def mirrors(*urls):
    return ("\t".join(urls) + "\n").encode()


# -- several connections ------------------------------------------------------------------------

def test_faster_than_one(garner, nginx):
    record = whole(garner(*FAST, nginx.url("/rate/1000k/3m.bin")), garner, nginx.data("3m.bin"), "3m.bin")
    assert record["segments"] == 4 and record["attempts"] >= 4
    assert record["timing"]["total"] < 2.2 and record["size"] <= record["received"] <= record["size"] + 1_000_000


@pytest.mark.one_connection
def test_one_by_default(garner, faults):
    record = whole(garner("--json", faults.url("/a.bin", **STRONG)), garner, faults.body(SIZE))
    assert record["segments"] == record["attempts"] == 1


@pytest.mark.parametrize("query", [
    dict(etag='W/"v1"', ranges=1), dict(ranges=1), dict(etag='"v1"'), dict(etag='"v1"', ranges=1, size=350_000)],
    ids=["weak", "no validator", "no ranges", "small"])
def test_one_where_more_would_not_be_sure(garner, faults, query):
    query = {"size": SIZE, **query}
    record = whole(garner(*FAST, faults.url("/a.bin", **query, **SLOW)), garner, faults.body(query["size"]))
    assert record["segments"] == record["attempts"] == 1


def test_what_is_asked(garner, faults):
    whole(garner(*FAST, faults.url("/a.bin", **STRONG, **SLOW)), garner, faults.body(SIZE))
    first, *others = faults.requests()
    assert "range" not in first.headers and len(others) >= 3
    for request in others:
        assert request.headers["if-range"] == '"v1"' and request.headers["accept-encoding"] == "identity"


def test_slots_count(garner, faults):
    record = whole(garner(*FAST, "--per-host", 2, faults.url("/a.bin", **STRONG, **SLOW)), garner, faults.body(SIZE))
    assert faults.peak() <= 3, "one may be left that the server does not know to be gone"
    assert record["segments"] == 4


@pytest.mark.parametrize("options, count", [
    (["-j", 1], 16), ([], 16), (["-j", 100], 16), (["-j", 1, "--per-host", 4], 4), (["--per-host", 4], 4),
    (["-j", 8, "--per-host", 20], 16)], ids=str)
def test_how_many_at_once(garner, faults, options, count):
    """Downloads are counted by -j, requests to a host by --per-host."""
    run = garner.start("--json", *options, "--segments", 16, "--segment-size", "64k",
                       faults.url("/a.bin", **STRONG, gate="g", gate_at=1000))
    faults.wait_gate("g", count)
    assert faults.waiting("g") == count
    faults.open("g")
    whole(run.wait(), garner, faults.body(SIZE))
    assert faults.peak() <= count + 1, "one may be left that the server does not know to be gone"


def test_one_download_after_another(garner, faults):
    """It is one while any of its segments is missing."""
    run = garner.start(*FAST, "-j", 1,
                       faults.url("/a.bin", **STRONG, drip="30000,0.05", gate="g", gate_at=1000, gate_from=2), faults.url("/b.bin"))
    faults.wait_gate("g", 3)
    faults.wait_requests(5, "/a.bin")  # the first is through and does the work of another
    assert faults.requests("/b.bin") == []
    faults.open("g")
    assert run.wait().status == 0 and garner.files() == ["a.bin", "b.bin"]
    paths = [r.path for r in faults.requests()]
    assert paths.index("/b.bin") == len(paths) - 1, paths


def test_downloads_before_segments(garner, faults):
    """All have their first connection, whatever the others could still use."""
    urls = [faults.url(f"/{i}", **STRONG, gate="g", gate_at=1000) for i in range(6)]
    run = garner.start(*FAST, "-j", 6, "--per-host", 6, *urls)
    faults.wait_gate("g", 6)
    assert sorted(r.path for r in faults.requests()) == [f"/{i}" for i in range(6)]
    faults.open("g")
    assert run.wait().status == 0


def test_another_download_is_not_held_up(garner, faults):
    run = garner(*FAST, "--per-host", 2, faults.url("/a.bin", **STRONG, **SLOW), faults.url("/b.bin"), faults.url("/c.bin"))
    assert run.status == 0 and garner.read("a.bin") == faults.body(SIZE)


def test_a_slow_connection_is_helped(garner, faults):
    """The first request would take a minute for its part."""
    run = garner(*FAST, faults.url("/a.bin", **STRONG, drip="20000,0.1", fail=1, key="k"))
    assert whole(run, garner, faults.body(SIZE))["timing"]["total"] < 14


@pytest.mark.parametrize("algorithm", ["sha256"])
def test_digest(garner, faults, algorithm):
    good = hashlib.new(algorithm, faults.body(SIZE)).hexdigest()
    url = faults.url("/a.bin", **STRONG, **SLOW)
    run = garner(*FAST, "--checksum", f"{algorithm}:{good[::-1]}", url)
    assert run.status == 1 and run.record["error"]["kind"] == "checksum" and run.files == []
    record = whole(garner(*FAST, "--checksum", f"{algorithm}:{good}", url), garner, faults.body(SIZE))
    assert record["checksum"] == f"{algorithm}:{good}" and record["segments"] == 4


def test_http2(garner, nginx):
    """On connections of their own."""
    run = garner(*FAST, "--cacert", nginx.cacert, nginx.tls("/rate/1000k/3m.bin"))
    record = whole(run, garner, nginx.data("3m.bin"), "3m.bin")
    assert record["segments"] == 4 and record["timing"]["total"] < 2.5


# -- what goes wrong ----------------------------------------------------------------------------

def test_ranges_refused(garner, faults):
    record = whole(garner(*FAST, faults.url("/a.bin", **{**STRONG, "ranges": "never"}, **SLOW)), garner, faults.body(SIZE))
    assert record["attempts"] <= 4 and faults.requests()[0].sent == SIZE


@pytest.mark.parametrize("query", [
    dict(shift=1), dict(total=SIZE + 1), dict(total="*"), dict(most=100_000), dict(hollow=1), dict(over=7), dict(bare=1),
    dict(multipart=1), dict(coding="gzip"), dict(unsatisfied="none"), dict(range_status=403), dict(range_status=503),
    dict(range_status=500)], ids=str)
def test_ranges_gone_wrong(garner, faults, query):
    whole(garner(*FAST, faults.url("/a.bin", **STRONG, **SLOW, **query)), garner, faults.body(SIZE))


def test_few_connections(garner, nginx):
    """Past two at once the server says 503."""
    record = whole(garner(*FAST, nginx.url("/few/1000k/3m.bin")), garner, nginx.data("3m.bin"), "3m.bin")
    assert record["state"] == "finished"


@pytest.mark.parametrize("query", [
    dict(reset=100_000), dict(cut=100_000), dict(reset=0), dict(drop=1), dict(reset="header")], ids=str)
@pytest.mark.parametrize("fail", [1, 3, 6])
def test_connections_lost(garner, faults, query, fail):
    whole(garner(*FAST, "--retry", 8, faults.url("/a.bin", **STRONG, fail=fail, **query)), garner, faults.body(SIZE))


def test_the_file_changes(garner, faults):
    """All that came of the first version is dropped."""
    run = garner(*FAST, faults.url("/a.bin", ranges=1, size=SIZE, version="1,2", **SLOW))
    record = whole(run, garner, faults.body(SIZE, 2))
    assert record["http"]["etag"] == '"2"'


def test_the_file_changes_at_every_request(garner, faults):
    run = garner(*FAST, "--retry", 2, faults.url("/a.bin", ranges=1, size=SIZE, version="*", **SLOW))
    n = next(i for i in range(1, 30) if garner.read("a.bin") == faults.body(SIZE, i))
    assert run.status == 0 and run.record["http"]["etag"] == f'"{n}"'


@pytest.mark.parametrize("ways, version", [(1, 2), ("blind", 1)])
def test_the_date_is_the_validator(garner, faults, ways, version):
    """Where If-Range is not understood the ranges are of no use, and the first reply is the file."""
    dates = "Sat, 01 Jan 2022 00:00:00 GMT|Sun, 02 Jan 2022 00:00:00 GMT"
    run = garner(*FAST, faults.url("/a.bin", ranges=ways, size=SIZE, seed="1|2", modified=dates, **SLOW))
    whole(run, garner, faults.body(SIZE, version))


def test_one_connection_and_silence(garner, faults):
    """All but the first are taken and never answered: the first goes on with what the next was to bring."""
    run = garner(*FAST, "--first-byte-timeout", 0, faults.url("/a.bin", **STRONG, **SLOW, gate="never", gate_from=2))
    whole(run, garner, faults.body(SIZE))
    assert faults.requests()[0].sent == SIZE


def test_no_resume(garner, faults):
    run = garner(*FAST, "--no-resume", faults.url("/a.bin", **STRONG, reset=400_000, fail=3))
    whole(run, garner, faults.body(SIZE))


@pytest.mark.parametrize("length", [2**45, 2**62, 2**63 - 1])
def test_more_than_the_disk_has(garner, faults, length):
    """A server may say any length: the others do not suffer."""
    run = garner("--json", "--segments", 4, "-j", 1, faults.url("/a", size=1_000_000, lengths=length, ranges=1, etag='"v"'),
                 faults.url("/b", size=1000), faults.url("/c", size=1000))
    assert run.status != 0 and run.files == ["b", "c"], run
    assert sorted(r["state"] for r in run.records) == ["failed", "finished", "finished"], run


def test_never_whole(garner, faults):
    run = garner(*FAST, "--retry", 1, faults.url("/a.bin", **STRONG, drop=1))
    assert run.status == 1 and run.record["state"] == "failed" and "a.bin" not in run.files


# -- resuming -----------------------------------------------------------------------------------

@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("segments", [1, 4])
def test_missing_ranges_are_known(garner, nginx, how, segments):
    data = nginx.data("3m.bin")
    run = garner.start(*FAST, nginx.url("/rate/300k/3m.bin"))
    run.until(lambda: len(ranges_claimed(garner, "3m.bin")) > 2 and ranges_claimed(garner, "3m.bin")[0][1] > 0, "ranges")
    time.sleep(0.2)
    run.send(how)
    run.popen.wait()
    part = garner.read("3m.bin.part")
    there = ranges_claimed(garner, "3m.bin")
    assert len(there) > 2 and all(part[a:b] == data[a:b] for a, b in there)
    had = sum(b - a for a, b in there)
    url = nginx.url("/rate/300k/3m.bin")
    again = garner("--json", "--segments", segments, "--segment-size", "200k", url)
    record = whole(again, garner, data, "3m.bin")
    assert record["resumed_at"] >= there[0][1] and record["received"] <= len(data) - had + 1_000_000


@pytest.mark.parametrize("segments", [1, 4])
def test_only_what_is_missing_is_asked_for(garner, faults, segments):
    """Four connections have brought 400,000 bytes each. No request after that begins in them, and none that has an end covers
    any of them."""
    url = faults.url("/a.bin", **STRONG, gate="g", gate_at=400_000)
    run = garner.start(*FAST, url)
    run.until(lambda: sum(b - a for a, b in ranges_claimed(garner, "a.bin")) == 4 * 400_000, "ranges")
    run.send(signal.SIGKILL)
    run.popen.wait()
    there, before = ranges_claimed(garner, "a.bin"), len(faults.requests())
    faults.open("g")
    record = whole(garner("--json", "--segments", segments, "--segment-size", "200k", url), garner, faults.body(SIZE))
    assert record["resumed_at"] >= 400_000 and len(there) == before == 4
    asked = [r.headers["range"].removeprefix("bytes=").split("-") for r in faults.requests()[before:]]
    for first, last in ((int(a), int(b or a)) for a, b in asked):
        assert all(last < a or first >= b for a, b in there), (asked, there)
    assert len(asked) >= 4, asked


def test_another_version_after_a_kill(garner, faults):
    url = faults.url("/a.bin", ranges=1, size=SIZE, version="1,1,1,1,2", drip="20000,0.05")
    run = garner.start(*FAST, url)
    run.until(lambda: len(ranges_claimed(garner, "a.bin")) > 2 and ranges_claimed(garner, "a.bin")[0][1] > 0, "ranges")
    run.send(signal.SIGKILL)
    run.popen.wait()
    assert len(faults.requests()) == 4
    whole(garner(*FAST, url), garner, faults.body(SIZE, 2))


# -- mirrors ------------------------------------------------------------------------------------

def test_mirrors_share(garner, faults, other):
    urls = [s.url("/a.bin", **STRONG, **SLOW) for s in (faults, other)]
    whole(garner(*FAST, "-i", "-", input=mirrors(*urls)), garner, faults.body(SIZE))
    for server in (faults, other):
        assert sum(r.sent for r in server.requests()) > SIZE // 8


def test_mirrors_have_etags_of_their_own(garner, faults, other):
    urls = [s.url("/a.bin", **{**STRONG, "etag": tag}, **SLOW) for s, tag in ((faults, '"x"'), (other, '"y"'))]
    whole(garner(*FAST, "-i", "-", input=mirrors(*urls)), garner, faults.body(SIZE))
    asked = [r.headers.get("if-range") for r in other.requests()]
    assert asked[0] is None and set(asked[2:]) <= {'"y"', None}


@pytest.mark.parametrize("query", [
    dict(size=SIZE + 1, seed=9), dict(etag='W/"v1"', seed=9), dict(etag="", modified="Sat, 01 Jan 2022 00:00:00 GMT", seed=9),
    dict(ranges="never", seed=9)], ids=["size", "weak", "date", "no ranges"])
def test_a_mirror_that_differs_is_left_out(garner, faults, other, query):
    query = {k: v for k, v in {**STRONG, **query}.items() if v != ""}
    urls = [faults.url("/a.bin", **STRONG, **SLOW), other.url("/a.bin", **query)]
    whole(garner(*FAST, "-i", "-", input=mirrors(*urls)), garner, faults.body(SIZE))


@pytest.mark.parametrize("query", [dict(status=404), dict(drop=1), dict(reset=50_000), dict(status=503)], ids=str)
@pytest.mark.parametrize("first", [0, 1])
def test_a_mirror_that_fails_is_replaced(garner, faults, other, query, first):
    urls = [faults.url("/a.bin", **STRONG, **SLOW), other.url("/a.bin", **STRONG, **query)]
    urls = urls[::-1] if first else urls
    whole(garner(*FAST, "-i", "-", input=mirrors(*urls)), garner, faults.body(SIZE))


def test_mirrors_by_redirects(garner, faults, other):
    urls = [s.url("/m", location=s.url("/a.bin", **STRONG, **SLOW)) for s in (faults, other)]
    whole(garner(*FAST, "-o", "a.bin", "-i", "-", input=mirrors(*urls)), garner, faults.body(SIZE))
    assert len(faults.requests("/m")) == 1


# -- --race -------------------------------------------------------------------------------------

@pytest.mark.one_connection
def test_race(garner, faults, other):
    """The first mirror would answer after a minute."""
    urls = [faults.url("/a.bin", **STRONG, delay=60), other.url("/a.bin", **STRONG)]
    record = whole(garner("--json", "--race", "-i", "-", input=mirrors(*urls)), garner, faults.body(SIZE))
    assert record["timing"]["total"] < 10 and len(faults.requests()) <= 1 and len(other.requests()) == 2
    assert other.requests()[0].headers["range"] == "bytes=0-0" and record["effective_url"] == urls[1]


@pytest.mark.parametrize("size", [SIZE, 700_000])
def test_race_is_not_held_up_by_those_that_lost(garner, faults, other, size):
    """One mirror never answers, one, which may win, would take minutes for any part of the file. Neither is waited for: the
    gate is never opened, and nothing here runs into a time-out."""
    strong = {**STRONG, "size": size}
    urls = [faults.url("/silent/a.bin", **strong, gate="never"), faults.url("/drip/a.bin", **strong, drip="500,0.5"),
            other.url("/a.bin", **strong)]
    record = whole(garner("--race", "--stall-timeout", 0, *FAST, "-i", "-", input=mirrors(*urls)), garner, faults.body(size))
    assert record["effective_url"] in urls[1:] and record["received"] < 2 * size
    assert sum(r.sent for r in other.requests()) > size // 2


def test_a_silent_connection_is_relieved(garner, faults):
    """The first request falls silent on its way: the others bring what it was to bring."""
    url = faults.url("/a.bin", **STRONG, **SLOW, gate_at=100_000, gate="never", fail=1, key="k")
    whole(garner("--stall-timeout", 0, *FAST, url), garner, faults.body(SIZE))


def test_who_relieves_is_relieved(garner, faults):
    """All requests but the first, which brings half of the file, fall silent after the head. The second and the third are taken
    over."""
    url = faults.url("/a.bin", **{**STRONG, "size": 500_000}, drip="10000,0.05", gate="g", gate_at=0, gate_from=2)
    run = garner.start("--stall-timeout", 0, *FAST, url)
    faults.wait_requests(4)
    faults.open("g")
    whole(run.wait(), garner, faults.body(500_000))
    asked = [r.headers["range"] for r in faults.requests()[1:]]
    assert asked[:3] == ["bytes=262144-499999"] * 3, asked


@pytest.mark.slow
def test_all_fall_silent(garner, faults):
    """Nobody relieves another for ever: the limit on silence ends it."""
    url = faults.url("/a.bin", **{**STRONG, "size": 500_000}, drip="10000,0.05", gate="g", gate_at=0, gate_from=2)
    run = garner("--stall-timeout", "4s", "--retry", 0, *FAST, url)
    assert run.status == 1 and run.record["error"]["kind"] == "timeout" and len(faults.requests()) < 20, run


def test_who_relieves_asks_where_it_went_well(garner, faults, other):
    """Two mirrors fail at first. Then one is silent and the other as good as that; the third has brought half of the file when
    its connection is cut."""
    strong = {**STRONG, "size": 500_000}
    urls = [faults.url("/silent/a.bin", **strong, status="503,200", gate="never", gate_from=2),
            faults.url("/drip/a.bin", **strong, status="503,200", drip="500,0.5"),
            other.url("/a.bin", **strong, cut=262_144, fail=1, gate="lead", gate_at=100_000)]
    run = garner.start("--stall-timeout", 0, *FAST, "-i", "-", stdin=-1)
    run.write(mirrors(*urls))
    run.popen.stdin.close()
    faults.wait_gate("never")
    other.open("lead")
    whole(run.wait(), garner, faults.body(500_000))
    assert len(faults.requests("/silent/a.bin")) == 2 and len(faults.requests("/drip/a.bin")) == 1


@pytest.mark.parametrize("query", [dict(status=404), dict(drop=1), dict(status=503, retry_after=60)], ids=str)
def test_race_with_one_that_fails(garner, faults, other, query):
    urls = [faults.url("/a.bin", **STRONG, **query), other.url("/a.bin", **STRONG, delay=0.2)]
    whole(garner("--json", "--race", "-i", "-", input=mirrors(*urls)), garner, faults.body(SIZE))


@pytest.mark.parametrize("ways", [1, "never"])
def test_race_for_an_empty_file(garner, faults, other, ways):
    """Its first byte is asked for, and there is none."""
    urls = [s.url("/a.bin", etag='"v1"', ranges=ways, size=0) for s in (faults, other)]
    record = whole(garner("--json", "--race", "-i", "-", input=mirrors(*urls)), garner, b"")
    assert record["size"] == 0 and record["attempts"] <= 3


def test_race_that_nobody_wins(garner, faults, other):
    urls = [s.url("/a.bin", status=404) for s in (faults, other)]
    run = garner("--json", "--race", "-i", "-", input=mirrors(*urls))
    assert run.status == 1 and run.record["error"]["kind"] == "http" and run.files == []


def test_race_with_one_slot(garner, faults):
    urls = [faults.url(f"/m{i}", location=faults.url("/a.bin", **STRONG)) for i in range(3)]
    whole(garner("--json", "--race", "-j", 1, "-o", "a.bin", "-i", "-", input=mirrors(*urls)), garner, faults.body(SIZE))


def test_race_interrupted(garner, faults, other):
    run = garner.start("--race", "-i", "-", stdin=-1)
    run.write(mirrors(*[s.url("/a.bin", **STRONG, gate="g") for s in (faults, other)]))
    run.popen.stdin.close()
    faults.wait_gate("g")
    run.send(signal.SIGINT)
    assert run.wait().status == 130 and garner.files() == []
