# SPDX-License-Identifier: MIT
"""What is printed, and where."""

import base64
import os
import re
import subprocess

import pytest

FIELDS = {"v", "index", "id", "url", "effective_url", "state", "ok", "path", "size", "received", "resumed_at", "http", "attempts",
          "segments", "remote_ip", "checksum", "reason", "duplicate_of", "source", "length_known", "started", "finished", "timing", "error"}


def test_paths(garner, faults):
    assert garner("-d", "sub", faults.url("/a")).stdout == "sub/a\n"
    assert garner("-d", str(garner.dir / "abs"), faults.url("/a")).stdout == f"{garner.dir}/abs/a\n"
    assert garner(faults.url("/-x")).stdout == "./-x\n"


def test_skipped_ones_are_present_too(garner, faults):
    garner(faults.url("/old"))
    assert sorted(garner(faults.url("/old"), faults.url("/new")).lines) == ["new", "old"]


@pytest.mark.parametrize("what, out", [("present", ["new", "old"]), ("new", ["new"]), ("none", [])])
def test_print(garner, faults, what, out):
    garner(faults.url("/old"))
    run = garner("--print", what, "--retry", 0, faults.url("/old"), faults.url("/new"), faults.url("/bad", status=404))
    assert sorted(run.lines) == out and run.status == 1, run


def test_print0(garner, faults):
    assert garner("--print0", "--gather", faults.url("/a"), faults.url("/b")).stdout == "a\0b\0"


def test_quiet(garner, faults):
    for option in ("-q", "-s", "--quiet"):
        run = garner(option, "--if-exists", "overwrite", faults.url("/a"))
        assert (run.status, run.stdout, run.stderr) == (0, "", ""), run
    run = garner("-q", "--retry", 0, faults.url("/b", status=404))
    assert run.status == 1 and run.stdout == "" and len(run.stderr.splitlines()) == 1, run
    assert garner("-q", "--print", "new", faults.url("/c")).stdout == "c\n"
    assert garner("-q", "--json", faults.url("/d")).record["state"] == "finished"


def test_failure_line(garner, faults):
    url = faults.url("/bad", status=404)
    run = garner("--retry", 0, url)
    lines = [line for line in run.stderr.splitlines() if ": http: " in line]
    assert len(lines) == 1 and re.match(r"garner: http://127\.0\.0\.1:\d+/bad.*: http: .*404", lines[0]), run


def test_summary_line(garner, faults):
    garner(faults.url("/old"))
    run = garner("--retry", 0, faults.url("/old"), faults.url("/new", size=5000), faults.url("/bad", status=404))
    summary = run.stderr.splitlines()[-1]
    for word in ("1 finished", "1 failed", "1 skipped"):
        assert word in summary, run


def test_record(garner, faults):
    run = garner("--json", faults.url("/a.bin", size=5000, header=["Content-Type:text/x"], etag='"v1"', modified="Wed, 21 Oct 2015 07:28:00 GMT"))
    record = run.record
    assert FIELDS <= set(record), FIELDS - set(record)
    assert (record["v"], record["index"], record["id"], record["state"], record["ok"], record["path"]) == (1, 1, None, "finished", True, "a.bin")
    assert (record["size"], record["received"], record["attempts"], record["length_known"], record["error"]) == (5000, 5000, 1, True, None)
    assert record["remote_ip"] == "127.0.0.1" and record["effective_url"] == record["url"]
    http = record["http"]
    assert (http["status"], http["version"], http["content_type"], http["etag"]) == (200, "1.1", "text/x", '"v1"')
    assert http["last_modified"]
    for moment in ("started", "finished"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record[moment])
    assert set(record["timing"]) == {"queued", "dns", "connect", "tls", "ttfb", "body", "write", "total"}
    assert record["timing"]["tls"] is None or record["timing"]["tls"] == 0
    assert 0 <= record["timing"]["total"] < 30


def test_record_of_a_failure(garner, faults):
    record = garner("--json", "--retry", 0, faults.url("/a", status=404)).record
    assert (record["state"], record["ok"], record["path"]) == ("failed", False, None)
    assert set(record["error"]) == {"kind", "code", "message", "retryable"}
    assert record["error"]["kind"] == "http" and record["error"]["retryable"] is False and record["http"]["status"] == 404


def test_record_of_a_skip(garner, faults):
    garner(faults.url("/a"))
    record = garner("--json", faults.url("/a")).record
    assert (record["state"], record["ok"], record["path"], record["attempts"]) == ("skipped", True, "a", 0)


def test_records_elsewhere(garner, faults):
    run = garner("--records", "log", "--json", faults.url("/a"))
    assert '"state"' in garner.read("log").decode() and run.status == 0, run
    read, write = os.pipe()
    run = garner("--records", f"/dev/fd/{write}", faults.url("/b"), pass_fds=[write])
    os.close(write)
    with os.fdopen(read) as got:
        assert '"finished"' in got.read()
    assert run.lines == ["b"]


@pytest.mark.parametrize("form, out", [
    (r"%{http_code} %{size_download}\n", "200 100\n"), (r"%{filename_effective}\t%{path}\n", "a\ta\n"), ("%{url}", None),
    (r"%% %{state}\r\n", "% finished\r\n"), (r"%{http_version}", "1.1"), (r"%{num_redirects}", "0"), (r"%{content_type}|\n", "text/x|\n"),
    (r"%{onerror}x", "")])
def test_write_out(garner, faults, form, out):
    url = faults.url("/a", header="Content-Type:text/x")
    run = garner("-w", form, url)
    assert run.status == 0 and run.stdout == (out if out is not None else url), run


