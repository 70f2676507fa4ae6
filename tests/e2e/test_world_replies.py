# SPDX-License-Identifier: MIT
"""What servers send instead of a file, or as one."""

import gzip
import time

import pytest

from world import broken, expect, fails, gives

PARTIAL, RECV, WEIRD = "CURLE_PARTIAL_FILE", "CURLE_RECV_ERROR", "CURLE_WEIRD_SERVER_REPLY"
NO_HTTP, CODING = "CURLE_UNSUPPORTED_PROTOCOL", "CURLE_BAD_CONTENT_ENCODING"
TIMED_OUT = "CURLE_OPERATION_TIMEDOUT"


def table(rows):
    return pytest.mark.parametrize("query, outcome", rows, ids=["-".join(f"{k}={v}" for k, v in q.items())[:60] for q, _ in rows])


@table([
    (dict(size=1000, cut=400), broken(PARTIAL)),
    (dict(size=1000, cut=0), broken(PARTIAL)),
    (dict(size=3_000_000, cut=2_999_999), broken(PARTIAL)),
    (dict(size=1000, chunked=1, cut=400), broken(PARTIAL)),
    (dict(size=1000, chunked=1, cut=1000), broken(PARTIAL)),
    (dict(size=1000, reset=400), broken(RECV)),
    (dict(size=3_000_000, chunked=1, reset=1_000_000), broken(RECV)),
    (dict(size=1000, no_length=1, reset=400), broken(RECV)),
    (dict(reset="header"), broken(RECV)),
    (dict(cut="header"), broken(RECV)),
    (dict(drop=1), broken("CURLE_GOT_NOTHING"))])
def test_cut_off(garner, faults, query, outcome):
    expect(garner, faults, faults.url("/a", **query), outcome)


@table([
    (dict(garbage=1), broken(NO_HTTP)),
    (dict(proto="0.9"), broken(NO_HTTP)),
    (dict(proto="3.7"), broken(NO_HTTP)),
    (dict(chunked="bad"), broken(RECV)),
    (dict(endless=1), broken(RECV)),
    (dict(big_header=99_000), gives(100)),
    (dict(big_header=400_000), broken("CURLE_OUT_OF_MEMORY")),
    (dict(header="X-Nul: a\0b"), broken(WEIRD)),
    (dict(header=["X-%d: y" % i for i in range(900)]), gives(100)),
    (dict(header="Transfer-Encoding: chunked"), broken(RECV)),
    (dict(header="Transfer-Encoding: gzip"), broken(CODING))])
def test_no_http(garner, faults, query, outcome):
    expect(garner, faults, faults.url("/a", **query), outcome)


@table([
    (dict(lengths="90,100"), broken(WEIRD)),
    (dict(lengths="100,90"), broken(WEIRD)),
    (dict(lengths="100,100"), gives(100)),
    (dict(lengths="50"), gives(50)),
    (dict(extra=50), gives(100)),
    (dict(extra=2_000_000), gives(100)),
    (dict(lengths="-5"), broken(WEIRD)),
    (dict(lengths="x"), broken(WEIRD)),
    (dict(lengths="9223372036854775807"), broken(PARTIAL)),
    (dict(lengths="9223372036854775808"), broken(WEIRD)),
    (dict(lengths="99999999999999999999999"), broken(WEIRD))])
def test_lengths(garner, faults, query, outcome):
    """Bytes beyond the length are not the file's, nor the next reply's."""
    expect(garner, faults, faults.url("/a", **query), outcome)


@table([
    (dict(status=204), gives(0)),
    (dict(size=0), gives(0)),
    (dict(status=206), fails("http")),
    (dict(status=206, header="Content-Range: bytes 0-99/100"), fails("http")),
    (dict(status=206, header="Content-Range: bytes 0-99/200"), fails("http")),
    (dict(status=206, size=3_000_000), fails("http")),
    (dict(status=304), fails("http")),
    (dict(status=300), fails("http")),
    (dict(status=302), fails("http")),
    (dict(status=302, location=""), fails("http")),
    (dict(status=302, location="http://"), fails("http")),
    (dict(status=416), fails("http")),
    (dict(status=600), fails("http")),
    (dict(status=999), fails("http"))])
def test_statuses(garner, faults, query, outcome):
    expect(garner, faults, faults.url("/a", **query), outcome)


@pytest.mark.parametrize("query, kept", [(dict(size=1000, cut=400, no_length=1), 400), (dict(size=1000, cut=0, no_length=1), 0)])
def test_an_end_that_nothing_tells(garner, faults, query, kept):
    """HTTP cannot say that something is missing; the record says so, and --require-length refuses it."""
    expect(garner, faults, faults.url("/a", **query), gives(kept), data=faults.body(1000)[:kept])
    assert next(r for r in garner.results[-1].records if "/a?" in r["url"])["length_known"] is False
    expect(garner, faults, faults.url("/a", **query), fails("policy"), "--if-exists", "overwrite", "--require-length")


