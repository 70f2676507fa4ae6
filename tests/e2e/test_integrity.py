# SPDX-License-Identifier: MIT
"""--checksums, and files that are verified before they are skipped."""

import hashlib
import os

import pytest


def sha(data, algo="sha256"):
    return hashlib.new(algo, data).hexdigest()


def gnu(faults, names, **changed):
    """A SHA256SUMS for files whose seed is their place."""
    return "".join(f"{changed.get(n, sha(faults.body(seed=i)))}  {n}\n" for i, n in enumerate(names))


def urls_of(faults, names):
    return [faults.url(f"/pub/{n}", seed=i) for i, n in enumerate(names)]


NAMES = ["a", "b", "c"]


def test_gnu_form(garner, faults):
    garner.write("SUMS", gnu(faults, NAMES))
    run = garner("--json", "-d", "d", "--checksums", "SUMS", *urls_of(faults, NAMES))
    assert run.status == 0 and all(r["checksum"].startswith("sha256:") for r in run.records), run


def test_bsd_form(garner, faults):
    garner.write("SUMS", "".join(f"SHA512 ({n}) = {sha(faults.body(seed=i), 'sha512').upper()}\n" for i, n in enumerate(NAMES)))
    run = garner("--json", "-d", "d", "--checksums", "SUMS", *urls_of(faults, NAMES))
    assert run.status == 0 and all(r["checksum"].startswith("sha512:") for r in run.records), run


def test_a_wrong_file_never_gets_its_name(garner, faults):
    garner.write("SUMS", gnu(faults, NAMES, b="0" * 64))
    run = garner("--json", "-d", "d", "--checksums", "SUMS", *urls_of(faults, NAMES))
    wrong = [r for r in run.records if not r["ok"]]
    assert run.status == 1 and run.files == ["SUMS", "d/a", "d/c"], run
    assert len(wrong) == 1 and wrong[0]["error"]["kind"] == "checksum" and wrong[0]["state"] == "failed", run


def test_a_file_without_a_line(garner, faults):
    garner.write("SUMS", gnu(faults, NAMES[:2]))
    run = garner("--json", "-d", "d", "--checksums", "SUMS", *urls_of(faults, NAMES))
    assert run.status == 1 and run.files == ["SUMS", "d/a", "d/b"] and len(faults.requests()) == 2, run
    assert [r["error"]["kind"] for r in run.records if not r["ok"]] == ["checksum"]
    run = garner("-d", "e", "--checksums", "SUMS", "--checksums-partial", *urls_of(faults, NAMES))
    assert run.status == 0 and len(run.lines) == 3, run


def test_directories_tell_files_apart(garner, faults):
    garner.write("SUMS", f"{sha(faults.body(seed=1))}  x/f\n{sha(faults.body(seed=2))}  y/f\n")
    run = garner("--tree", "--checksums", "SUMS", faults.url("/p/x/f", seed=1), faults.url("/p/y/f", seed=2))
    assert run.status == 0, run
    run = garner("--json", "-d", "e", "--checksums", "SUMS", faults.url("/p/z/f", seed=1))
    assert run.status == 1 and "different digests" in run.record["error"]["message"], run


def test_the_entry_has_the_last_word(garner, faults):
    garner.write("SUMS", gnu(faults, ["a"], a="0" * 64))
    run = garner("--checksums", "SUMS", input=f"{faults.url('/a')}\n  checksum=sha256={sha(faults.body())}\n"
                                              f"{faults.url('/other')}\n  checksum={sha(faults.body(), 'md5')}\n")
    assert run.status == 0 and run.files == ["SUMS", "a", "other"], run


