# SPDX-License-Identifier: MIT
"""Where lists come from, and what a bad line does."""

import csv
import gzip
import io
import json
import os
import subprocess
import time

import pytest


def test_arguments_files_and_standard_input(garner, faults):
    garner.write("one", faults.url("/one") + "\n")
    garner.write("two", faults.url("/two"))
    run = garner("-i", "one", "-i", "two", "--input", "-", faults.url("/arg"), input=faults.url("/stdin") + "\n")
    assert run.status == 0 and sorted(run.lines) == ["arg", "one", "stdin", "two"], run


def test_standard_input_without_i(garner, faults):
    assert garner(input=faults.url("/a")).lines == ["a"]


def test_arguments_leave_standard_input_alone(garner, faults):
    assert garner(faults.url("/a"), input=faults.url("/b")).lines == ["a"]


@pytest.mark.parametrize("text", [
    "# comment\n\n{a}\n   \n{b}\n", "{a}\r\n{b}\r\n", "\ufeff{a}\n{b}", "\n\n{a}\n#x\n{b}\n", "{a}  \n{b}\t\n"])
def test_lines(garner, faults, text):
    run = garner(input=text.format(a=faults.url("/a"), b=faults.url("/b")))
    assert run.status == 0 and sorted(run.lines) == ["a", "b"], run


def test_compressed(garner, faults):
    garner.write("list.gz", gzip.compress("\n".join(faults.url(f"/{i}") for i in range(50)).encode()))
    run = garner("-i", "list.gz")
    assert run.status == 0 and len(run.lines) == 50, run
    run = garner("-i", "-", input=garner.read("list.gz"))
    assert run.status == 0 and len(run.lines) == 50, run


def test_names_beside_urls(garner, faults):
    """Other programs' lists have them there; what is meant is said."""
    run = garner("--json", "--retry", 0, input=f"{faults.url('/a')} a.txt\n{faults.url('/b')} b.txt\n")
    assert run.stderr.count("a name goes on a line below it") == 1 and "garner: -:1:" in run.stderr, run
    run = garner("--json", input=f"{faults.url('/a')}\ta.txt\n{faults.url('/b')}\n")
    states = {r["index"]: (r["state"], (r["error"] or {}).get("kind")) for r in run.records}
    assert states == {1: ("failed", "input"), 2: ("finished", None)}, run
    assert "what follows a tab is no URL of a mirror" in run.stderr, run


def test_mirrors_of_a_line(garner, faults, other):
    run = garner("--json", "--retry", 0, input=f"{faults.url('/a', status=404)}\t{other.url('/a', text='mirror')}\n{faults.url('/b')}\n")
    assert run.status == 0 and garner.read("a") == b"mirror" and sorted(run.files) == ["a", "b"], run


def test_options_of_a_line(garner, faults):
    text = (f"{faults.url('/a', echo=1)}\n  out=named.bin\n\theader=X-One: 1\n  header=X-Two: 2\n  referer=http://r/\n"
            f"  user-agent=agent/1\n{faults.url('/b')}\n  dir=sub\n")
    run = garner(input=text)
    assert run.status == 0 and run.files == ["named.bin", "sub/b"], run
    seen = json.loads(garner.read("named.bin"))["headers"]
    assert (seen["x-one"], seen["x-two"], seen["referer"], seen["user-agent"]) == ("1", "2", "http://r/", "agent/1")


def test_unknown_option_of_a_line_is_a_warning(garner, faults):
    run = garner("-i", "-", input=f"{faults.url('/a')}\n  no-such-key=1\n")
    assert run.status == 0 and run.files == ["a"] and "no-such-key" in run.stderr and "2" in run.stderr, run


def test_an_indented_url_is_a_url(garner, faults):
    assert sorted(garner(input=f"{faults.url('/a')}\n   {faults.url('/b')}\n").lines) == ["a", "b"]


def test_an_option_without_a_url(garner, faults):
    run = garner("--json", "-i", "-", input=f"  out=x\n{faults.url('/a')}\n")
    states = {r["state"]: r for r in run.records}
    assert run.status == 1 and states["failed"]["error"]["kind"] == "input" and "finished" in states, run
    assert states["failed"]["source"]["line"] == 1


@pytest.mark.parametrize("bad", ["nonsense", "ftp://127.0.0.1/x", "http://", "http://[::1", "\x00\x01\xff", "file:///etc/passwd",
                                 "http://127.0.0.1:99999/"])
def test_a_bad_line_stops_nobody(garner, faults, bad):
    garner.write("list", f"{faults.url('/a')}\n{bad}\n{faults.url('/b')}\n".encode("latin-1"))
    run = garner("--json", "-i", "list")
    assert run.status == 1 and sorted(r["state"] for r in run.records) == ["failed", "finished", "finished"], run
    failed = [r for r in run.records if r["state"] == "failed"][0]
    assert failed["error"]["kind"] in ("input", "policy")
    assert failed["source"] == {"file": "list", "line": 2} and failed["index"] == 2