@pytest.mark.parametrize("args", [[], ["--compressed"]], ids=["plain", "compressed"])
@pytest.mark.parametrize("size", [0, 10, 50_000])
def test_gzip(garner, faults, args, size):
    """As it is, or decoded if asked for."""
    if args:
        expect(garner, faults, faults.url("/a", gzip=1, size=size), gives(size), *args)
    else:
        run = garner("--json", faults.url("/a", gzip=1, size=size))
        assert run.status == 0 and gzip.decompress(garner.read("a")) == faults.body(size), run


@table([
    (dict(gzip="corrupt", size=50_000), broken(CODING)),
    (dict(header="Content-Encoding: gzip"), broken(CODING)),
    (dict(header="Content-Encoding: gzip, gzip", gzip=1, size=50), broken(CODING)),
    (dict(gzip="short", size=50_000), broken(PARTIAL)),
    (dict(gzip="short", size=50_000, chunked=1), broken(PARTIAL)),
    (dict(gzip="short", size=50_000, no_length=1), broken(PARTIAL)),
    (dict(gzip="short", size=30), broken(PARTIAL)),
    (dict(gzip="long", size=50_000), broken(CODING)),
    (dict(gzip=1, header="Content-Encoding: gzip"), broken(CODING)),
    (dict(header="Content-Encoding: br"), broken(CODING)),
    (dict(gzip=1, size=50_000, cut=1000), broken(PARTIAL)),
    (dict(gzip=1, size=50_000, chunked=1, cut=1000), broken(PARTIAL))])
def test_bad_gzip(garner, faults, query, outcome):
    expect(garner, faults, faults.url("/a", **query), outcome, "--compressed")


def test_a_compression_bomb(garner, faults):
    """Counted as decoded."""
    expect(garner, faults, faults.url("/a", gzip=1, text="0" * 20_000), fails("policy", "CURLE_FILESIZE_EXCEEDED"),
           "--compressed", "--max-filesize", "16000")


@pytest.mark.parametrize("query", [dict(size=20_000), dict(size=20_000, chunked=1), dict(size=20_000, no_length=1)])
def test_a_file_that_is_too_large(garner, faults, query):
    expect(garner, faults, faults.url("/a", **query), fails("policy", "CURLE_FILESIZE_EXCEEDED"), "--max-filesize", "16000")


@table([
    (dict(location="self"), fails("http", "CURLE_TOO_MANY_REDIRECTS")),
    (dict(location="file:///etc/passwd"), fails("policy", "CURLE_UNSUPPORTED_PROTOCOL")),
    (dict(location="ftp://127.0.0.1/x"), fails("policy", "CURLE_UNSUPPORTED_PROTOCOL"))])
def test_redirects_to_nowhere(garner, faults, query, outcome):
    expect(garner, faults, faults.url("/a", **query), outcome)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("after", [3600, "date"])
def test_retry_after_an_hour(garner, faults, other, status, after):
    """Longer than --retry-max-wait: a failure at once, and the others do not wait."""
    if after == "date":
        after = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3600))
    expect(garner, faults, other.url("/a", status=status, retry_after=after), fails("http"))
    assert garner.results[-1].seconds < 10


@pytest.mark.parametrize("after", ["-5", "soon", "", "1e3", "99999999999999999999", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_retry_after_that_is_none(garner, faults, after):
    """The host is not held; the attempts are the usual ones."""
    run = garner("--json", "--retry", 1, "--retry-delay", "10ms", faults.url("/a", status=503, retry_after=after), timeout=20)
    assert run.status == 1 and run.record["error"]["kind"] == "http" and run.seconds < 10, run


@pytest.mark.parametrize("query", [
    dict(stall="start"), dict(stall="header"), dict(size=1000, stall=400), dict(size=1000, chunked=1, stall=400)],
    ids=["before the header", "mid-header", "mid-body", "mid-chunk"])
def test_stalls(garner, faults, other, query):
    """Of another host, so that its connections are not those of the good ones."""
    expect(garner, faults, other.url("/a", **query), fails("timeout", TIMED_OUT, True), "--stall-timeout", "300ms", "--first-byte-timeout", "300ms")


def test_a_slow_drip(garner, faults):
    """Slow is not stalled: a byte now and then is enough, unless a speed is asked for."""
    url = faults.url("/a", size=12, drip="1,0.1")
    expect(garner, faults, url, gives(12), "--stall-timeout", "500ms")
    expect(garner, faults, faults.url("/b", size=5000, drip="10,0.05"), fails("timeout", TIMED_OUT, True), "--if-exists", "overwrite", "-Y", 5000, "-y", 1)
