#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What garner and its peers do, seen: the comparison in README.md.

    bench/compare.py                        every question to every tool that is installed: a Markdown table
    bench/compare.py grow hang              these questions only
    bench/compare.py --tools 'curl -Z' -v   of these tools only, with the commands that are run

Each tool gets the options that serve it best, where its manual has some; "-": it has none. Servers are on loopback
(tests/e2e/faultserver.py). It asserts nothing.
"""

import argparse
import asyncio
import hashlib
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests" / "e2e"))
import faultserver  # noqa: E402

GARNER = os.environ.get("GARNER", str(TOP / "garner"))
TOOLS = {"garner": GARNER, "curl -Z": "curl", "wget2": "wget2", "aria2c": "aria2c", "xargs + curl": "xargs"}
NONE = "-"
PARTIAL = (".part", ".part.json", ".aria2")


class Run:
    """One question to one tool: a directory of its own, a server of its own."""

    def __init__(self, loop, tool, verbose):
        self.server = faultserver.FaultServer(loop)
        self.tool, self.verbose = tool, verbose
        self.temporary = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self.temporary.name)

    def close(self):
        self.server.stop()
        self.temporary.cleanup()

    def start(self, urls, text=None, **options):
        """Starts the tool's command of `options`; "LIST" in it is a file of the URLs (or of this text)."""
        command = options[self.tool.split()[0]]
        (self.dir / "LIST").write_text(text or "".join(f"{url}\n" for url in urls))
        (self.dir / "CONFIG").write_text("".join(f'url = "{url}"\n' for url in urls))
        command = command.replace("garner", shlex.quote(GARNER), 1) if self.tool == "garner" else command
        if self.verbose:
            print(f"$ {command}", file=sys.stderr)
        return subprocess.Popen(["bash", "-c", f"exec {command}" if "<" not in command else command], cwd=self.dir,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                start_new_session=True)

    def run(self, urls, text=None, timeout=20, **options):
        """(status, standard output); None for one that did not end."""
        process = self.start(urls, text, **options)
        try:
            out, _ = process.communicate("", timeout=timeout)
            return process.returncode, out
        except subprocess.TimeoutExpired:
            self.kill(process)
            return None, ""

    @staticmethod
    def kill(process):
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def files(self):
        """{name: bytes} of what stands under final names (wget2 keeps the query in them)."""
        return {p.name.split("?")[0]: p.read_bytes() for p in self.dir.iterdir()
                if p.name not in ("LIST", "CONFIG") and not p.name.endswith(PARTIAL)}

    def wait(self, condition, seconds):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            time.sleep(0.05)
        return condition()


# Plain downloads of a list, as many at once as the tool can be told.
PLAIN = {
    "garner": "garner -q -o '{name}' -i LIST",
    "curl": "curl -sSfLZ --parallel-immediate --parallel-max 64 --remote-name-all -K CONFIG",
    "wget2": "wget2 -q --max-threads=64 -i LIST",
    "aria2c": "aria2c -q -j 64 -i LIST",
    "xargs": "xargs -a LIST -n 1 -P 64 curl -sSfLO",
}


def again(run):
    """The same command again: requests for 10 files that are there"""
    commands = dict(PLAIN, wget2=PLAIN["wget2"] + " -nc", aria2c=PLAIN["aria2c"] + " --auto-file-renaming=false")
    urls = [run.server.url(f"/{n}") for n in range(10)]
    run.run(urls, **commands)
    before = len(run.server.requests())
    run.run(urls, **commands)
    return str(len(run.server.requests()) - before)


def grow(run):
    """A list that is still being written, on standard input: files come before its end"""
    commands = {
        "garner": "garner -q",
        "curl": "curl -sSfLZ --parallel-immediate --remote-name-all -K -",
        "wget2": "wget2 -q -i -",
        "aria2c": "aria2c -q -i -",
        "xargs": "xargs -n 1 -P 8 curl -sSfLO",
    }
    url = run.server.url("/first")
    process = run.start([], **commands)
    process.stdin.write(f'url = "{url}"\n' if run.tool == "curl -Z" else f"{url}\n")
    process.stdin.flush()
    there = run.wait(lambda: "first" in run.files(), 5)
    run.kill(process)
    return "yes" if there else "no"


def hang(run):
    """100 URLs of a host that hangs, then 10 of another, 64 at once: of the 10, there after 5 s"""
    urls = [run.server.url(f"/slow{n}", host="127.0.0.2", stall="start") for n in range(100)]
    urls += [run.server.url(f"/good{n}") for n in range(10)]
    process = run.start(urls, **PLAIN)
    process.stdin.close()
    good = lambda: sum(name.startswith("good") for name in run.files())  # noqa: E731
    run.wait(lambda: good() == 10, 5)
    count = good()
    process.stdin = None
    run.kill(process)
    return str(count)


def busy(run):
    """20 URLs of a host that says 429, Retry-After: 1, to the first request for each: files in the end"""
    commands = dict(PLAIN, curl=PLAIN["curl"] + " --retry 5", xargs=PLAIN["xargs"] + " --retry 5",
                    wget2=PLAIN["wget2"] + " --waitretry=1 --tries=5",
                    aria2c=PLAIN["aria2c"] + " --retry-wait=1 --max-tries=5")
    urls = [run.server.url(f"/{n}", status="429,200", retry_after=1) for n in range(20)]
    run.run(urls, **commands)
    return str(sum(data == faultserver.body(100) for data in run.files().values()))


