# SPDX-License-Identifier: MIT
"""--failures: a list of what is left, so that garner -i FILE does just that."""

import gzip
import json
import os
import signal

import pytest


def entries(garner, name="left"):
    return [line for line in garner.path(name).read_text().splitlines() if not line.startswith(" ")]


def test_what_failed_is_left(garner, faults):
    bad = faults.url("/bad", status="404,200")
    run = garner("--failures", "left", faults.url("/good"), bad)
    assert run.status == 1 and garner.path("left").read_text() == f"{bad}\n  out=bad\n", run
    assert garner.path("left").stat().st_mode & 0o777 == 0o600
    run = garner("-i", "left", "--failures", "left")
    assert run.status == 0 and run.files == ["bad", "good", "left"] and garner.read("left") == b"", run
    assert garner("-i", "left").status == 0


def test_nothing_is_left(garner, faults):
    garner.write("left", "http://old.test/\n")
    assert garner("--failures", "left", faults.url("/good")).status == 0
    assert garner.read("left") == b""


def test_options_of_an_entry_are_kept(garner, faults):
    text = (f"{faults.url('/a', status=404)}\t{faults.url('/b', status=404)}\n  out=x/y\n  header=X-A: 1\n  header=X-B: 2\n"
            f"  referer=http://r/\n  user-agent=me\n  user=u:p\n  method=POST\n  body=data\n  if-exists=overwrite\n  task-timeout=9.500\n")
    garner.write("list", text)
    run = garner("-d", "d", "-i", "list", "--failures", "list")
    assert run.status == 1 and garner.path("list").read_text() == text, run


def test_jsonl_stays_jsonl(garner, faults):
    garner.write("list", json.dumps({"url": faults.url("/a", status=404), "id": [1, {"b": 2.50}], "mine": "m", "n": 7}) + "\n"
                 + json.dumps({"url": faults.url("/ok"), "id": "ok", "mine": "o"}) + "\n"
                 + '{"url": 5}\n')
    run = garner("-o", "{.mine}", "-i", "list", "--failures", "left")
    assert run.status == 1, run
    broken, good = sorted(garner.path("left").read_text().splitlines())
    assert '"id":[1, {"b": 2.5}]' in good and broken == '{"url": 5}'
    assert json.loads(good) == {"url": faults.url("/a", status=404), "out": "m", "id": [1, {"b": 2.5}], "mine": "m", "n": "7"}


def test_mixed_lists_become_jsonl(garner, faults):
    garner.write("one", f"{faults.url('/a', status=404)}\n  referer=http://r/\n")
    garner.write("two", json.dumps({"url": faults.url("/b", status=404)}) + "\n")
    run = garner("-i", "one", "-i", "two", "--failures", "left")
    left = {e["out"]: e for e in map(json.loads, entries(garner))}
    assert run.status == 1 and set(left) == {"a", "b"} and left["a"]["header"] == ["Referer: http://r/"], run


def test_a_bad_line_is_a_comment(garner, faults):
    garner.write("list", f"{faults.url('/a')}\n  nonsense\nftp://h/x\n")
    run = garner("-i", "list", "--failures", "left")
    comment, entry = entries(garner)
    assert run.status == 1 and comment.startswith("# ") and "list:1" in comment and entry == "ftp://h/x", run


def test_names_after_a_collision(garner, faults):
    urls = [faults.url("/1/a", seed=1, status="200"), faults.url("/2/a", seed=2, status="404,200")]
    garner.write("list", "\n".join(urls) + "\n")
    assert garner("-i", "list", "--failures", "left").status == 1
    out = garner.path("left").read_text().split("out=")[1].strip()
    assert out.startswith("a.") and len(out) == 10
    assert garner("-i", "left").status == 0 and garner.read(out) == faults.body(seed=2)
    assert garner.read("a") == faults.body(seed=1)


@pytest.mark.parametrize("how", ["plain", "gzip", "jsonl"])
def test_the_rest_after_an_interrupt(garner, faults, how):
    urls = [faults.url(f"/{i}", seed=i, delay=0.02) for i in range(300)]
    lines = [json.dumps({"url": u, "id": i}) if how == "jsonl" else u for i, u in enumerate(urls)]
    text = "".join(line + "\n" for line in lines)
    garner.write("list", gzip.compress(text.encode()) if how == "gzip" else text)
    run = garner.start("-j", "4", "--look-ahead", "10", "-o", "{index:03}.bin", "-d", "d", "-i", "list", "--failures", "list")
    run.until(lambda: len(run.output().splitlines()) > 20, "twenty files")
    run.send(signal.SIGINT)
    ended = run.wait()
    assert ended.signal == signal.SIGINT
    there = {f for f in ended.files if f.endswith(".bin")}
    left = entries(garner, "list")
    assert len(left) + len(there) == 300 and len(there) < 250, ended
    before = len(faults.requests())
    run = garner("-j", "20", "-o", "{index:03}.bin", "-d", "d", "-i", "list", "--failures", "list")
    assert run.status == 0 and garner.read("list") == b"", run
    assert len(faults.requests()) - before == len(left)
    assert [garner.read(f"d/{i + 1:03}.bin") for i in range(300)] == [faults.body(seed=i) for i in range(300)]


