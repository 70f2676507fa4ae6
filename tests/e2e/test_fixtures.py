# SPDX-License-Identifier: MIT
"""The servers that the other tests lean on do what they say."""

import gzip
import http.client
import json
import socket
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

import runner

pytestmark = pytest.mark.fixtures


def get(url, headers=None, **options):
    request = urllib.request.Request(url, headers=headers or {}, **options)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as reply:
        return reply.status, dict(reply.headers), reply.read()


def test_body_is_deterministic(faults):
    assert get(faults.url(size=5000, seed=3))[2] == faults.body(5000, 3)
    assert faults.body(5000, 3) != faults.body(5000, 4)


def test_truncated(faults):
    with pytest.raises(http.client.IncompleteRead) as failure:
        get(faults.url(size=1000, cut=400))
    assert len(failure.value.partial) == 400
    assert len(get(faults.url(size=1000, cut=400, no_length=1))[2]) == 400


@pytest.mark.parametrize("query", [dict(reset=400), dict(reset="header"), dict(drop=1)])
def test_broken_connections(faults, query):
    with pytest.raises((OSError, http.client.HTTPException)):
        get(faults.url(size=1000, **query))


@pytest.mark.parametrize("where", ["start", "header", 10])
def test_stall(faults, where):
    with socket.create_connection(("127.0.0.1", faults.port), 5) as s:
        s.sendall(f"GET /?stall={where} HTTP/1.1\r\n\r\n".encode())
        s.settimeout(0.3)
        with pytest.raises(TimeoutError):
            while s.recv(65536):
                pass


def test_statuses_in_turn(faults):
    url = faults.url(status="503,404,200", retry_after=7)
    for status in (503, 404):
        with pytest.raises(urllib.error.HTTPError) as failure:
            get(url)
        assert (failure.value.code, failure.value.headers["Retry-After"]) == (status, "7")
    assert get(url)[0] == get(url)[0] == 200
    assert len(faults.requests("/file.bin")) == 4


def test_fault_only_at_first(faults):
    url = faults.url(size=50, drop=1, fail=1)
    with pytest.raises((OSError, http.client.HTTPException)):
        get(url)
    assert get(url)[2] == faults.body(50)


def test_echo_and_log(faults):
    seen = json.loads(get(faults.url("/e", echo=1), {"X-A": "b"}, data=b"posted")[2])
    assert (seen["method"], seen["headers"]["x-a"], seen["body"]) == ("POST", "b", "posted")
    assert faults.requests("/e")[0].headers["x-a"] == "b"


def test_redirect(faults):
    assert get(faults.url("/a", location=faults.url("/b", text="there")))[2] == b"there"


def test_ranges(faults):
    url = faults.url(size=100, ranges=1, etag='"v1"')
    assert get(url, {"Range": "bytes=90-"})[::2] == (206, faults.body(100)[90:])
    assert get(url, {"Range": "bytes=90-", "If-Range": '"v0"'})[0] == 200


def test_validators(faults):
    with pytest.raises(urllib.error.HTTPError) as failure:
        get(faults.url(etag='"v1"'), {"If-None-Match": '"v1"'})
    assert failure.value.code == 304


def test_gzip_and_chunks(faults):
    assert gzip.decompress(get(faults.url(size=1000, gzip=1))[2]) == faults.body(1000)
    assert get(faults.url(size=1000, chunked=1, drip="100,0.001"))[2] == faults.body(1000)


def test_lengths(faults):
    with socket.create_connection(("127.0.0.1", faults.port), 5) as s:
        s.sendall(b"GET /?lengths=5,7 HTTP/1.1\r\n\r\n")
        head = s.recv(65536)
    assert b"Content-Length: 5\r\nContent-Length: 7\r\n" in head


def test_gate_and_peak(faults):
    threads = [threading.Thread(target=get, args=(faults.url(f"/{i}", gate="g"),)) for i in range(3)]
    for thread in threads:
        thread.start()
    faults.wait_gate("g", 3)
    faults.open("g")
    for thread in threads:
        thread.join(5)
    assert faults.peak() == faults.peak("127.0.0.1") == 3
    assert faults.peak("127.0.0.2") == 0


def test_nginx_files(nginx):
    import hashlib
    for name, digest in nginx.digests.items():
        assert hashlib.sha256(get(nginx.url(f"/f/{name}"))[2]).hexdigest() == digest
    assert get(nginx.url("/rate/900k/odd.dat"))[2] == nginx.data("odd.dat")
    assert get(nginx.url("/delay/0.01/odd.dat"))[2] == nginx.data("odd.dat")
    assert get(nginx.url("/moved/tiny.txt"))[2] == nginx.data("tiny.txt")
    assert get(nginx.url("/small/anything", "127.0.0.2"))[2] == b"small\n"
    assert get(nginx.url("/wait50/anything"))[2] == b"waited\n"


@pytest.mark.parametrize("status", [404, 410, 429, 500, 503])
def test_nginx_statuses(nginx, status):
    with pytest.raises(urllib.error.HTTPError) as failure:
        get(nginx.url(f"/status/{status}"))
    assert failure.value.code == status
    assert failure.value.headers["Retry-After"] == ("1" if status in (429, 503) else None)


def test_nginx_http2(nginx):
    out = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{nginx.tls_port}", "-alpn", "h2", "-CAfile",
                          nginx.cacert, "-verify_return_error"], input=b"", capture_output=True).stdout
    assert b"ALPN protocol: h2" in out and b"Verify return code: 0" in out


def test_slow_names(tmp_path):
    if not runner.SHIM.exists():
        pytest.skip("the library is not built")
    script = ("import socket, time; t = time.time(); a = socket.gethostbyname; "
              "print(socket.getaddrinfo('x.test', 1)[0][4][0]); "
              "socket.getaddrinfo('slow.test', 1); print(time.time() - t > 0.3)")
    out = subprocess.run(["/usr/bin/python3", "-c", script], capture_output=True, text=True,
                         env={"LD_PRELOAD": str(runner.SHIM), "SLOW_NAMES": "a.test,slow.test", "SLOW_SECONDS": "0.3"})
    assert out.stdout.split() == ["127.0.0.1", "True"], out