def changed(run):
    """A file that was cut off, then changed on the server, then resumed"""
    commands = dict(PLAIN, curl=PLAIN["curl"] + " -C -", xargs=PLAIN["xargs"] + " -C -", wget2=PLAIN["wget2"] + " -c",
                    aria2c=PLAIN["aria2c"] + " -c --max-tries=1", garner=PLAIN["garner"] + " --retry 0")
    size = 300_000
    urls = [run.server.url("/file", ranges=1, version="1,2", seed="{v}", etag='"v{v}"', size=size, cut=100_000, fail=1)]
    run.run(urls, **commands)
    status, _ = run.run(urls, **commands)
    data = run.files().get("file")
    if data in (faultserver.body(size, 1), faultserver.body(size, 2)):
        return "the new file"
    if data is None:
        return f"no file, status {status}"
    joined = len(data) == size
    return f"**{'two versions joined' if joined else f'a file of {len(data)} of {size} bytes'}, status {status}**"


def interrupt(run):
    """Ctrl-C amid 5 files: incomplete ones under their final names"""
    urls = [run.server.url(f"/{n}", size=400_000, gate="end", gate_at=200_000) for n in range(5)]
    process = run.start(urls, **PLAIN)
    process.stdin.close()
    run.wait(lambda: run.server.waiting("end") == 5, 5)
    time.sleep(1)  # what was sent is written by now
    os.killpg(process.pid, signal.SIGINT)
    process.stdin = None
    try:
        process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        run.kill(process)
    beside = any(p.name.endswith(".aria2") for p in run.dir.iterdir())
    return f"{len(run.files())}{' (with .aria2 beside)' if beside else ''}"


def digest(run):
    """A file that differs from the SHA-256 in the list"""
    url = run.server.url("/file")
    wrong = hashlib.sha256(b"something else").hexdigest()
    text = f"{url}\n  checksum=sha-256={wrong}\n"
    if run.tool not in ("garner", "aria2c"):
        return NONE
    status, _ = run.run([], text, **PLAIN)
    return f"{'kept' if run.files() else 'refused'}, status {status}"


def mirrors(run):
    """A file with two mirrors, the first of which is down"""
    if run.tool not in ("garner", "aria2c"):
        return NONE
    text = f"http://127.0.0.1:1/file\t{run.server.url('/file')}\n"
    status, _ = run.run([], text, **PLAIN)
    return "the file" if run.files().get("file") == faultserver.body(100) else f"no file, status {status}"


def segments(run):
    """One large file, 4 connections: requests for parts of it at once"""
    commands = {
        "garner": "garner -q -o '{name}' --segments 4 -i LIST",
        "wget2": "wget2 -q --chunk-size=2M --max-threads=4 -i LIST",
        "aria2c": "aria2c -q -x 4 -s 4 -k 1M -i LIST",
    }
    if run.tool.split()[0] not in commands:
        return NONE
    run.run([run.server.url("/file", ranges=1, size=8 << 20, etag='"x"', drip="65536,0.01")], **commands)
    whole = run.files().get("file") == faultserver.body(8 << 20)
    return f"{run.server.peak()}{'' if whole else ', **wrong bytes**'}"


def records(run):
    """2 files and a failure: JSON records, and those that say what went wrong"""
    commands = {
        "garner": "garner -q --json -i LIST",
        "curl": "curl -sSfLZ --remote-name-all -w '%{json}\\n' -K CONFIG",
        "xargs": "xargs -a LIST -n 1 -P 8 curl -sSfLO -w '%{json}\\n'",
    }
    if run.tool.split()[0] not in commands:
        return NONE
    _, out = run.run([run.server.url("/a"), run.server.url("/bad", status=404), run.server.url("/b")], **commands)
    found = []
    for line in out.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            pass
    told = sum(bool(r.get("errormsg") or r.get("error")) for r in found)
    return f"{len(found)}, {told}"


def shared(run):
    """Two URLs that end in the same name: files"""
    run.run([run.server.url("/x/file", seed=1), run.server.url("/y/file", seed=2)], **PLAIN)
    return str(len([p for p in run.dir.iterdir() if p.name not in ("LIST", "CONFIG")]))


QUESTIONS = {q.__name__: q for q in (again, grow, hang, busy, interrupt, changed, shared, digest, mirrors, segments, records)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=", ".join(QUESTIONS))
    parser.add_argument("--tools", nargs="+", default=list(TOOLS), choices=list(TOOLS), metavar="TOOL")
    parser.add_argument("-v", "--verbose", action="store_true", help="say the commands")
    args = parser.parse_args()
    unknown = set(args.questions) - set(QUESTIONS)
    if unknown:
        parser.error(f"no such question: {', '.join(unknown)}; there are {', '.join(QUESTIONS)}")
    os.environ.update(HOME="/nonexistent", LC_ALL="C.UTF-8")
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    tools = [tool for tool in TOOLS if tool in args.tools and shutil.which(TOOLS[tool])]
    print(f"| | {' | '.join(tools)} | `bench/compare.py` |")
    print("|---|" + "---|" * (len(tools) + 1))
    for name in args.questions or QUESTIONS:
        answers = []
        for tool in tools:
            run = Run(loop, tool, args.verbose)
            try:
                answers.append(QUESTIONS[name](run))
            finally:
                run.close()
        print(f"| {QUESTIONS[name].__doc__} | {' | '.join(answers)} | `{name}` |", flush=True)


if __name__ == "__main__":
    main()
