# SPDX-License-Identifier: MIT
"""Every clock that can run out."""

import pytest

ONCE = ["--json", "--retry", "0"]


def expect_timeout(run, limit=10):
    assert run.status == 1 and run.seconds < limit, run
    assert (run.record["state"], run.record["error"]["kind"]) == ("failed", "timeout"), run


def test_connect(garner, black_hole):
    run = garner(*ONCE, "--connect-timeout", "300ms", f"http://127.0.0.1:{black_hole}/a")
    assert run.status == 1 and run.seconds < 10 and run.record["error"]["kind"] in ("timeout", "connect"), run


@pytest.mark.parametrize("option, where", [("--first-byte-timeout", "start"), ("--stall-timeout", "header")])
def test_nothing_comes(garner, faults, option, where):
    expect_timeout(garner(*ONCE, option, "300ms", faults.url("/a", stall=where)))


@pytest.mark.parametrize("at", [1, 50_000, 1_000_000])
def test_stall(garner, faults, at):
    run = garner(*ONCE, "--stall-timeout", "400ms", faults.url("/a", size=2_000_000, stall=at))
    expect_timeout(run)
    assert "a" not in run.files


def test_a_drip_is_no_stall(garner, faults):
    run = garner(*ONCE, "--stall-timeout", "500ms", faults.url("/a", size=20, drip="1,0.05"))
    assert run.status == 0, run


def test_stall_is_retried(garner, faults):
    run = garner("--json", "--retry-delay", "10ms", "--stall-timeout", "300ms", faults.url("/a", size=1000, stall=500, fail=1))
    assert run.status == 0 and run.record["attempts"] == 2, run
    assert garner.read("a") == faults.body(1000)


@pytest.mark.parametrize("option", ["--attempt-timeout", "--max-time", "-m"])
def test_attempt(garner, faults, option):
    run = garner("--json", option, "0.3", "--retry", 1, "--retry-delay", "10ms", faults.url("/a", size=10_000, drip="10,0.02"))
    expect_timeout(run)
    assert run.record["attempts"] == 2


def test_attempt_then_success(garner, faults):
    run = garner("--json", "--attempt-timeout", "400ms", "--retry-delay", "10ms", faults.url("/a", stall="start", fail=1))
    assert run.status == 0 and run.record["attempts"] == 2, run


def test_speed_limit(garner, faults):
    expect_timeout(garner(*ONCE, "-Y", 1000, "-y", 1, faults.url("/a", size=10_000, drip="10,0.05")))


@pytest.mark.parametrize("duration, seconds", [("0.4", 0.4), ("400ms", 0.4), ("1s", 1), ("1.2s", 1.2)])
def test_durations(garner, faults, duration, seconds):
    run = garner("--task-timeout", duration, faults.url("/a", gate="g"))
    assert run.status == 1 and seconds <= run.seconds < seconds + 3, run


@pytest.mark.parametrize("duration", ["", "x", "-1", "1d2", "s", "1 s", "nan", "inf"])
def test_bad_durations(garner, faults, duration):
    run = garner(f"--timeout={duration}", faults.url("/a"))
    assert run.status == 2 and faults.requests() == [], run


def test_a_slow_name_counts_as_connecting(garner, faults, slow_names):
    run = garner(*ONCE, "--connect-timeout", "400ms", f"http://slow.test:{faults.port}/a", env=slow_names)
    assert run.status == 1 and run.seconds < 4.5 and run.record["error"]["kind"] in ("timeout", "dns", "connect"), run


def test_timeout_while_resolving(garner, faults, slow_names):
    run = garner("--timeout", "500ms", f"http://slow.test:{faults.port}/a", env=slow_names)
    assert run.status == 124 and run.seconds < 4.5, run
