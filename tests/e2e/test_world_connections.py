# SPDX-License-Identifier: MIT
"""Connections that end when they are about to be used, or bring more than was asked for."""

import subprocess
import threading
import time

import pytest

from rawserver import RawServer
from world import broken, expect, fails


@pytest.fixture
def raw():
    servers = []

    def make(handler, **options):
        servers.append(RawServer(handler, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


def reply(text, more=""):
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n{more}\r\n{text}"


def test_no_such_host(garner, faults, slow_names):
    expect(garner, faults, "http://unknown.test/a", fails("dns", "CURLE_COULDNT_RESOLVE_HOST"), env=slow_names)


def test_a_host_that_is_looked_up_for_too_long(garner, faults):
    """Nobody waits for the look-up, nor for its end."""
    url = f"http://slow.test:{faults.port}/a"
    expect(garner, faults, url, fails("timeout", "CURLE_OPERATION_TIMEDOUT", True), "--connect-timeout", "300ms",
           env=garner.with_names(slow=["slow.test"], seconds=20))
    assert garner.results[-1].seconds < 15 and not any(r.path == "/a" for r in faults.requests())


def test_nobody_listens(garner, faults):
    expect(garner, faults, "http://127.0.0.1:1/a", fails("connect", "CURLE_COULDNT_CONNECT", True))


def test_closed_on_accept(garner, faults, raw):
    server = raw(lambda connection, number: None)
    expect(garner, faults, server.url(), broken("CURLE_GOT_NOTHING", "CURLE_RECV_ERROR", "CURLE_SEND_ERROR"))


def test_reset_on_accept(garner, faults, raw):
    """Before or after the connection counts as established."""
    server = raw(lambda connection, number: connection.reset())
    run = garner("--json", "--retry", 1, "--retry-delay", "10ms", server.url(), faults.url("/good"))
    failed = next(r for r in run.records if r["state"] == "failed")
    assert run.status == 1 and run.files == ["good"] and failed["attempts"] == 2, run
    assert failed["error"]["kind"] in ("connect", "network") and failed["error"]["retryable"] is True, run


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("served", [1, 2])
def test_closed_just_as_it_is_reused(garner, raw, how, served):
    """No fault of the request's: it goes out again on another connection, and is no further attempt."""

    def handler(connection, number):
        for _ in range(served):
            target = connection.request()
            if target is None:
                return
            connection.send(reply(target))
        connection.request()
        if how == "reset":
            connection.reset()

    server = raw(handler)
    run = garner("--json", "-j", 1, "--retry", 0, *[server.url(f"/{i}") for i in range(9)])
    assert run.status == 0 and all(r["attempts"] == 1 for r in run.records), run
    assert all(garner.read(str(i)) == f"/{i}".encode() for i in range(9))


def test_closed_while_idle(garner, raw):
    def handler(connection, number):
        connection.send(reply(connection.request()))

    server = raw(handler)
    run = garner("--json", "-j", 1, "--retry", 0, "--rate", "20/s", *[server.url(f"/{i}") for i in range(5)])
    assert run.status == 0 and server.accepted == 5, run
    assert all(garner.read(str(i)) == f"/{i}".encode() for i in range(5))


EVIL = reply("evil", "ETag: \"evil\"\r\n")


RESTS = pytest.mark.parametrize("rest", [EVIL, EVIL * 500, "x", "x" * 100_000, "HTTP/1.1 200 OK\r\n"],
                                ids=["reply", "replies", "byte", "bytes", "head"])


def each_is_its_own(garner, run):
    for i in range(6):
        assert garner.read(str(i)) == f"/{i}".encode(), run
    assert run.status == 0 and all(r["attempts"] == 1 and r["http"]["etag"] is None for r in run.records), run


@pytest.mark.parametrize("pace", [[], ["--rate", "4/s"]], ids=["at once", "later"])
@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
@RESTS
def test_bytes_left_over(garner, raw, rest, apart, pace):
    """More than the length: never the beginning of the next reply."""

    def handler(connection, number):
        while target := connection.request():
            head, _, body = reply(target).partition("\r\n\r\n")
            if apart:
                connection.send(head + "\r\n\r\n")
                time.sleep(0.01)
                connection.send(body + rest)
            else:
                connection.send(head + "\r\n\r\n" + body + rest)

    server = raw(handler)
    each_is_its_own(garner, garner("--json", "-j", 1, "--retry", 0, *pace, *[server.url(f"/{i}") for i in range(6)]))


def after_the_end(garner, raw, answer, rest, count):
    """A run in which the rest comes after each reply's record, and before the next request: what comes while that is on
    its way cannot be told from its reply."""
    ended, sent = threading.Semaphore(0), threading.Semaphore(0)

    def handler(connection, number):
        while target := connection.request():
            connection.send(answer(target))
            ended.acquire()
            try:
                connection.send(rest)
            finally:
                sent.release()

    server = raw(handler)
    run = garner.start("--json", "-j", 1, "--retry", 0, "-i", "-", stdin=subprocess.PIPE)
    for i in range(count):
        run.write(server.url(f"/{i}") + "\n")
        run.until(lambda: run.output().count("\n") == i + 1, "record")
        ended.release()
        assert sent.acquire(timeout=20)
    return run.wait()


@RESTS
def test_bytes_left_over_after_the_end(garner, raw, rest):
    each_is_its_own(garner, after_the_end(garner, raw, reply, rest, 6))


def test_a_body_where_none_may_be(garner, raw):
    """After the head of a 204."""
    run = after_the_end(garner, raw, lambda target: "HTTP/1.1 204 No Content\r\n\r\n", EVIL, 4)
    assert run.status == 0 and all(garner.read(str(i)) == b"" for i in range(4)), run


@pytest.mark.parametrize("text, data", [
    ("HTTP/1.1 100 Continue\r\n\r\n" * 3 + reply("hi"), b"hi"),
    ("HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\nContent-Length: 9\r\n\r\n" + reply("hi"), b"hi"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nETag: \"trailer\"\r\nContent-Length: 99\r\n\r\n", b"hi"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n2;ext=1\r\nhi\r\n0\r\n\r\n", b"hi"),
    ("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", b"hi"),
    ("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", b"hi")])
def test_odd_but_whole(garner, faults, raw, text, data):
    def handler(connection, number):
        while connection.request():
            connection.send(text)

    server = raw(handler)
    run = garner("--json", "-j", 1, server.url(), server.url("/b"), faults.url("/good"))
    assert run.status == 0 and garner.read("a") == garner.read("b") == data and garner.read("good") == faults.body(), run
    assert all(r["http"]["etag"] is None for r in run.records), run


@pytest.mark.parametrize("text, code", [
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: a\0b\r\n\r\n", "CURLE_BAD_FUNCTION_ARGUMENT|CURLE_WEIRD_SERVER_REPLY"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", "CURLE_PARTIAL_FILE"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "CURLE_PARTIAL_FILE"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhi\r\n", "CURLE_RECV_ERROR"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nhi\r\n0\r\n\r\n", "CURLE_RECV_ERROR"),
    ("HTTP/1.1 100 Continue\r\n\r\n", "CURLE_GOT_NOTHING"),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!", "CURLE_WEIRD_SERVER_REPLY"),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n 0\r\n\r\nhi", "CURLE_WEIRD_SERVER_REPLY"),
    ("HTTP/1.1 200 OK\r\nContent-Length : 20\r\n\r\nhi", "CURLE_WEIRD_SERVER_REPLY"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "CURLE_WEIRD_SERVER_REPLY"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n\x1f\x8b\r\n0\r\n\r\n", "CURLE_BAD_CONTENT_ENCODING"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n7\r\n2\r\nhi\r\n\r\n0\r\n\r\n", "CURLE_BAD_CONTENT_ENCODING"),
    ("hello", "CURLE_UNSUPPORTED_PROTOCOL"),
    ("HTTP/1.1 abc\r\n\r\n", "CURLE_UNSUPPORTED_PROTOCOL"),
    ("SSH-2.0-OpenSSH_9.2\r\n", "CURLE_UNSUPPORTED_PROTOCOL")])
def test_odd_and_broken(garner, faults, raw, text, code):
    def handler(connection, number):
        connection.request()
        connection.send(text)

    expect(garner, faults, raw(handler).url(), broken(*code.split("|")))


def test_endless_interim_replies(garner, faults, raw):
    def handler(connection, number):
        connection.request()
        while True:
            connection.send("HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 1000)

    run = garner("--json", "--retry", 0, "--max-time", "10s", raw(handler).url(), faults.url("/good"), timeout=30)
    assert run.status == 1 and garner.read("good") == faults.body() and run.files == ["good"], run
    error = next(r for r in run.records if not r["ok"])["error"]
    assert (error["kind"], error["retryable"]) in (("network", True), ("timeout", True)), run