@pytest.mark.parametrize("size", [1_000_000, 64_000])
def test_a_long_line(garner, faults, size):
    url = faults.url("/" + "x" * size)
    run = garner("--json", "--retry", 0, "-i", "-", input=f"{url}\n{faults.url('/a')}\n")
    assert run.status in (0, 1) and "a" in run.files and len(run.lines) == 2, (run.status, run.stderr[-500:])


def test_binary_garbage(garner):
    run = garner("--json", "-i", "-", input=bytes(range(256)) * 40)
    assert run.status == 1 and all(r["state"] == "failed" and r["error"]["kind"] == "input" for r in run.records), run


def test_jsonl(garner, faults, other):
    entries = [dict(url=faults.url("/a", echo=1), id={"n": 1}, header=["X-One: 1", "X-Two: 2"], out="a.json"),
               dict(url=[faults.url("/b", status=404), other.url("/b", text="mirror")], id="b", dir="sub"),
               dict(url=faults.url("/c", echo=1), method="PUT", body="content", id=3, mine="kept", user="anna:pw")]
    run = garner("--json", "--gather", "--retry", 0, input="".join(json.dumps(e) + "\n" for e in entries))
    assert run.status == 0 and run.files == ["a.json", "c", "sub/b"], run
    assert [r["id"] for r in run.records] == [{"n": 1}, "b", 3]
    assert json.loads(garner.read("a.json"))["headers"]["x-two"] == "2"
    seen = json.loads(garner.read("c"))
    assert (seen["method"], seen["body"]) == ("PUT", "content") and "authorization" in seen["headers"]
    assert garner.read("sub/b") == b"mirror"


@pytest.mark.parametrize("text", ['{"a": [1, 2.50, 1e3]}', '123456789012345678901234567890', '"\\u00fc\\n"', 'null', '1.0', '{"b":1,"a":2}'])
def test_the_id_comes_back_byte_for_byte(garner, faults, text):
    run = garner("--json", input=f'{{"url": "{faults.url("/a")}", "id": {text}}}\n')
    assert run.status == 0 and f'"id":{text}' in run.stdout.replace('"id": ', '"id":'), run


@pytest.mark.parametrize("line", ['{"url": 5}', '{"out": "x"}', '{"url": "http://127.0.0.1:1/", ', '[1]', '{"url": "http://127.0.0.1:1/\\u0000"}',
                                  '{"url": []}', '{"url": "http://127.0.0.1:1/", "header": "x"}', 'http://127.0.0.1:1/'])
def test_bad_jsonl(garner, faults, line):
    good = json.dumps(dict(url=faults.url("/a")))
    run = garner("--json", "--input-format", "jsonl", input=f"{good}\n{line}\n{good.replace('/a', '/b')}\n")
    assert run.status == 1 and run.files == ["a", "b"], run
    assert [(r["error"]["kind"], r["source"]["line"]) for r in run.records if r["error"]] == [("input", 2)]


@pytest.mark.parametrize("separator, form", [("\t", "tsv"), (",", "csv")])
def test_tables(garner, faults, separator, form):
    rows = [["url", "out", "id"], [faults.url("/a"), "first", "x"], [faults.url("/b"), "second", "y"]]
    run = garner("--json", "--input-format", form, "--gather", input="\r\n".join(separator.join(r) for r in rows) + "\r\n")
    assert run.status == 0 and run.files == ["first", "second"], run
    assert [r["id"] for r in run.records] == ["x", "y"]


