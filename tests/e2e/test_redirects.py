# SPDX-License-Identifier: MIT
"""Redirects are followed by garner itself."""

import json

import pytest


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_followed(garner, faults, status):
    run = garner("--json", faults.url("/a", status=status, location=faults.url("/b", text="there")))
    assert run.status == 0 and garner.read("a") == b"there", run
    assert run.record["effective_url"] == faults.url("/b", text="there") and run.record["url"] != run.record["effective_url"]


def test_relative(garner, faults):
    assert garner(faults.url("/dir/a", location="b?text=rel")).status == 0
    assert garner.read("a") == b"rel" and faults.requests()[1].path == "/dir/b"
    assert garner("--if-exists", "overwrite", faults.url("/dir/a", location="//127.0.0.1:%d/c" % faults.port)).status == 0


def test_nginx(garner, nginx):
    assert garner(nginx.url("/moved/1m.bin")).status == 0
    assert garner.read("1m.bin") == nginx.data("1m.bin")


@pytest.mark.parametrize("hops, more, status", [(10, [], 0), (11, [], 1), (1, ["--max-redirs", "1"], 0), (2, ["--max-redirs", "1"], 1), (1, ["--max-redirs", "0"], 1)])
def test_limit(garner, faults, hops, more, status):
    url = faults.url("/end")
    for i in range(hops):
        url = faults.url(f"/{i}", location=url)
    run = garner("--json", "--retry", 0, *more, url)
    assert run.status == status, run
    assert status == 0 or run.record["error"]["kind"] == "http"


def test_loop(garner, faults):
    run = garner("--json", "--retry", 0, faults.url("/a", location="self"))
    assert run.status == 1 and len(faults.requests()) == 11 and run.files == [], run


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "http://", "dict://127.0.0.1/x"])
def test_other_schemes_are_refused(garner, faults, location):
    run = garner("--json", "--retry", 0, faults.url("/a", location=location), faults.url("/good"))
    failed = [r for r in run.records if r["state"] == "failed"]
    assert run.status == 1 and len(failed) == 1 and failed[0]["error"]["kind"] in ("policy", "http"), run
    assert run.files == ["good"]


def test_without_location(garner, faults):
    run = garner("--json", "--retry", 0, faults.url("/a", status=302))
    assert run.status == 1 and run.record["error"]["kind"] == "http" and run.files == [], run


def test_no_location(garner, faults):
    run = garner("--json", "--no-location", faults.url("/a", location=faults.url("/b")))
    assert run.status == 0 and run.record["http"]["status"] == 302 and len(faults.requests()) == 1, run


SECRETS = ["-u", "anna:secret", "-b", "c=d", "-H", "X-Api-Key: k", "-H", "Authorization: Custom z", "-H", "Cookie: e=f", "-e", "http://u:p@referer/"]


@pytest.mark.parametrize("host", ["other port", "other address"])
def test_credentials_stay_with_their_origin(garner, faults, other, host):
    target = other.url("/b", echo=1) if host == "other port" else faults.url("/b", echo=1, host="127.0.0.2")
    run = garner(*SECRETS, faults.url("/a", location=target))
    assert run.status == 0, run
    seen = json.loads(garner.read("a"))["headers"]
    assert not {"authorization", "cookie", "x-api-key"} & set(seen), seen
    assert "u:p" not in seen.get("referer", "")
    assert "x-api-key" in faults.requests("/a")[0].headers


def test_credentials_go_along_at_home(garner, faults):
    garner("-u", "anna:secret", "-H", "X-Api-Key: k", "-b", "c=d", faults.url("/a", location=faults.url("/b", echo=1)))
    assert {"authorization", "x-api-key", "cookie"} <= set(json.loads(garner.read("a"))["headers"])


def test_location_trusted(garner, faults, other):
    garner("--location-trusted", "-u", "anna:secret", faults.url("/a", location=other.url("/b", echo=1)))
    assert "authorization" in json.loads(garner.read("a"))["headers"]


@pytest.mark.parametrize("how", ["bearer", "netrc", "url", "entry", "aws", "cookie of the server"])
def test_other_credentials_stay_too(garner, faults, how):
    """Sent where they belong, and not to the next host, even if the netrc file knows it as well."""
    there = faults.url("/b", echo=1, host="127.0.0.2")
    url = faults.url("/a", location=there, header="Set-Cookie: k=v")
    garner.write("netrc", "machine 127.0.0.1 login anna password secret\nmachine 127.0.0.2 login anna password secret\n")
    if how == "cookie of the server":
        run = garner("--cookie-jar", "jar", "-j", 1, url, faults.url("/c"))
        assert "cookie" in faults.requests("/c")[0].headers, run
    elif how == "entry":
        entry = {"url": url, "user": "anna:secret", "header": ["X-Api-Key: k", "Cookie: c=d"]}
        run = garner(input=json.dumps(entry) + "\n")
        assert {"authorization", "x-api-key", "cookie"} <= set(faults.requests("/a")[0].headers), run
    else:
        args = {"bearer": ["--oauth2-bearer", "t"], "netrc": ["--netrc-file", "netrc"], "url": [],
                "aws": ["--aws-sigv4", "aws:amz:us-east-1:s3", "-u", "key:secret"]}[how]
        run = garner(*args, url.replace("//", "//anna:secret@") if how == "url" else url)
        assert "authorization" in faults.requests("/a")[0].headers, run
    seen = json.loads(garner.read("a"))["headers"]
    assert run.status == 0 and not {"authorization", "cookie", "x-api-key", "x-amz-date"} & set(seen), (seen, run)


@pytest.mark.parametrize("args", [["--segments", 4, "--segment-size", "200k"], ["--race"], ["--if-exists", "verify"]], ids=lambda a: a[0])
def test_they_stay_in_every_kind_of_request(garner, faults, args):
    """Helpers, racers and a look before are requests like any other."""
    there = faults.url("/b", size=3_000_000, etag='"1"', ranges=1, drip="50000,0.01", host="127.0.0.2")
    url = faults.url("/a", location=there)
    garner.write("list", f"{url}\t{faults.url('/a2', location=there)}\n")
    garner.write("a", "old")
    policy = [] if "--if-exists" in args else ["--if-exists", "overwrite"]
    run = garner("--json", "-u", "anna:secret", "-H", "X-Api-Key: k", *args, *policy, "-i", "list")
    assert run.status == 0 and garner.read("a") == faults.body(3_000_000), run
    assert len(faults.requests("/b")) >= 2 or "--race" in args, run
    for request in faults.requests():
        assert ("x-api-key" in request.headers) == ("authorization" in request.headers) == (request.path != "/b"), request.headers


@pytest.mark.parametrize("status, method", [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_methods(garner, faults, status, method):
    garner("--data", "x", faults.url("/a", status=status, location=faults.url("/b", echo=1)))
    seen = json.loads(garner.read("a"))
    assert (seen["method"], seen["body"]) == (method, "x" if method == "POST" else "")


def test_a_hold_is_the_hold_of_the_host_that_said_so(garner, faults, other):
    url = faults.url("/a", location=other.url("/b", status="503,200", retry_after=1))
    run = garner("--json", "-j", 1, url, faults.url("/c"))
    assert run.status == 0 and run.seconds >= 1, run
