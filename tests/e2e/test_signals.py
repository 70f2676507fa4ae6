# SPDX-License-Identifier: MIT
"""Ctrl-C and its relatives, at any moment."""

import random
import signal
import subprocess
import time

import pytest

import runner


def test_first_interrupt(garner, faults):
    run = garner.start("--json", "-j", 2, faults.url("/done"), *[faults.url(f"/{i}", size=1000, gate="g", gate_at=500) for i in range(5)])
    faults.wait_gate("g", 2)
    run.until(lambda: "finished" in run.output(), "a finished record")
    began = time.monotonic()
    run.send()
    result = run.wait()
    assert time.monotonic() - began < 5, result
    states = sorted(r["state"] for r in result.records)
    assert (result.status, states) == (130, ["cancelled"] * 5 + ["finished"]), result
    assert [f for f in result.files if not f.endswith((".part", ".part.json"))] == ["done"]
    assert "5 cancelled" in result.stderr


def test_second_interrupt(garner, faults):
    run = garner.start("--on-interrupt", "drain", faults.url("/a", gate="g"))
    faults.wait_gate("g")
    run.send()
    run.until(lambda: run.errors() != "" or True)
    time.sleep(0.3)
    assert run.running()
    run.send()
    result = run.wait(10)
    assert result.status == 130 and "a" not in result.files, result


def test_drain(garner, faults):
    run = garner.start("--json", "-j", 1, "--on-interrupt", "drain", faults.url("/a", gate="g"), faults.url("/b"))
    faults.wait_gate("g")
    run.send()
    time.sleep(0.3)
    faults.open("g")
    result = run.wait()
    states = {r["url"].split("?")[0][-1]: r["state"] for r in result.records}
    assert (result.status, states) == (130, {"a": "finished", "b": "cancelled"}), result
    assert garner.read("a") == faults.body()


@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGINT])
def test_ignored_stays_ignored(garner, faults, signum):
    run = garner.start(faults.url("/a", gate="g"), preexec_fn=lambda: signal.signal(signum, signal.SIG_IGN))
    faults.wait_gate("g")
    run.send(signum)
    time.sleep(0.2)
    assert run.running()
    faults.open("g")
    assert run.wait().status == 0


def test_task_list(garner, faults):
    run = garner.start(faults.url("/lister", gate="g"))
    faults.wait_gate("g")
    run.send(signal.SIGUSR1)
    run.until(lambda: "lister" in run.errors(), "task list")
    faults.open("g")
    assert run.wait().status == 0


def test_stopped_and_continued(garner, faults):
    run = garner.start("--stall-timeout", "1s", "--retry", 0, faults.url("/a", size=1000, gate="g", gate_at=500))
    faults.wait_gate("g")
    run.send(signal.SIGSTOP)
    time.sleep(1.5)
    run.send(signal.SIGCONT)
    faults.open("g")
    result = run.wait()
    assert result.status == 0, result


def test_unread_entries_have_no_record(garner, faults):
    run = garner.start("--json", "-i", "-", faults.url("/url", gate="g"), stdin=subprocess.PIPE)
    run.write(faults.url("/read", gate="g") + "\n\n")
    faults.wait_gate("g", 2)
    run.send()
    run.until(lambda: not run.running(), "end")
    result = run.wait()
    assert sorted(r["state"] for r in result.records) == ["cancelled", "cancelled"], result


def test_interrupt_while_waiting_to_retry(garner, faults):
    run = garner.start("--json", "--retry-delay", "60s", faults.url("/a", status=503))
    faults.wait_requests(1)
    time.sleep(0.2)
    run.send()
    result = run.wait(10)
    assert result.status == 130 and result.record["state"] == "cancelled", result


def test_interrupt_while_resolving(garner, faults, slow_names):
    run = garner.start("--json", f"http://slow.test:{faults.port}/a", env=slow_names)
    time.sleep(0.5)
    began = time.monotonic()
    run.send()
    result = run.wait(10)
    assert result.status == 130 and time.monotonic() - began < 3, result


def test_interrupt_while_connecting(garner, black_hole):
    for pause in (0.02, 0.05, 0.1, 0.3):
        run = garner.start("--json", "-j", 20, *[f"http://127.0.0.1:{black_hole}/{i}" for i in range(40)])
        time.sleep(pause)
        run.send()
        result = run.wait(10)
        assert result.status == 130 and len(result.records) in (0, 40), result


@pytest.mark.parametrize("batch", range(10))
def test_interrupt_at_random_moments(garner, nginx, batch):
    """Ten a batch: prompt, no wrong final file, one record a URL of the command line."""
    names = ["tiny.txt", "64k.bin", "1m.bin", "3m.bin"]
    dice = random.Random(batch)
    for turn in range(10):
        folder = f"t{turn}"
        urls = [nginx.url(f"/rate/{dice.choice(['100k', '3000k'])}/{dice.choice(names)}?{i}") for i in range(20)]
        run = garner.start("--json", "-d", folder, "-o", "{index}-{name}", "-j", 8, *urls)
        time.sleep(dice.random() * 0.5)
        began = time.monotonic()
        run.send(dice.choice([signal.SIGINT, signal.SIGTERM]))
        result = run.wait(20)
        assert time.monotonic() - began < 5, result
        # a signal before the handlers stand is the system's own
        assert result.status in (130, 143), result
        assert len(result.records) in (0, 20), result
        final = [p for p in (garner.dir / folder).glob("*") if ".part" not in p.name]
        for path in final:
            assert path.read_bytes() == nginx.data(path.name.split("-", 1)[1]), path
        finished = {r["path"] for r in result.records if r["state"] == "finished"}
        assert finished == {f"{folder}/{p.name}" for p in final}, result


def test_interrupt_and_run_again(garner, nginx):
    urls = [nginx.url(f"/rate/400k/1m.bin?{i}") for i in range(3)] + [nginx.url("/f/tiny.txt")]
    run = garner.start("-o", "{index}", *urls)
    run.until(lambda: "4" in garner.files(), "a finished file")
    run.send()
    assert run.wait().status == 130
    again = garner("--json", "-o", "{index}", *[u.replace("/rate/400k/", "/f/") for u in urls])
    assert again.status == 0, again
    assert all(garner.read(str(i)) == nginx.data("1m.bin") for i in (1, 2, 3))
    assert again.files == ["1", "2", "3", "4"], again


@pytest.mark.skipif(runner.asan_library() is not None, reason="a kill says nothing to a sanitizer")
def test_killed(garner, nginx):
    run = garner.start("-o", "{index}", *[nginx.url(f"/rate/500k/1m.bin?{i}") for i in range(4)])
    time.sleep(0.4)
    run.send(signal.SIGKILL)
    run.popen.wait()
    for name in garner.files():
        assert ".part" in name or garner.read(name) == nginx.data("1m.bin")
    assert garner("-o", "{index}", *[nginx.url(f"/f/1m.bin?{i}") for i in range(4)]).status == 0
    assert all(garner.read(str(i)) == nginx.data("1m.bin") for i in (1, 2, 3, 4))