def test_named_by_the_server(garner, faults):
    garner.write("SUMS", gnu(faults, ["real"]))
    url = faults.url("/get", header='Content-Disposition: attachment; filename="real"')
    assert garner("-J", "--checksums", "SUMS", url).files == ["SUMS", "real"]
    garner.write("SUMS", gnu(faults, ["real"], real="0" * 64))
    run = garner("--json", "-J", "-d", "d", "--checksums", "SUMS", url)
    assert run.status == 1 and run.record["error"]["kind"] == "checksum" and run.files == ["SUMS", "real"], run


def test_from_a_url(garner, faults, other):
    text = gnu(faults, NAMES)
    direct = faults.url("/SUMS", text=text, status="503,200", auth="u:p")
    run = garner("-u", "u:p", "--retry-delay", "0.01", "--checksums", faults.url("/to", location=direct), *urls_of(faults, NAMES))
    assert run.status == 0 and run.files == NAMES, run
    assert [r.path for r in faults.requests()][:3] == ["/to", "/SUMS", "/SUMS"]
    run = garner("-d", "d", "-u", "u:p", "-H", "X-Key: k", "--checksums", other.url("/to", location=faults.url("/S", text=text)),
                 *urls_of(faults, NAMES))
    assert run.status == 0 and "x-key" not in faults.requests("/S")[0].headers, run
    assert "authorization" not in faults.requests("/S")[0].headers


@pytest.mark.parametrize("query", [{"status": 404}, {"text": "<html>"}, {"location": "/SUMS"}, {"cut": 5, "size": 100}])
def test_not_to_be_had(garner, faults, query):
    run = garner("--retry", "0", "--checksums", faults.url("/SUMS", **query), faults.url("/a"))
    assert run.status == 2 and "--checksums" in run.stderr and not faults.requests("/a") and not run.files, run


@pytest.mark.parametrize("text", [None, "", "nonsense\n"])
def test_no_such_file(garner, faults, text):
    if text is not None:
        garner.write("SUMS", text)
    run = garner("--checksums", "SUMS", faults.url("/a"))
    assert run.status == 2 and "--checksums: SUMS" in run.stderr and not faults.requests(), run


# -- what is there ---------------------------------------------------------------------------


def test_a_right_file_is_not_fetched(garner, faults):
    garner.write("SUMS", gnu(faults, NAMES))
    urls = urls_of(faults, NAMES)
    for i, name in enumerate(NAMES):
        garner.write(name, faults.body(seed=i))
    run = garner("--json", "--checksums", "SUMS", *urls)
    assert run.status == 0 and not faults.requests() and {r["reason"] for r in run.records} == {"verified"}, run
    assert {r["state"] for r in run.records} == {"skipped"} and all(r["checksum"] and r["path"] for r in run.records)


@pytest.mark.parametrize("policy", ["skip", "verify"])
def test_a_wrong_file_is_fetched_again(garner, faults, policy):
    digest = "sha256:" + sha(faults.body(seed=3))
    assert garner(faults.url("/a", seed=3)).status == 0
    garner.write("a", b"x" * 100)
    run = garner("--json", "--if-exists", policy, "--checksum", digest, faults.url("/a", seed=3))
    assert run.status == 0 and run.record["state"] == "finished" and garner.read("a") == faults.body(seed=3), run
    assert run.files == ["a"], run


def test_a_wrong_server_leaves_what_is_there(garner, faults):
    garner.write("a", b"mine")
    run = garner("--json", "--checksum", "sha256:" + "0" * 64, faults.url("/a"))
    assert run.status == 1 and run.record["error"]["kind"] == "checksum" and garner.read("a") == b"mine", run
    assert run.files == ["a"], run


def test_another_policy_reads_nothing(garner, faults):
    garner.write("a", b"mine")
    run = garner("--json", "--if-exists", "fail", "--checksum", "sha256:" + sha(faults.body()), faults.url("/a"))
    assert run.status == 1 and run.record["error"]["code"] == "EEXIST", run


