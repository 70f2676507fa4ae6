# SPDX-License-Identifier: MIT
"""--exec: a command for each file; its end is part of the entry's."""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest


def listed(garner, name="j"):
    path = garner.path(name)
    return [json.loads(line)["path"] for line in path.read_text().splitlines()] if path.exists() else []


def processes(mark):
    """Those whose command line holds the mark, the helper of a run among them not."""
    found = []
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (directory / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in words and b"garner" not in words.split(b"\0")[0]:
            found.append(int(directory.name))
    return found


def until(condition, what, timeout=20):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"no {what} in {timeout} s"
        time.sleep(0.01)


def script(garner, text, name="script"):
    path = garner.write(name, "#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


def test_words_and_surroundings(garner, faults):
    """Names from a server are words of their own; nothing of ours is in the child but standard error."""
    tell = script(garner, 'for w; do echo "word <$w>"; done; echo "in <$(cat)>"; ls /proc/self/fd | wc -l\n'
                          'echo "$PWD"; grep -i "SigIgn\\|SigBlk\\|NoNewPrivs\\|Max open" /proc/self/status /proc/self/limits\n'
                          "echo err >&2; touch made-by-command; echo x > /dev/shm/$$ && rm /dev/shm/$$ && echo free\n")
    url = faults.url("/a b;$(touch hurt)*")
    line = json.dumps({"url": url, "id": "i d\n2"})
    run = garner("--exec", f"{tell} {{path}} '{{url}}' x{{id}}", "--exec-jobs", 1, "-d", "d", "-i", "-", input=line.encode())
    assert run.status == 0 and run.lines == ["d/a b;$(touch hurt)*"], run
    assert f"word <d/a b;$(touch hurt)*>\nword <{url}>\nword <xi d\n2>\nin <>\n4\n{garner.dir}\n" in run.stderr, run
    ignored = int(run.stderr.split("SigIgn:")[1].split()[0], 16)
    assert "SigBlk:\t0000000000000000" in run.stderr and not any(ignored >> (s - 1) & 1 for s in
                                                                (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT)), run
    assert "NoNewPrivs:\t0" in run.stderr and "err\nfree\n" in run.stderr, run
    assert "made-by-command" in run.files and "hurt" not in run.files


def test_path_is_appended(garner, faults):
    assert garner("--exec", "gzip -k", faults.url("/a")).status == 0
    assert garner.files() == ["a", "a.gz"]
    run = garner("--exec", "cp {path} -", "-o", "-x", faults.url("/b"))
    assert run.status == 0 and "-" in run.files and garner.read("-") == faults.body(), run


FAILURES = [("false", "EXIT_1"), ("sh -c 'exit 77' sh {path}", "EXIT_77"), ("sh -c 'kill -KILL $$' sh {path}", "SIGKILL"),
            ("./missing", "ENOENT"), ("{path}", "EACCES"), ("/etc", "EACCES")]


@pytest.mark.parametrize("command, code", FAILURES)
def test_failures(garner, faults, command, code):
    """The entry fails, the file stays, and there is no line in the journal."""
    run = garner("--json", "--journal", "j", "--failures", "f", "--exec", command, faults.url("/a"))
    record = run.record
    assert (run.status, record["state"], record["path"]) == (1, "failed", "a"), run
    assert (record["error"]["kind"], record["error"]["code"]) == ("exec", code), run
    assert garner.read("a") == faults.body() and listed(garner) == []
    assert garner.read("f").decode().startswith(record["url"] + "\n")


def test_run_again_with_a_journal(garner, faults):
    """What the journal does not list has not had its command; what it lists has."""
    flaky = script(garner, 'echo "$1" >> ran; test -e good || test "$1" = d/b\n')
    urls = [faults.url(f"/{n}") for n in "abc"]
    args = ["-d", "d", "--journal", "j", "--exec", flaky, *urls]
    assert garner(*args).status == 1
    assert sorted(listed(garner)) == ["d/b"]
    garner.write("good", "")
    run = garner("--json", *args)
    assert run.status == 0 and sorted(listed(garner)) == ["d/a", "d/b", "d/c"], run
    assert sorted((r["path"] or "-", r["reason"]) for r in run.records) == \
        [("-", "journal"), ("d/a", "exists"), ("d/c", "exists")], run
    assert garner(*args).status == 0
    assert sorted(garner.read("ran").decode().split()) == ["d/a", "d/a", "d/b", "d/c", "d/c"]
    assert len(faults.requests()) == 3
    # a digest that was verified is as good as a name, a failed command after it is one as well
    digest = subprocess.run(["sha256sum", garner.path("d/a")], capture_output=True, text=True).stdout.split()[0]
    args = ["--json", "-d", "d", "--journal", "k", "--checksum", digest, urls[0]]
    run = garner("--exec", "false", *args)
    assert (run.status, run.record["error"]["kind"], run.record["reason"]) == (1, "exec", None) and not listed(garner, "k"), run
    run = garner("--exec", "true", *args)
    assert (run.status, run.record["reason"]) == (0, "verified") and listed(garner, "k") == ["d/a"], run


def test_not_for_others(garner, faults):
    """Without a journal what is there is skipped; nor has a duplicate, or a foreign file, a command."""
    garner.write("foreign", "mine")
    url = faults.url("/a")
    args = ["--json", "--exec", "sh -c 'echo \"$1\" >> ran' sh {path}"]
    assert garner(*args, url, url, "--journal", "j", faults.url("/foreign")).status == 0
    assert garner(*args, url).status == 0
    assert garner("--dry-run", *args, faults.url("/new")).status == 0
    assert garner.read("ran") == b"a\n"


def test_no_password_in_the_words(garner, faults):
    url = faults.url("/a", auth="me:sesame").replace("http://", "http://me:sesame@")
    run = garner("--exec", "echo url={url}", url)
    assert run.status == 0 and "url=http://me:***@127" in run.stderr and ":sesame" not in run.stderr, run


def test_id_is_needed(garner, faults):
    run = garner("--json", "--exec", "echo {id}", faults.url("/a"))
    assert (run.status, run.record["error"]["kind"]) == (1, "input") and not faults.requests(), run


def test_fail_fast(garner, faults):
    urls = [faults.url("/a"), faults.url("/b", gate="never")]
    run = garner("--json", "--fail-fast", "--exec", "false", *urls)
    assert run.status == 1 and [r["state"] for r in run.records] == ["failed", "cancelled"], run


def test_jobs_and_slots(garner, faults):
    """At most --exec-jobs at once, and a command holds no download's slot."""
    command = script(garner, 'mkdir -p on; touch "on/$$"; ls on | wc -l >> count\n'
                             'while ! test -e go; do sleep 0.02; done; rm "on/$$"\n')
    run = garner.start("-j", 1, "-d", "d", "--exec-jobs", 2, "--exec", command, *[faults.url(f"/{i}") for i in range(6)])
    until(lambda: len([f for f in garner.files() if f.startswith("d/") and "part" not in f]) == 6, "downloads")
    assert len([f for f in garner.files() if f.startswith("on/")]) <= 2 and run.output() == ""
    garner.write("go", "")
    result = run.wait()
    assert result.status == 0 and len(result.lines) == 6, result
    assert set(garner.read("count").decode().split()) <= {"1", "2"}


def mark_of(tmp_path):
    return f"--mark={tmp_path}"


def waiting(garner, faults, mark, trap="", count=3, *args):
    """A run whose commands are under way, each with a child of its own."""
    command = f"sh -c '{trap}sleep 1000 & echo on >> began; wait; wait' {mark} {{path}}"
    run = garner.start("--json", "--journal", "j", "--exec-jobs", 2, "--exec", command, *args,
                       *[faults.url(f"/{i}") for i in range(count)])
    until(lambda: garner.path("began").exists() and garner.read("began").count(b"on") == min(count, 2), "commands")
    return run


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_interrupt(garner, faults, tmp_path, signum):
    """The first signal ends the commands by their groups, and awaits them; the next run runs them again."""
    run = waiting(garner, faults, mark_of(tmp_path))
    until(lambda: len(garner.files()) >= 4, "files")
    until(lambda: len(processes(mark_of(tmp_path))) == 2, "two commands")  # a child looks like one until it is sleep
    run.send(signum)
    result = run.wait()
    assert result.signal == signum and not processes(mark_of(tmp_path)), result
    assert sorted(r["state"] for r in result.records) == ["cancelled"] * 3, result
    assert listed(garner) == []
    assert garner("--journal", "j", "--exec", "true", *[r["url"] for r in result.records]).status == 0
    assert sorted(listed(garner)) == ["0", "1", "2"]


def test_stubborn_and_second_interrupt(garner, faults, tmp_path):
    """Who ignores SIGTERM is killed after two seconds; a second Ctrl-C waits for nobody."""
    mark = mark_of(tmp_path)
    run = waiting(garner, faults, mark, 'trap "" TERM; ', 1)
    began = time.monotonic()
    run.send()
    result = run.wait()
    assert result.status == 130 and time.monotonic() - began > 1.5 and not processes(mark), result
    garner.path("began").unlink()
    garner.path("0").unlink()
    run = waiting(garner, faults, mark, 'trap "" TERM; ', 1)
    run.send()
    time.sleep(0.2)
    assert run.running()
    run.send()
    assert run.wait(5).signal == signal.SIGINT
    until(lambda: not processes(mark), "end of the commands", 5)


def test_killed(garner, faults, tmp_path):
    """Nobody is left when garner itself is killed."""
    run = waiting(garner, faults, mark_of(tmp_path))
    run.kill()
    until(lambda: not processes(mark_of(tmp_path)), "end of the commands", 10)


def test_timeout_and_task_timeout(garner, faults, tmp_path):
    """--timeout ends commands as well; --task-timeout is about the download."""
    run = garner("--json", "--task-timeout", "300ms", "--exec", "sleep 0.6 -", faults.url("/a"))
    assert run.status == 1 and run.record["error"]["code"] == "EXIT_1", run  # sleep knows no '-'
    run = garner("--json", "--task-timeout", "300ms", "--exec", "sh -c 'sleep 0.6' sh {path}", faults.url("/b"))
    assert run.status == 0, run
    run = garner("--json", "--timeout", "1s", "--exec", f"sh -c 'sleep 1000' {mark_of(tmp_path)} {{path}}", faults.url("/c"))
    assert (run.status, run.record["state"], run.record["error"]["kind"]) == (124, "cancelled", "timeout"), run
    assert not processes(mark_of(tmp_path)) and garner.read("c") == faults.body()


def test_drain(garner, faults, tmp_path):
    command = script(garner, "echo on > began; while ! test -e go; do sleep 0.02; done\n")
    run = garner.start("--json", "--on-interrupt", "drain", "--exec", command, faults.url("/a"))
    until(lambda: garner.path("began").exists(), "command")
    run.send()
    run.until(lambda: "finishing" in run.errors(), "note")
    garner.write("go", "")
    result = run.wait()
    assert (result.status, result.record["state"]) == (130, "finished"), result


def test_closed_pipe(garner, faults):
    """A reader of standard output that goes away does not wait for the helper."""
    read, write = os.pipe()
    run = garner.start("--exec", "sh -c 'sleep 1000' sh {path}", faults.url("/a"), faults.url("/b", gate="never"), stdout=write)
    os.close(write)
    until(lambda: garner.path("a").exists(), "file")
    os.close(read)
    assert run.wait(10).status == 141


def test_remarks(garner, faults):
    run = garner("--exec", "nonesuch {path}", faults.url("/a"))
    assert run.status == 1 and "there is no program 'nonesuch'" in run.stderr, run
    run = garner("--exec", "true {path} && false", faults.url("/b"))
    assert run.status == 0 and "without a shell" in run.stderr, run