@pytest.mark.parametrize("form", [
    "%{url} %{http_code} %{response_code} %{size_download} %{num_redirects} %{content_type} %{remote_ip} %{http_version} %{url_effective} "
    r"%{urlnum} %{exitcode}%{errormsg}%{onerror}never\n", r"a\tb\\c\q %x %{ %%{url} \n", "%{http_code", r"%header{content-type}\n", "%"])
def test_write_out_says_what_curl_says(garner, faults, form):
    url = faults.url("/a", size=5000, header="Content-Type:text/x")
    curl = subprocess.run(["curl", "-s", "-o", garner.path("c"), "-w", form, url], capture_output=True, text=True)
    run = garner("-w", form, url)
    assert run.status == 0 and run.stdout == curl.stdout, (run, curl.stdout)


def test_write_out_times(garner, faults):
    run = garner("-w", r"%{time_namelookup} %{time_connect} %{time_appconnect} %{time_pretransfer} %{time_starttransfer} %{time_total} %{speed_download}\n",
                 faults.url("/a", size=5000, delay=0.2))
    *times, speed = run.stdout.split()
    assert all(re.fullmatch(r"\d+\.\d{6}", t) for t in times), run
    lookup, connect, tls, ready, first, total = map(float, times)
    assert lookup <= connect <= ready <= first <= total and tls == 0 and first >= 0.19, run
    assert 0 < int(speed) <= 5000 / 0.19


def test_write_out_of_failures(garner, faults):
    form = r"%{state} %{http_code} %{exitcode} %{error_kind} %{num_retries}%{onerror} failed\n"
    run = garner("-w", form, "--retry", 1, "--retry-delay", "1ms", "--gather", faults.url("/a", status="503"), faults.url("/b", status=404), "http://127.0.0.1:1/c")
    assert run.lines == ["failed 503 22 http 1 failed", "failed 404 22 http 0 failed", "failed 000 7 connect 1 failed"], run


def test_write_out_elsewhere(garner, faults):
    garner.write("form", "%{state}\n %{path}\\n")
    run = garner("-w", "@form", "--records", "log", faults.url("/a"))
    assert run.lines == ["a"] and garner.read("log") == b"finished a\n", run
    run = garner("-q", "-w", r"%{json}\n", faults.url("/b"))
    assert run.record["path"] == "b" and run.stderr == "", run


def test_write_out_of_what_is_not_known(garner, faults):
    run = garner("-w", r"%{nonsense}|%header{x-y}|%{path}\n", faults.url("/a"))
    assert run.stdout == "||a\n" and run.status == 0, run
    assert "unknown --write-out variable: 'nonsense'" in run.stderr and "unknown --write-out header: 'x-y'" in run.stderr, run


def test_records_come_at_once(garner, faults):
    run = garner.start("--json", faults.url("/a"), faults.url("/b", gate="g"))
    run.until(lambda: "\n" in run.output(), "a record")
    faults.open("g")
    assert run.wait().status == 0


def test_nothing_of_a_server_reaches_the_terminal_unescaped(garner, faults):
    run = garner("--retry", 0, faults.url("/a%1b%5b31mb"), faults.url("/r", location="http://127.0.0.1:1/\x1b[31m".replace("\x1b", "%1b")))
    assert "\x1b" not in run.stdout + run.stderr, run


def test_passwords_are_not_shown(garner, faults):
    run = garner("-v", "--retry", 0, f"http://anna:geheim@127.0.0.1:{faults.port}/a?status=404")
    assert "geheim" not in run.stderr, run


@pytest.mark.parametrize("how", ["-vv", "trace"])
def test_secrets_are_not_shown_on_the_wire(garner, faults, other, nginx, how):
    """Nor are queries, wherever a URL stands; names and paths are."""
    args, env = (["-vv"], {}) if how == "-vv" else ([], {"GARNER_TRACE": "net"})
    args += ["--retry", 0, "-u", "anna:geheim", "-b", "k=geheim", "--cookie-jar", "jar", "-e", "http://ref/?geheim"]
    target = faults.url("/b", header="Set-Cookie: s=geheim").replace("?", "?t=12:30&geheim&")
    runs = [garner(*args, target, env=env),
            garner(*args, faults.url("/r", location=target), env=env),
            garner(*args, "-x", f"http://x:geheim@127.0.0.1:{other.port}", "http://far.test/p?geheim", env=env),
            garner(*args, "--cacert", nginx.cacert, nginx.tls("/f/tiny.txt?geheim"), env=env)]
    said = "".join(run.stderr for run in runs)
    assert {run.status for run in runs} == {0} and "geheim" not in said and "Basic" in said, said
    assert base64.b64encode(b"anna:geheim").decode() not in said and base64.b64encode(b"x:geheim").decode() not in said, said
    for text in ("> GET /b?***", "< Location: http://", "GET http://far.test/p?***", "> GET /f/tiny.txt?***", "HTTP/2 200",
                 "authorization: ***", "Cookie: ***", "Referer: http://ref/?***"):
        assert text in said, text


def test_verbose_and_progress(garner, faults):
    assert garner("-v", faults.url("/a")).status == 0
    for kind in ("auto", "plain", "none"):
        run = garner("--progress", kind, "--if-exists", "overwrite", faults.url("/a"))
        assert run.status == 0 and run.lines == ["a"] and "\x1b" not in run.stderr, run


def test_index_counts_entries(garner, faults):
    run = garner("--json", "--gather", *[faults.url(f"/{i}") for i in range(5)])
    assert [r["index"] for r in run.records] == [1, 2, 3, 4, 5]


def test_invalid_utf8(garner, faults):
    run = garner("--json", faults.url("/a%ff.bin"))
    assert run.status == 0 and run.record["path"] == "a_.bin", run
