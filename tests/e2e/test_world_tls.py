# SPDX-License-Identifier: MIT
"""Certificates that do not hold, and what is no TLS at all."""

import datetime
import ssl
import subprocess
import time

import pytest

from rawserver import RawServer
from world import broken, expect, fails

UNTRUSTED = "CURLE_PEER_FAILED_VERIFICATION"

CONFIG = """
[ca]
default_ca = it
[it]
database = {dir}/index
new_certs_dir = {dir}
serial = {dir}/serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""


class Certificates:
    """Signed by a CA of the test's own."""

    def __init__(self, directory):
        self.dir = directory
        self.ca = str(directory / "ca.crt")
        (directory / "index").write_text("")
        (directory / "serial").write_text("01")
        (directory / "config").write_text(CONFIG.format(dir=directory))
        self._make("ca", "-x509", "-days", "2", "-subj", "/CN=test CA")

    def _run(self, *args):
        subprocess.run(["openssl", *map(str, args)], cwd=self.dir, check=True, capture_output=True)

    def _make(self, name, *args):
        self._run("req", *args, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                  f"{name}.key", "-out", f"{name}.crt" if "-x509" in args else f"{name}.csr")

    def context(self, name, host, first=-1, last=2, signed=True):
        """Valid from so many days from now until so many."""
        subject = ["-subj", f"/CN={name}"]
        if signed:
            self._make(name, *subject)
            (self.dir / "ext").write_text(f"subjectAltName=DNS:{host}\n" if host[0].isalpha() else f"subjectAltName=IP:{host}\n")
            dates = [(datetime.datetime.utcnow() + datetime.timedelta(days=d)).strftime("%Y%m%d%H%M%SZ") for d in (first, last)]
            self._run("ca", "-batch", "-notext", "-config", "config", "-cert", "ca.crt", "-keyfile", "ca.key", "-extfile", "ext",
                      "-startdate", dates[0], "-enddate", dates[1], "-in", f"{name}.csr", "-out", f"{name}.crt")
        else:
            self._make(name, "-x509", "-days", "2", *subject, "-addext", f"subjectAltName=IP:{host}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.dir / f"{name}.crt", self.dir / f"{name}.key")
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def hello(connection, number):
    while connection.request():
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


@pytest.mark.parametrize("name, options", [
    ("expired", dict(host="127.0.0.1", first=-5, last=-1)), ("not yet valid", dict(host="127.0.0.1", first=1, last=2)),
    ("wrong host", dict(host="other.test")), ("self-signed", dict(host="127.0.0.1", signed=False))])
def test_a_certificate_that_does_not_hold(garner, faults, certificates, name, options):
    """It stays so: no retry. -k takes it."""
    server = RawServer(hello, certificates.context(name, **options))
    try:
        expect(garner, faults, server.url(scheme="https"), fails("tls", UNTRUSTED), "--cacert", certificates.ca)
        assert server.accepted == 2
        run = garner("-k", "--if-exists", "overwrite", server.url(scheme="https"))
        assert run.status == 0 and garner.read("a") == b"hi", run
    finally:
        server.stop()


def test_one_that_does(garner, certificates):
    server = RawServer(hello, certificates.context("good", "127.0.0.1"))
    run = garner("--json", "--cacert", certificates.ca, server.url(scheme="https"))
    server.stop()
    assert run.status == 0 and garner.read("a") == b"hi", run


def test_a_server_that_speaks_no_tls(garner, faults):
    def handler(connection, number):
        connection.sock.recv(1000)
        connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    server = RawServer(handler)
    expect(garner, faults, server.url(scheme="https"), Tls())
    server.stop()


class Tls:
    """A handshake may fail for the moment: retryable."""

    status = 1
    size = None

    def check(self, record, run):
        error = record["error"]
        assert (record["state"], error["kind"], error["retryable"]) == ("failed", "tls", True), run


@pytest.mark.parametrize("what", ["garbage", "close", "reset", "alert"])
def test_a_handshake_that_breaks_off(garner, faults, what):
    def handler(connection, number):
        connection.sock.recv(100)
        if what == "garbage":
            connection.send(b"\x16\x03\x03\x00\x05hello" * 10)
        elif what == "alert":
            connection.send(b"\x15\x03\x03\x00\x02\x02\x28")
        elif what == "reset":
            connection.reset()

    server = RawServer(handler)
    expect(garner, faults, server.url(scheme="https"), Tls())
    assert server.accepted == 3
    server.stop()


def test_a_tls_body_that_breaks_off(garner, faults, certificates):
    """Without a length and without TLS's own end it is not certain that it is all."""

    def handler(connection, number):
        connection.request()
        connection.send("HTTP/1.1 200 OK\r\n\r\nhalf of it")
        connection.reset()

    server = RawServer(handler, certificates.context("cut", "127.0.0.1"))
    expect(garner, faults, server.url(scheme="https"), broken("CURLE_RECV_ERROR"), "--cacert", certificates.ca)
    server.stop()


# -- a certificate of one's own -----------------------------------------------------------------

def shows(nginx, cert, key=None):
    cert, *password = cert.split(":")
    args = ["--cacert", nginx.cacert, "--cert", ":".join([str(nginx.dir / cert), *password])]
    return args + (["--key-file", nginx.dir / key] if key else [])


@pytest.mark.parametrize("cert, key", [
    ("client.crt", "client.key"), ("client.crt:secret", "locked.key"), ("both.pem", None), ("locked.pem:secret", None)])
def test_a_certificate_of_ones_own(garner, nginx, cert, key):
    for pem, private in ("both.pem", "client.key"), ("locked.pem", "locked.key"):
        (nginx.dir / pem).write_bytes((nginx.dir / "client.crt").read_bytes() + (nginx.dir / private).read_bytes())
    run = garner("--json", *shows(nginx, cert, key), nginx.mutual("/f/tiny.txt"))
    assert run.status == 0 and garner.read("tiny.txt") == nginx.data("tiny.txt"), run


@pytest.mark.parametrize("cert, key", [
    ("client.crt", "stranger.key"), ("client.crt", "locked.key"), ("client.crt:frobozz", "locked.key"), ("client.crt", None),
    ("ca.crt", "ca.crt"), ("client.key", "client.key")])
def test_a_key_that_does_not_fit(garner, nginx, cert, key):
    """At once, without a retry, a question on the terminal, or a word of the password; others do not notice."""
    process = garner.start("--json", *shows(nginx, cert, key), nginx.mutual("/f/tiny.txt"), nginx.url("/f/one.bin"),
                           start_new_session=True)
    run = process.wait(15)
    bad = next(r for r in run.records if "tiny" in r["url"])
    assert run.status == 1 and run.files == ["one.bin"] and (bad["attempts"], bad["http"]["status"]) == (1, None), run
    assert (bad["error"]["kind"], bad["error"]["code"], bad["error"]["retryable"]) == ("tls", "CURLE_SSL_CERTPROBLEM", False), run
    assert "frobozz" not in run.stdout + run.stderr, run


def test_no_certificate_of_ones_own(garner, nginx):
    """TLS goes well; that the server wants more is its reply."""
    run = garner("--json", "--cacert", nginx.cacert, nginx.mutual("/f/tiny.txt"))
    assert run.status == 1 and (run.record["error"]["kind"], run.record["http"]["status"]) == ("http", 400) and not run.files, run


def test_a_strangers_certificate(garner, nginx):
    run = garner("--json", *shows(nginx, "stranger.crt", "stranger.key"), nginx.mutual("/f/tiny.txt"))
    assert run.status == 1 and (run.record["error"]["kind"], run.record["http"]["status"]) == ("http", 400) and not run.files, run


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


DATA, HEADERS, RST_STREAM, SETTINGS, END_STREAM, END_HEADERS = 0, 1, 3, 4, 1, 4


def http2(reply):
    """Answers each request with what reply(stream) says, in frames; what comes first is read by then."""
    def handler(connection, number):
        sent = connection.sock.makefile("rb")
        sent.read(24)
        connection.send(frame(SETTINGS, 0, 0))
        while head := sent.read(9):
            stream = int.from_bytes(head[5:], "big")
            sent.read(int.from_bytes(head[:3], "big"))
            if head[3] == SETTINGS and not head[4]:
                connection.send(frame(SETTINGS, 1, 0))
            if head[3] == HEADERS:
                first, rest = reply(stream)
                connection.send(first)
                time.sleep(0.2)
                connection.send(rest)

    return handler


def field(name, value):
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


@pytest.mark.parametrize("length", [None, b"1000"])
@pytest.mark.parametrize("end", ["end", "reset", "junk"])
def test_http2_tells_the_end_by_a_length(garner, certificates, length, end):
    """libcurl 7.88 takes a stream that was reset without an error, or was given up, for a whole one."""
    whole = bytes(range(250)) * 4
    context = certificates.context("good", "127.0.0.1")
    context.set_alpn_protocols(["h2"])

    def reply(stream):
        head = field(b":status", b"200") + (field(b"content-length", length) if length else b"")
        begun = frame(HEADERS, END_HEADERS, stream, head) + frame(DATA, 0, stream, whole[:400])
        rest = {"end": frame(DATA, END_STREAM, stream, whole[400:]), "reset": frame(RST_STREAM, 0, stream, bytes(4)), "junk": b"\xff" * 100}
        return begun, rest[end]

    server = RawServer(http2(reply), context)
    args = ["--json", "--retry", 0, "--cacert", certificates.ca, server.url(scheme="https")]
    try:
        run = garner(*args)
        assert (run.record["http"]["version"], run.record["length_known"]) == ("2", bool(length)), run
        assert garner.read("a") == whole if end == "end" else not (length and run.files), run
        run = garner(*args, "--require-length", "--if-exists", "overwrite", "-o", "b")
        assert run.files.count("b") == (1 if length and end == "end" else 0), run
    finally:
        server.stop()
