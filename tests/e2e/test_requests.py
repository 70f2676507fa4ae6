# SPDX-License-Identifier: MIT
"""What a request carries."""

import base64
import json
import os
import socket
import subprocess
import threading

import pytest

from runner import BINARY


def ask(garner, faults, *args, **options):
    """The request as the server saw it."""
    run = garner("--if-exists", "overwrite", *args, faults.url("/seen", echo=1), **options)
    assert run.status == 0, run
    return json.loads(garner.read("seen"))


def test_plain(garner, faults):
    seen = ask(garner, faults)
    assert seen["method"] == "GET" and seen["headers"]["user-agent"].startswith("garner/")
    assert not {"authorization", "cookie", "referer", "range", "accept-encoding"} & set(seen["headers"])


@pytest.mark.parametrize("args, header, value", [
    (["-H", "X-A: b"], "x-a", "b"), (["--header", "X-A:b"], "x-a", "b"), (["-A", "agent/1"], "user-agent", "agent/1"),
    (["--user-agent", "agent/2"], "user-agent", "agent/2"), (["-e", "http://r/"], "referer", "http://r/"), (["--referer", "http://r/"], "referer", "http://r/"),
    (["-b", "a=b"], "cookie", "a=b"), (["--cookie", "a=b; c=d"], "cookie", "a=b; c=d"), (["--oauth2-bearer", "token"], "authorization", "Bearer token"),
    (["-u", "anna:pw"], "authorization", "Basic " + base64.b64encode(b"anna:pw").decode()), (["-H", "Host: other"], "host", "other")])
def test_headers(garner, faults, args, header, value):
    assert ask(garner, faults, *args)["headers"].get(header) == value


def test_headers_from_a_file(garner, faults):
    garner.write("headers", "X-One: 1\nX-Two: 2\n")
    seen = ask(garner, faults, "-H", "@headers", "-H", "X-Three: 3")["headers"]
    assert [seen.get(f"x-{n}") for n in ("one", "two", "three")] == ["1", "2", "3"]


def test_bearer_from_a_file(garner, faults):
    garner.write("token", "secret\n")
    assert ask(garner, faults, "--oauth2-bearer", "@token")["headers"]["authorization"] == "Bearer secret"


def test_a_header_taken_away(garner, faults):
    assert "user-agent" not in ask(garner, faults, "-H", "User-Agent:")["headers"]


def test_headers_do_not_leak_between_entries(garner, faults):
    urls = f"{faults.url('/1', echo=1)}\n  header=X-Only: first\n" + "".join(f"{faults.url(f'/{i}', echo=1)}\n" for i in range(2, 6))
    assert garner("-j", 1, input=urls).status == 0
    assert ["x-only" in json.loads(garner.read(str(i)))["headers"] for i in range(1, 6)] == [True] + [False] * 4


@pytest.mark.parametrize("args, method, body", [
    (["-X", "DELETE"], "DELETE", ""), (["--data", "x=1"], "POST", "x=1"), (["-X", "PUT", "--data", "y"], "PUT", "y"), (["--data", "@file"], "POST", "from a file")])
def test_methods(garner, faults, args, method, body):
    garner.write("file", "from a file")
    seen = ask(garner, faults, *args)
    assert (seen["method"], seen["body"]) == (method, body)


def test_methods_of_a_list(garner, faults):
    """One URL asked differently gives different files; HEAD and nonsense are said."""
    url = faults.url("/api", echo=1)
    entries = [{"url": url, "body": "1"}, {"url": url, "body": "2"}, {"url": url, "method": "PUT", "body": "2"},
               {"url": url, "method": "DELETE"}, {"url": url}, {"url": url, "body": "2"},
               {"url": url, "method": "HEAD"}, {"url": url, "method": "A B"}]
    run = garner("--json", "--gather", "-i", "-", input="\n".join(map(json.dumps, entries)).encode())
    states = [r["state"] for r in run.records]
    assert (run.status, states) == (1, ["finished"] * 5 + ["skipped"] + ["failed"] * 2), run
    asked = [json.loads(garner.read(r["path"])) for r in run.records[:5]]
    assert [(a["method"], a["body"]) for a in asked] == \
        [("POST", "1"), ("POST", "2"), ("PUT", "2"), ("DELETE", ""), ("GET", "")]
    assert run.records[5]["duplicate_of"] == 2
    assert "by --head" in run.records[6]["error"]["message"], run


def test_head_as_a_method(garner, faults):
    run = garner("--json", "-X", "HEAD", faults.url("/a", size=77))
    assert (run.status, run.record["state"], run.record["size"]) == (0, "finished", 77) and not run.files, run


def test_a_method_like_head_has_a_body(garner, faults):
    run = garner("--json", "-X", "HELP", "--require-length", faults.url("/a", no_length=1))
    assert run.status == 1 and run.record["error"]["kind"] == "policy", run


