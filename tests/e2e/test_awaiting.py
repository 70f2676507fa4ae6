# SPDX-License-Identifier: MIT
"""asyncio's ways of waiting, as flags."""

import hashlib

import pytest


def names(records):
    return [r["url"].split("?")[0].rsplit("/", 1)[1] for r in records]


def states(result):
    return dict(zip(names(result.records), (r["state"] for r in result.records)))


def test_as_completed_is_the_default(garner, faults):
    run = garner.start("--json", faults.url("/a", gate="a"), faults.url("/b", gate="b"), faults.url("/c"))
    run.until(lambda: run.output().count("\n") == 1, "the first record")
    faults.open("b")
    run.until(lambda: run.output().count("\n") == 2, "the second record")
    faults.open("a")
    result = run.wait()
    assert names(result.records) == ["c", "b", "a"] and result.status == 0, result


def test_gather_is_in_input_order(garner, faults):
    run = garner.start("--gather", "--json", faults.url("/a"), faults.url("/b", gate="g"), faults.url("/c"), faults.url("/d"))
    faults.wait_requests(4)
    run.until(lambda: run.output().count("\n") == 1, "the first record")
    faults.open("g")
    assert names(run.wait().records) == ["a", "b", "c", "d"]


def test_gather_does_not_stop_admission(garner, faults):
    urls = [faults.url("/head", gate="g")] + [faults.url(f"/{i}") for i in range(200)]
    run = garner.start("--gather", "--json", "-j", 4, "--look-ahead", "16", *urls)
    faults.wait_requests(201)
    assert run.output() == ""
    faults.open("g")
    result = run.wait()
    assert names(result.records) == ["head"] + [str(i) for i in range(200)] and result.status == 0


def test_gather_has_failures_among_them(garner, faults):
    run = garner("--gather", "--json", "--retry", 0, faults.url("/a"), faults.url("/b", status=404), faults.url("/c"))
    assert list(states(run).items()) == [("a", "finished"), ("b", "failed"), ("c", "finished")] and run.status == 1


def test_wait_all(garner, faults):
    run = garner("--wait", "--json", "--retry", 0, faults.url("/a", delay=0.2), faults.url("/b", status=404), faults.url("/c"))
    assert states(run) == {"a": "finished", "b": "failed", "c": "finished"} and run.status == 1, run


@pytest.mark.parametrize("when, first, status", [
    ("first-completed", dict(status=404), 1), ("first-completed", dict(), 0), ("first-exception", dict(status=404), 1),
    ("first-success", dict(), 0)])
def test_return_when(garner, faults, when, first, status):
    run = garner("--json", "--retry", 0, "--return-when", when, faults.url("/first", **first), faults.url("/never", gate="g"))
    expected = {"first": "failed" if first else "finished", "never": "pending"}
    assert list(states(run).items()) == list(expected.items()) and run.status == status, run


def test_first_exception_without_one(garner, faults):
    run = garner("--json", "--return-when", "first-exception", faults.url("/a"), faults.url("/b", delay=0.1))
    assert states(run) == {"a": "finished", "b": "finished"} and run.status == 0, run


def test_first_success_passes_failures_by(garner, faults):
    run = garner.start("--json", "--retry", 0, "--return-when", "first-success", faults.url("/bad", status=404),
                       faults.url("/good", gate="g"), faults.url("/never", gate="h"))
    faults.wait_requests(3)
    faults.open("g")
    result = run.wait()
    assert states(result) == {"bad": "failed", "good": "finished", "never": "pending"} and result.status == 0, result


def test_fail_fast(garner, faults):
    for option in ("--fail-fast", "--fail-early"):
        run = garner("--json", option, "--retry", 0, faults.url("/never", gate="g"), faults.url("/bad", status=404))
        assert states(run) == {"bad": "failed", "never": "cancelled"} and run.status == 1, run


def test_fail_fast_on_bad_input(garner, faults):
    run = garner("--json", "--fail-fast", "-i", "-", faults.url("/never", gate="g"), input="nonsense\n")
    assert {r["state"] for r in run.records} == {"failed", "cancelled"} and run.status == 1, run


def test_return_exceptions_is_the_default(garner, faults):
    for option in ([], ["--return-exceptions"]):
        run = garner("--json", *option, "--retry", 0, "--if-exists", "overwrite", faults.url("/bad", status=404), faults.url("/a"))
        assert states(run) == {"bad": "failed", "a": "finished"} and run.status == 1, run


@pytest.mark.parametrize("mode, state", [("--as-completed", "cancelled"), ("--gather", "cancelled"), ("--wait", "pending")])
def test_timeout(garner, faults, mode, state):
    run = garner("--json", mode, "--timeout", "0.5", faults.url("/a"), faults.url("/never", gate="g"))
    assert states(run) == {"a": "finished", "never": state} and run.status == 124, run
    late = [r for r in run.records if r["state"] == state][0]
    assert state == "pending" or late["error"]["kind"] == "timeout"
    assert run.seconds < 10


def test_task_timeout(garner, faults):
    run = garner("--json", "--task-timeout", "400ms", faults.url("/a"), faults.url("/never", gate="g"))
    assert states(run) == {"a": "finished", "never": "failed"} and run.status == 1, run
    assert [r["error"]["kind"] for r in run.records if r["error"]] == ["timeout"]


def test_task_timeout_spans_attempts(garner, faults):
    run = garner("--json", "--task-timeout", "600ms", "--retry", "inf", "--retry-delay", "10ms", faults.url("/a", status=503))
    assert run.record["error"]["kind"] in ("timeout", "http") and run.status == 1 and run.seconds < 10, run
    assert run.record["attempts"] > 1


def test_one_path_for_all_in_first_success(garner, faults):
    """Several servers of one file, one name: the first commit has it, and nothing else is left."""
    run = garner("--json", "--return-when", "first-success", "-o", "x.bin", faults.url("/slow", gate="never", size=600_000),
                 faults.url("/bad", status=404), faults.url("/good", size=500_000), "--retry", 0)
    assert run.status == 0 and run.files == ["x.bin"], run
    assert states(run)["good"] == "finished" and states(run)["slow"] == "pending", run


def test_same_file_falls_over(garner, faults, other):
    run = garner("--json", "--same-file", "--retry", 0, faults.url("/a", status=404), other.url("/b", text="second"))
    assert run.status == 0 and garner.read("a") == b"second" and run.record["attempts"] == 2, run


def test_same_file_beside_a_list(garner, faults, other):
    run = garner("--json", "--same-file", "-o", "{name}", "-i", "-", faults.url("/a"), other.url("/x"), input=faults.url("/b") + "\n")
    assert run.status == 0 and run.files == ["a", "b"] and len(other.requests()) == 0, run


def test_same_file_has_one_name_and_one_digest(garner, faults, other):
    run = garner("--json", "--same-file", "--retry", 0, "-o", "x", "--checksum", "md5:" + hashlib.md5(b"good").hexdigest(),
                 faults.url("/a", status=404), other.url("/a", text="good"))
    assert run.status == 0 and garner.read("x") == b"good", run