@pytest.mark.parametrize("stdin", [False, True])
@pytest.mark.parametrize("kind", ["lines", "jsonl"])
def test_the_rest_as_it_is(garner, faults, kind, stdin):
    """What was not read is copied, from wherever the reader was: between a URL and its options, too."""
    urls = [faults.url(f"/{i}", seed=i, delay=0.02) for i in range(200)]
    if kind == "jsonl":
        text = "".join(json.dumps({"url": u, "out": f"{i}.bin", "n": i}) + "\n" for i, u in enumerate(urls))
    else:
        text = "\ufeff" + "".join(f"{u}\r\n# a comment\r\n\tout={i}.bin\r\n\r\n" for i, u in enumerate(urls))
    garner.write("list", ("x" * 100 if stdin else "") + text[:-1])
    options = ["-j", "4", "--look-ahead", "9", "--failures", "left"]
    if stdin:
        with open(garner.path("list")) as f:
            os.lseek(f.fileno(), 100, os.SEEK_SET)
            run = garner.start(*options, stdin=f)
    else:
        run = garner.start(*options, "-i", "list")
    run.until(lambda: len(run.output().splitlines()) > 20, "twenty files")
    run.send(signal.SIGINT)
    ended = run.wait()
    there = {f for f in ended.files if f.endswith(".bin")}
    left = [e for e in entries(garner) if e and not e.startswith(("#", "\t"))]
    assert ended.signal == signal.SIGINT and len(left) + len(there) == 200 and len(there) < 190, ended
    before = len(faults.requests())
    run = garner("-j", "20", "-i", "left")
    assert run.status == 0 and len(faults.requests()) - before == len(left), run
    assert [garner.read(f"{i}.bin") for i in range(200)] == [faults.body(seed=i) for i in range(200)]


@pytest.mark.parametrize("options, status", [(["--fail-fast"], 1), (["--timeout", "1"], 124)])
def test_the_rest_after_another_end(garner, faults, options, status):
    urls = [faults.url("/ok"), faults.url("/bad", status=404, delay=0.4), faults.url("/slow", delay=30)]
    urls += [faults.url(f"/{i}", gate="g") for i in range(50)]
    garner.write("list", "\n".join(urls) + "\n")
    run = garner("-j", "3", "--look-ahead", "5", *options, "-i", "list", "--failures", "left")
    assert run.status == status, run
    done = urls[:1] if "ok" in run.files else []  # the failure may have come first
    assert sorted(entries(garner)) == sorted(set(urls) - set(done)), run


def test_urls_of_the_command_line_too(garner, faults):
    urls = [faults.url(f"/{i}", gate="g") for i in range(40)]
    run = garner.start("-j", "2", "--look-ahead", "4", "--failures", "left", *urls)
    faults.wait_gate("g", 2)
    run.send(signal.SIGTERM)
    assert run.wait().signal == signal.SIGTERM
    assert sorted(entries(garner)) == sorted(urls)


def test_a_pipe_is_not_read_on(garner, faults):
    run = garner.start("-j", "2", "--look-ahead", "4", "--failures", "left", stdin=-1)
    run.write("".join(faults.url(f"/{i}", gate="g") + "\n" for i in range(3)))
    faults.wait_gate("g", 2)
    run.send(signal.SIGINT)
    assert run.wait(10).signal == signal.SIGINT and 2 <= len(entries(garner)) <= 3


def test_killed_leaves_the_old_file(garner, faults):
    garner.write("list", faults.url("/a", gate="g") + "\n")
    run = garner.start("-i", "list", "--failures", "list")
    faults.wait_gate("g")
    run.send(signal.SIGKILL)
    run.wait()
    assert garner.path("list").read_text() == faults.url("/a", gate="g") + "\n"
    assert garner.files() == ["list"]


@pytest.mark.parametrize("name, status", [("nothing/there", 3), ("/dev/null", 2), (".", 2)])
def test_no_such_place(garner, faults, name, status):
    run = garner("--failures", name, faults.url("/a"))
    assert run.status == status and not faults.requests() and os.path.exists("/dev/null"), run


def test_journal_and_failures_together(garner, faults):
    urls = [faults.url(f"/{i}", status="500,200" if i % 3 == 0 else "200") for i in range(30)]
    garner.write("list", "\n".join(urls) + "\n")
    options = ["--retry", "0", "-d", "d", "--journal", "j"]
    assert garner(*options, "-i", "list", "--failures", "left").status == 1
    assert len(entries(garner)) == 10
    assert garner(*options, "-i", "left", "--failures", "left").status == 0
    before = len(faults.requests())
    assert garner(*options, "-i", "list").status == 0 and len(faults.requests()) == before