def test_get_as_a_method_is_resumed(garner, faults):
    url = faults.url("/a", size=3000, etag='"e"', ranges=1, fail=1, cut=1000)
    run = garner("--json", "-X", "GET", "--retry-delay", "1ms", url)
    assert run.status == 0 and run.record["resumed_at"] == 1000 and garner.read("a") == faults.body(3000), run


def test_user_in_the_url(garner, faults):
    run = garner(faults.url("/a", user="anna:secret", auth="anna:secret"))
    assert run.status == 0 and garner.read("a") == faults.body(), run


def test_auth(garner, nginx):
    assert garner("-u", "anna:secret", nginx.url("/auth/tiny.txt")).status == 0
    run = garner("--json", "-u", "anna:wrong", nginx.url("/auth/odd.dat"))
    assert (run.status, run.record["http"]["status"], run.files) == (1, 401, ["tiny.txt"]), run


def test_advice(garner, faults):
    """What to do about an error is said where it is known."""
    for status, word in ((401, "--user"), (407, "--proxy-user"), (429, "--per-host-rate"), (404, "HTTP status 404\n")):
        run = garner("--retry", 0, faults.url(f"/{status}", status=status))
        assert run.status == 1 and word in run.stderr, run


def test_netrc(garner, faults):
    (garner.home / ".netrc").write_text("machine 127.0.0.1 login anna password secret\n")
    garner.write("other", "machine 127.0.0.1 login bert password secret\n")
    (garner.home / ".netrc").chmod(0o600)
    assert garner("--netrc", faults.url("/a", auth="anna:secret")).status == 0
    assert garner("--netrc-file", "other", faults.url("/b", auth="bert:secret")).status == 0
    assert garner("--retry", 0, faults.url("/c", auth="anna:secret")).status == 1


def test_cookies(garner, faults):
    run = garner("-j", 1, "--gather", "--cookie-jar", "jar", faults.url("/1", header="Set-Cookie:a=b; Path=/"), faults.url("/2", echo=1))
    assert run.status == 0 and "a" in garner.read("jar").decode(), run
    assert json.loads(garner.read("2"))["headers"].get("cookie") == "a=b"
    assert ask(garner, faults, "-b", "jar")["headers"].get("cookie") == "a=b" or b"\t0\t" in garner.read("jar")


@pytest.mark.parametrize("how", ["option", "environment", "short"])
def test_proxy(garner, faults, other, how):
    proxy = other.url("", text="via proxy").split("?")[0]
    args, env = {"option": (["--proxy", proxy], {}), "short": (["-x", proxy], {}), "environment": ([], {"http_proxy": proxy})}[how]
    run = garner(*args, f"http://far.example/a?text=via", env=env)
    assert run.status == 0 and garner.read("a") == b"via", run
    assert other.requests()[0].target.startswith("http://far.example/")


def test_noproxy(garner, faults):
    assert garner("--proxy", "http://127.0.0.1:1", "--noproxy", "127.0.0.1", faults.url("/a")).status == 0
    assert garner("--noproxy", "*", faults.url("/b"), env={"http_proxy": "http://127.0.0.1:1"}).status == 0


def test_proxy_user(garner, other):
    run = garner("--proxy", f"http://127.0.0.1:{other.port}", "--proxy-user", "anna:pw", "http://far.example/a?echo=1")
    assert run.status == 0 and "proxy-authorization" in json.loads(garner.read("a"))["headers"], run


def test_compressed(garner, faults):
    run = garner("--compressed", faults.url("/a", size=5000, gzip=1))
    assert run.status == 0 and garner.read("a") == faults.body(5000), run
    assert "gzip" in faults.requests()[0].headers["accept-encoding"]
    assert garner("--retry", 0, "--compressed", faults.url("/b", size=5000, gzip="corrupt")).status == 1
    assert garner.files() == ["a"]


def test_gzip_as_it_is(garner, faults):
    assert garner(faults.url("/a.gz", size=5000, gzip=1)).status == 0
    assert garner.read("a.gz")[:2] == b"\x1f\x8b"


@pytest.mark.parametrize("query", [dict(size=5000), dict(size=5000, no_length=1), dict(size=500_000, gzip=1)])
def test_max_filesize(garner, faults, query):
    run = garner("--json", "--compressed", "--max-filesize", "1000", faults.url("/a", **query))
    assert run.status == 1 and run.files == [] and run.record["attempts"] == 1, run


def test_resolve_and_connect_to(garner, faults):
    assert garner("--resolve", f"name.example:{faults.port}:127.0.0.1", f"http://name.example:{faults.port}/a").status == 0
    assert faults.requests()[0].headers["host"] == f"name.example:{faults.port}"
    assert garner("--connect-to", f"far.example:80:127.0.0.1:{faults.port}", "http://far.example/b").status == 0


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_host_in_other_letters(garner, faults, locale):
    run = garner("--connect-to", f"::127.0.0.1:{faults.port}", "--tree", "http://bücher.example/a", env={"LC_ALL": locale})
    assert (run.status, run.files) == (0, ["bücher.example/a"]), run
    assert faults.requests()[0].headers["host"] == "xn--bcher-kva.example"