def test_interrupt_while_verifying(garner, faults):
    with open(garner.path("a"), "wb") as f:
        f.truncate(64 << 30)
    run = garner.start("--json", "--checksum", "sha256:" + "0" * 64, faults.url("/a"))
    run.until(lambda: os.path.exists(f"/proc/{run.popen.pid}/task") and len(os.listdir(f"/proc/{run.popen.pid}/task")) > 1)
    run.send()
    ended = run.wait(10)
    assert ended.signal == 2 and ended.record["state"] == "cancelled" and ended.seconds < 5, ended


# -- by HEAD ---------------------------------------------------------------------------------


def test_verify_the_same(garner, faults):
    url = faults.url("/a", etag='"1"', seed=1)
    assert garner(url).status == 0
    run = garner("--json", "--if-exists", "verify", url)
    assert run.status == 0 and run.record["reason"] == "verified" and run.record["state"] == "skipped", run
    assert [r.method for r in faults.requests()] == ["GET", "HEAD"]


@pytest.mark.parametrize("first, then, same", [
    (dict(etag='"1"'), dict(etag='"2"', seed=1), False),
    (dict(etag='"1"'), dict(etag='W/"1"'), True),
    (dict(size=100), dict(size=101), False),
    (dict(), dict(), True),
    (dict(), dict(modified="Thu, 01 Jan 2015 00:00:00 GMT"), True),
    (dict(), dict(modified="Thu, 01 Jan 2099 00:00:00 GMT", seed=1), False),
    (dict(), dict(no_length=1), False),
    (dict(), dict(status="405,200"), False),
    (dict(), dict(status="500,200"), False),
])
def test_verify_what_may_have_changed(garner, faults, first, then, same):
    # the same key, whatever the query
    def get(*options, **query):
        return garner("--json", "--key", "url-no-query", *options, faults.url("/a", key=str(query), **query))

    assert get(**first).status == 0
    run = get("--if-exists", "verify", **then)
    want = faults.body(size=then.get("size", 100), seed=then.get("seed", 0))
    assert run.status == 0 and garner.read("a") == want and run.files == ["a"], run
    assert (run.record["reason"] == "verified") == same and len(faults.requests()) == (2 if same else 3), run


def test_verify_follows_redirects(garner, faults, other):
    url = faults.url("/a", location=other.url("/b", seed=1))
    assert garner(url).status == 0
    run = garner("--json", "--if-exists", "verify", url)
    assert run.status == 0 and run.record["reason"] == "verified", run
    garner.write("a", b"shorter")
    run = garner("--json", "--if-exists", "verify", url)
    assert run.status == 0 and run.record["state"] == "finished" and garner.read("a") == faults.body(seed=1), run


def test_verify_what_is_not_there(garner, faults):
    run = garner("--json", "--if-exists", "verify", faults.url("/a"))
    assert run.status == 0 and [r.method for r in faults.requests()] == ["GET"] and run.files == ["a"], run


def test_verify_when_the_server_is_gone(garner, faults):
    assert garner(faults.url("/a", status="200,404")).status == 0
    run = garner("--json", "--if-exists", "verify", faults.url("/a", status="200,404"))
    assert run.status == 1 and run.record["http"]["status"] == 404 and garner.read("a") == faults.body(), run


def test_verify_many(garner, faults):
    urls = [faults.url(f"/{i}", seed=i, etag='"1"') for i in range(200)]
    assert garner(*urls).status == 0
    for i in range(0, 200, 3):
        garner.write(str(i), b"spoilt")
    run = garner("--json", "--if-exists", "verify", *urls)
    assert run.status == 0 and [garner.read(str(i)) for i in range(200)] == [faults.body(seed=i) for i in range(200)], run
    assert len([r for r in run.records if r["reason"] == "verified"]) == 133


def test_the_time_of_the_run_holds_for_the_digests(garner, faults):
    run = garner("--checksums", faults.url("/SUMS", stall="start"), "--timeout", "300ms", faults.url("/a"), timeout=20)
    assert run.status == 124 and not faults.requests("/a"), run