def test_a_table_of_python(garner, faults):
    """Quotes, breaks and separators in cells; mirrors, headers and columns of the list's own."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["title", "url", "url", "header", "header", "note"])
    table.writerow(['say "hi", Ann', faults.url("/a", status=404), faults.url("/a", echo=1), "X-One: a, b", "", "two\nlines"])
    table.writerow(["plain", faults.url("/b"), "", "", "X-Two: 2", ""])
    run = garner("--json", "--gather", "--retry", 0, "--input-format", "csv", "-o", "{.title}", "-i", "-", input="\ufeff" + text.getvalue())
    assert run.status == 0 and run.files == ["plain", 'say "hi", Ann'], run
    assert json.loads(garner.read('say "hi", Ann'))["headers"]["x-one"] == "a, b"
    assert [r["source"]["line"] for r in run.records] == [2, 4]


def test_a_bad_row_stops_nobody(garner, faults):
    garner.write("list.csv", f"url,checksum\n{faults.url('/a')},\nonly-one\n{faults.url('/b')},nonsense\n{faults.url('/c')},\n")
    run = garner("--json", "--input-format", "csv", "--failures", "left", "-i", "list.csv")
    assert run.status == 1 and sorted(r["state"] for r in run.records) == ["failed", "failed", "finished", "finished"], run
    assert sorted((r["error"]["kind"], r["source"]["line"]) for r in run.records if r["error"]) == [("input", 3), ("input", 4)]
    left = [json.loads(line) for line in garner.read("left").decode().splitlines()]
    assert {"row": "only-one"} in left and all("url" in e or "row" in e for e in left)
    assert garner("--json", "-i", "left").status == 1


def test_a_table_that_is_cut_off(garner, faults):
    run = garner("--json", "--input-format", "csv", input=f'url,out\n{faults.url("/a")},a\n{faults.url("/b")},"b')
    assert run.status == 1 and run.files == ["a"] and [r["source"]["line"] for r in run.records if r["error"]] == [3], run


@pytest.mark.parametrize("mode", ["--as-completed", "--gather", "--wait"])
def test_shards_are_the_list_together(garner, faults, mode):
    names = [f"/{i % 3}/name" if i < 6 else f"/{i}" for i in range(60)]  # collisions and duplicates too
    garner.write("list", "".join(faults.url(n) + "\n" for n in names) + "nonsense\n")
    whole = garner("--json", "-i", "list", "-d", "whole", "--gather")
    records = []
    for shard in range(3):
        run = garner("--json", mode, "--shard", f"{shard}/3", "-i", "list", "-d", "shards")
        assert 4 <= len(run.records) <= 45 and run.status in (0, 1), run
        if mode == "--gather":
            assert [r["index"] for r in run.records] == sorted(r["index"] for r in run.records)
        records += run.records
    told = [(r["index"], r["url"], r["state"] == "failed", (r["path"] or "").partition("/")[2]) for r in sorted(records, key=lambda r: r["index"])]
    assert told == [(r["index"], r["url"], r["state"] == "failed", (r["path"] or "").partition("/")[2]) for r in whole.records]
    assert len(faults.requests()) == 2 * 57
    files = [f for f in run.files if f.startswith("shards/")]
    assert files == [f.replace("whole", "shards") for f in run.files if f.startswith("whole/")]


def test_a_shard_leaves_its_own(garner, faults):
    garner.write("list", "".join(faults.url(f"/{i}", gate="g") + "\n" for i in range(40)))
    left = []
    for shard in range(2):
        run = garner("--shard", f"{shard}/2", "-j", 1, "--look-ahead", 4, "--timeout", "300ms", "--failures", f"left{shard}", "-i", "list")
        assert run.status == 124, run
        left += [line for line in garner.read(f"left{shard}").decode().splitlines() if line.startswith("http")]
    assert sorted(left) == sorted(garner.read("list").decode().splitlines())


def test_an_empty_shard(garner, faults):
    states = [garner("--json", "--shard", f"{i}/2", faults.url("/a")) for i in range(2)]
    assert sorted(len(run.lines) for run in states) == [0, 1] and all(run.status == 0 for run in states), states


def test_per_entry_settings(garner, faults):
    garner.write("a", "old")
    entries = [dict(url=faults.url("/a"), if_exists="overwrite"), dict(url=faults.url("/b", gate="g"), task_timeout="300ms")]
    run = garner("--json", "--gather", input="".join(json.dumps(e) + "\n" for e in entries))
    assert [r["state"] for r in run.records] == ["finished", "failed"] and garner.read("a") == faults.body(), run


def test_a_stream_starts_at_once(garner, faults):
    """Nothing waits for the end of the list, nor for the next line."""
    run = garner.start("-i", "-", stdin=subprocess.PIPE)
    for i in range(3):
        run.write(faults.url(f"/{i}") + "\n")
        run.until(lambda: len(run.output().splitlines()) == i + 1, f"file {i}")
    assert run.wait().status == 0


def test_an_option_line_in_time_still_counts(garner, faults):
    run = garner.start("-i", "-", stdin=subprocess.PIPE)
    run.write(faults.url("/a") + "\n")
    time.sleep(0.02)
    run.write("  out=named\n")
    assert run.wait().lines == ["named"]


def test_an_option_line_that_is_late(garner, faults):
    run = garner.start("--json", "-i", "-", stdin=subprocess.PIPE)
    run.write(faults.url("/a") + "\n")
    run.until(lambda: "finished" in run.output(), "the file")
    run.write("  out=named\n")
    result = run.wait()
    assert result.status == 1 and {r["state"] for r in result.records} == {"finished", "failed"}, result


def test_reading_is_paced(garner, faults):
    """An endless list is not read into memory."""
    run = garner.start("-q", "-j", 2, "--look-ahead", 100, "-o", "{index}", "-i", "-", stdin=subprocess.PIPE)
    line = faults.url("/x", gate="g").encode() + b"\n"
    os.set_blocking(run.popen.stdin.fileno(), False)
    written, still = 0, 0
    while still < 50:
        try:
            written += os.write(run.popen.stdin.fileno(), line * 100)
            still = 0
        except BlockingIOError:
            still += 1
            time.sleep(0.01)
        assert written < 10_000_000
    run.send()
    assert run.wait().status == 130


def test_the_first_failure_says_where(garner, faults):
    run = garner("-i", "-", input=f"{faults.url('/a')}\nnonsense\n")
    assert "nonsense" in run.stderr and ": input: " in run.stderr, run