def test_addresses(garner, faults):
    assert garner("-4", faults.url("/a", host="localhost")).status == 0
    assert garner("--interface", "127.0.0.1", faults.url("/b")).status == 0
    assert garner("-6", "--retry", 0, faults.url("/c")).status == 1


def test_certificates(garner, nginx):
    assert garner("--retry", 0, "--cacert", nginx.cacert, nginx.tls("/f/tiny.txt")).status == 0
    assert garner("--retry", 0, "--cacert", nginx.cacert, "--resolve", f"wrong.example:{nginx.tls_port}:127.0.0.1",
                  f"https://wrong.example:{nginx.tls_port}/f/odd.dat").status == 1
    assert garner("-k", "--resolve", f"wrong.example:{nginx.tls_port}:127.0.0.1", f"https://wrong.example:{nginx.tls_port}/f/odd.dat").status == 0


def test_unreadable_authorities(garner, nginx):
    (garner.dir / "junk.pem").write_text("no certificate\n")
    run = garner("--json", "--retry", 0, "--cacert", "junk.pem", nginx.tls("/f/tiny.txt"))
    assert run.status == 1 and run.record["error"]["code"] == "CURLE_SSL_CACERT_BADFILE", run
    assert "--cacert wants certificates in PEM" in run.record["error"]["message"]


def test_no_authorities(garner, nginx):
    """Where ca-certificates is not installed: what to install is said."""
    hide = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
            'mount -t tmpfs none /etc/ssl/certs && exec "$@"', "sh"]
    if subprocess.run([*hide, "true"], capture_output=True).returncode:
        pytest.skip("no mount namespaces of one's own here")
    run = subprocess.run([*hide, str(BINARY), "--no-config", "--json", "--discard", "--retry", "0", nginx.tls("/f/tiny.txt")],
                         cwd=garner.dir, capture_output=True, text=True)
    error = json.loads(run.stdout)["error"]
    assert (run.returncode, error["kind"], error["code"]) == (1, "tls", "CURLE_SSL_CACERT_BADFILE"), run
    assert "ca-certificates" in error["message"] and "--cacert" in error["message"]


def test_proto(garner, faults):
    run = garner("--json", "--proto", "=https", faults.url("/a"))
    assert run.status in (1, 2) and faults.requests() == [], run


def test_many_hosts_with_credentials_are_warned_about(garner, faults):
    urls = [faults.url("/a"), faults.url("/b", host="127.0.0.2")]
    assert "--auth-host" in garner("-u", "anna:pw", *urls).stderr
    assert "--auth-host" not in garner("-u", "anna:pw", "--auth-host", "127.0.0.1", "--if-exists", "overwrite", *urls).stderr


def test_auth_host(garner, faults):
    urls = [faults.url("/a", echo=1), faults.url("/b", echo=1, host="127.0.0.2")]
    assert garner("-u", "x:y", "-H", "X-Key: k", "-b", "c=d", "--auth-host", "127.0.0.1", *urls).status == 0
    first, second = (json.loads(garner.read(n))["headers"] for n in "ab")
    assert {"authorization", "x-key", "cookie"} <= set(first)
    assert not {"authorization", "x-key", "cookie"} & set(second)


@pytest.mark.parametrize("option, version", [("--http2", "2"), ("--http1.1", "1.1")])
def test_http_version_by_option(garner, nginx, option, version):
    run = garner("--json", "-k", option, nginx.tls("/f/tiny.txt"))
    assert run.status == 0 and run.record["http"]["version"] == version, run


def test_origin_in_an_attribute(garner, faults):
    run = garner("--xattr", faults.url("/a", user="anna:secret"))
    assert run.status == 0, run
    try:
        origin = os.getxattr(garner.dir / "a", "user.xdg.origin.url")
    except OSError:
        pytest.skip("no attributes here")
    assert origin == faults.url("/a").encode()


def test_aws_signature(garner, faults):
    run = garner("--aws-sigv4", "aws:amz:eu-central-1:s3", "-u", "key:secret", faults.url("/a"))
    sent = faults.requests()[0].headers["authorization"]
    assert run.status == 0 and sent.startswith("AWS4-HMAC-SHA256 Credential=key/") and "secret" not in sent, run


def test_unix_socket(garner, faults, tmp_path):
    """What connects two byte streams stands between: the socket is the only way to the server."""
    path = str(tmp_path / "socket")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def relay():
        one, _ = listener.accept()
        with one, socket.create_connection(("127.0.0.1", faults.port)) as other:
            other.sendall(one.recv(65536))
            while data := other.recv(65536):
                one.sendall(data)

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    run = garner("--unix-socket", path, "http://example.invalid/a?close=1")
    listener.close()
    assert run.status == 0 and garner.read("a") == faults.body(), run
