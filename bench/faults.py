#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What comes out when a server goes wrong: garner and its peers against the fault server of the tests.

    bench/faults.py      every fault with every tool that is installed, ROUNDS times; prints a Markdown table

Each tool is given the broken URL between two good ones, with no retries and a time limit of ten seconds. "right": the
file is whole and the status 0. "error": the status tells, and nothing stands under the final name. Everything else
is spelled out; "good ones lost" says that the good URLs suffered. What differs from round to round is told by "or",
the most frequent first; what came once only may be a slow machine's, and is left out. It asserts nothing.
"""

import asyncio
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))
import faultserver  # noqa: E402

ROUNDS = 5
SIZE = 300_000
RIGHT = faultserver.body(SIZE)
FAULTS = {
    "nothing wrong": {},
    "cut short of its length": {"cut": 100_000},
    "cut, no length (HTTP cannot tell)": {"cut": 100_000, "no_length": 1},
    "cut inside a chunk": {"cut": 100_000, "chunked": 1},
    "wrong chunk sizes": {"chunked": "bad"},
    "reset inside the body": {"reset": 100_000},
    "reset inside the header": {"reset": "header"},
    "stalls inside the body": {"stall": 100_000},
    "closed without a reply": {"drop": 1},
    "no HTTP": {"garbage": 1},
    "header of 400 KB": {"big_header": 400_000},
    "differing Content-Lengths": {"lengths": f"100000,{SIZE}"},
    "Content-Length of 2^63-1": {"lengths": str(2**63 - 1)},
    "more bytes than the length": {"extra": 1000},
    "corrupt gzip": {"gzip": "corrupt"},
    "404 with a body": {"status": 404},
    "429": {"status": 429},
    "206 that nobody asked for": {"status": 206},
    "redirect loop": {"status": 302, "location": "self"},
}
GARNER = os.environ.get("GARNER", str(pathlib.Path(__file__).resolve().parents[1] / "garner"))
TOOLS = {
    "garner": [GARNER, "-q", "--retry", "0", "--stall-timeout", "2", "--first-byte-timeout", "2", "--compressed", "-o",
               "{name}"],
    "curl -Z": ["curl", "-sSfLZ", "--compressed", "--speed-time", "2", "--speed-limit", "1", "--remote-name-all"],
    "wget2": ["wget2", "-q", "--tries=1", "--read-timeout=2"],
    "wget": ["wget", "-q", "--tries=1", "--read-timeout=2"],
    "aria2c": ["aria2c", "-q", "--max-tries=1", "--timeout=2", "-Z"],
}


def bodies(directory):
    """What stands under final names, by the name's beginning (wget keeps the query in it)."""
    found = {}
    for path in pathlib.Path(directory).iterdir():
        if path.is_file() and not path.name.endswith((".part", ".part.json", ".aria2")):
            found[path.name.split("?")[0]] = path.read_bytes()
    return found


def outcome(command, server, fault):
    urls = [server.url("/before", size=SIZE), server.url("/bad", size=SIZE, **fault), server.url("/after", size=SIZE)]
    with tempfile.TemporaryDirectory() as directory:
        try:
            status = subprocess.run(command + urls, cwd=directory, capture_output=True, timeout=10).returncode
        except subprocess.TimeoutExpired:
            status = None
        found = bodies(directory)
    words = []
    if status is None:
        words.append("hangs")
    bad = found.get("bad")
    if bad == RIGHT:
        words.append("right" if status == 0 else f"right, status {status}")
    elif bad is None:
        words.append("error" if status != 0 else "**no file, status 0**")
    elif status == 0:
        words.append(f"**wrong file of {len(bad)} bytes, status 0**")
    else:
        words.append(f"error, but a wrong file of {len(bad)} bytes")
    if any(found.get(name) != RIGHT for name in ("before", "after")):
        words.append("**good ones lost**")
    return ", ".join(words)


def outcomes(command, server, fault):
    counts = collections.Counter(outcome(command, server, fault) for _ in range(ROUNDS))
    return " or ".join(words for i, (words, n) in enumerate(counts.most_common()) if i == 0 or n > 1)


def main():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    server = faultserver.FaultServer(loop)
    tools = {name: command for name, command in TOOLS.items() if shutil.which(command[0])}
    print("| the server | " + " | ".join(tools) + " |")
    print("|---|" + "---|" * len(tools))
    for name, fault in FAULTS.items():
        row = [outcomes(command, server, fault) for command in tools.values()]
        print(f"| {name} | " + " | ".join(row) + " |", flush=True)
    server.stop()


if __name__ == "__main__":
    main()
