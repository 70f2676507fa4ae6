# SPDX-License-Identifier: MIT
"""What is tried again, how often, and what it costs."""

import json
import time

import pytest

QUICK = ["--json", "--retry-delay", "10ms"]


@pytest.mark.parametrize("fault", [
    dict(status="503,503,200"), dict(status="408,200"), dict(status="425,200"), dict(status="429,200"), dict(status="500,200"),
    dict(status="502,200"), dict(status="504,200"), dict(drop=1, fail=2), dict(size=1000, cut=400, fail=2),
    dict(size=1000, reset=400, fail=1), dict(reset="header", fail=1), dict(size=1000, chunked=1, cut=300, fail=1)])
def test_retried(garner, faults, fault):
    run = garner(*QUICK, faults.url("/a", **fault))
    assert run.status == 0 and run.record["attempts"] == len(faults.requests()) > 1, run
    assert garner.read("a") == faults.body(fault.get("size", 100))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 501])
def test_not_retried(garner, faults, status):
    run = garner(*QUICK, faults.url("/a", status=f"{status},200"))
    assert run.status == 1 and len(faults.requests()) == run.record["attempts"] == 1, run
    assert run.record["http"]["status"] == status and run.files == []


@pytest.mark.parametrize("count", [0, 1, 3])
def test_count(garner, faults, count):
    run = garner(*QUICK, "--retry", count, faults.url("/a", status=503))
    assert run.status == 1 and run.record["attempts"] == len(faults.requests()) == count + 1, run
    assert run.record["error"]["retryable"] is True


def test_count_is_4_by_default(garner, faults):
    assert garner(*QUICK, faults.url("/a", status=503)).record["attempts"] == 5


def test_verbose_says_what_is_tried_again(garner, faults):
    url = faults.url("/a", user="me:secret", status="503,429,200")
    for args, told in ((["-v"], ["503; again in 0.0 s", "429"]), ([], [])):
        run = garner("--retry-delay", "1ms", *args, "--if-exists", "overwrite", url.replace("/a", f"/{len(args)}"))
        lines = [line for line in run.stderr.splitlines() if "; again" in line]
        assert run.status == 0 and len(lines) == len(told) and "secret" not in run.stderr, run
        assert all(words in line for words, line in zip(told, lines)), run


def test_endless(garner, faults):
    run = garner(*QUICK, "--retry", "inf", faults.url("/a", status=",".join(["503"] * 12 + ["200"])), "--retry-max-delay", "20ms")
    assert run.status == 0 and run.record["attempts"] == 13, run


def test_retry_on(garner, faults):
    run = garner(*QUICK, "--retry-on", "404,418", faults.url("/a", status="404,418,200"), faults.url("/b", status="503,200"))
    assert run.status == 1 and sorted(r["attempts"] for r in run.records) == [1, 3], run


def test_max_time(garner, faults):
    run = garner("--json", "--retry", "inf", "--retry-delay", "100ms", "--retry-max-delay", "100ms", "--retry-max-time", "500ms", faults.url("/a", status=503))
    assert run.status == 1 and run.seconds < 5 and run.record["attempts"] > 1, run


def test_connection_refused_is_retried(garner):
    run = garner(*QUICK, "--retry", 2, "http://127.0.0.1:1/a")
    assert run.status == 1 and run.record["attempts"] == 3, run


def test_a_waiting_retry_holds_no_slot(garner, faults):
    run = garner.start("-j", 1, "--retry-delay", "30s", faults.url("/bad", status="503,200", key="bad"), *[faults.url(f"/{i}") for i in range(5)])
    run.until(lambda: len(run.output().splitlines()) == 5, "the others")
    run.send()
    run.wait()


def test_unsafe_methods(garner, faults):
    args = ["--data", "x", faults.url("/a", status="503,200")]
    assert garner(*QUICK, *args).record["attempts"] == 1
    assert garner(*QUICK, "--retry-unsafe", "--data", "x", faults.url("/b", status="503,200")).record["attempts"] == 2
    assert [r.method for r in faults.requests()] == ["POST"] * 3


def test_a_retry_may_fail_for_good(garner, faults):
    run = garner(*QUICK, faults.url("/a", status="503,404"))
    assert (run.record["attempts"], run.record["http"]["status"], run.record["error"]["retryable"]) == (2, 404, False), run


def test_retry_after_as_a_date(garner, faults):
    when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))
    run = garner(*QUICK, faults.url("/a", status="503,200", retry_after=when))
    assert run.status == 0 and run.seconds >= 0.9, run


@pytest.mark.parametrize("when", ["0", "Mon, 01 Jan 2024 00:00:00 GMT"])
def test_retry_after_of_no_seconds(garner, faults, when):
    """The backoff is ours then."""
    run = garner("--json", "--events", "e", "--retry-delay", "20ms", faults.url("/a", status="503,429,503,429,200", retry_after=when))
    pauses = [e["delay"] for e in map(json.loads, garner.read("e").splitlines()) if e.get("phase") == "backoff"]
    assert run.record["attempts"] == 5 and len(pauses) == 4 and any(pauses), (run, pauses)


