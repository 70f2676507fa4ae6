# SPDX-License-Identifier: MIT
"""Runs the scenarios: every tool in turn, round after round; what came is compared with what was
served. README.md says how to use it and how to read what it prints."""

import datetime
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import scenarios
import server as servers
import table
from peers import Programs

CHUNK = 1 << 18  # two of them fit into a core's cache


def above_zero(name, text, kind=int):
    """What a setting says, which is a number."""
    try:
        value = kind(text)
    except ValueError:
        value = 0
    if not value > 0:
        raise SystemExit(f"bench: {name}: '{text}' is not a {'whole ' if kind is int else ''}number above 0")
    return value


def setting(name, usual, kind=int):
    return above_zero(name, os.environ.get(name) or usual, kind)


class Bench:
    """The settings, the files and the server that the scenarios are measured with."""

    def __init__(self):
        self.rounds, self.scale = setting("ROUNDS", 5), setting("SCALE", 1, float)
        self.slow = bool(os.environ.get("SLOW"))
        self.cores = len(os.sched_getaffinity(0))
        self.programs = Programs()
        for program in (self.programs.garner, self.programs.floor):
            if not program.path:
                raise SystemExit(f"bench: {program.missing()}")
        if servers.why_not():
            raise SystemExit(f"bench: {servers.why_not()}")
        self.measure = os.path.abspath("bench/measure")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # server and files do not stay
        self.dir = self._make_directory(os.environ.get("BENCH_DIR") or "/dev/shm")
        self.lists, self.out = os.path.join(self.dir, "lists"), os.path.join(self.dir, "out")
        os.mkdir(self.lists)
        os.mkdir(os.path.join(self.dir, "home"))
        self.env = {k: v for k, v in os.environ.items()
                    if not k.lower().endswith("_proxy") and not k.startswith("XDG_") and k != "MAKEFLAGS"}
        self.env["HOME"] = os.path.join(self.dir, "home")
        self.files = self.server = None

    @staticmethod
    def _make_directory(place):
        try:
            return tempfile.mkdtemp(prefix="garner-bench-", dir=place)
        except OSError as error:
            raise SystemExit(f"bench: no directory for the files (BENCH_DIR): {place}: {error.strerror}") from error

    def start(self, with_hosts):
        self.files = servers.Files(os.path.join(self.dir, "root"), small=max(64, int(10000 * self.scale)),
                                   big_size=max(1 << 20, int(servers.BIG_SIZE * self.scale)))
        self.server = servers.Server(os.path.join(self.dir, "nginx"), self.files.root,
                                     servers.HOSTS if with_hosts else ())

    def stop(self):
        if self.server:
            self.server.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def equal(path, other):
    with open(path, "rb") as a, open(other, "rb") as b:
        while True:
            one, two = a.read(CHUNK), b.read(CHUNK)
            if one != two:
                return False
            if not one:
                return True


def look(load, out):
    """What is wrong with the files below out, or nothing."""
    found, differ = {}, 0
    for place, _, names in os.walk(out):
        for name in names:
            if name in load.expected:
                found[name] = os.path.join(place, name)
                differ += not equal(found[name], load.expected[name])
            elif not load.until_there:
                return f"{name} is there, which nobody asked for"
    missing = len(load.expected) - len(found)
    return ", ".join(text for n, text in ((missing, f"{missing} files are missing"),
                                          (differ, f"{differ} files differ")) if n)


def last_change(load, out):
    """When the last file of the load got its name, in seconds since 1970."""
    return max(os.stat(os.path.join(out, name)).st_ctime for name in load.expected)


def all_there(load, out):
    names = os.listdir(out)
    return len(names) >= len(load.expected) and load.expected.keys() <= set(names)


def wait_until(process, load, bench, limit):
    """Waits for the end, or for all files, but no longer than limit seconds: whether it had to be
    ended."""
    end = time.monotonic() + limit
    try:
        if not load.until_there:
            process.wait(limit)
        while process.poll() is None and time.monotonic() < end and not all_there(load, bench.out):
            time.sleep(0.02)
        return process.poll() is None
    except subprocess.TimeoutExpired:
        return True
    finally:
        stop(process)


def stop(process):
    """Ends the group of a process that still runs."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                pass


def run_once(bench, tool, load, limit):
    """One run: a table.Run."""
    os.mkdir(bench.out)
    words, report = tool.command(load, bench.out), os.path.join(bench.dir, "report")
    before = bench.server.requests()
    with open(load.list if tool.reads_list else os.devnull, "rb") as source, \
            open(os.path.join(bench.dir, "stdout"), "wb") as stdout, \
            open(os.path.join(bench.dir, "stderr"), "wb") as stderr:
        started = time.time()
        process = subprocess.Popen([bench.measure, report, *words], cwd=bench.out, env=bench.env,
                                   stdin=source, stdout=stdout, stderr=stderr, start_new_session=True)
        over = wait_until(process, load, bench, limit)
    run = judge(bench, load, report, over, limit)
    if load.until_there and not run.wrong:
        run.seconds = last_change(load, bench.out) - started
    asked = bench.server.requests() - before - 1
    if not run.wrong and asked < len(load.urls) and not load.until_there:
        run.wrong = f"the server saw {asked} requests of {len(load.urls)}"
    bench.server.hush()
    shutil.rmtree(bench.out)
    return run


def judge(bench, load, report, over, limit):
    with open(report, encoding="ascii") as file:
        said = file.read().split()
    if len(said) != 5:
        return table.Run(limit, 0, 0, f"not done after {limit} s", True)
    seconds, user, system, peak, status = (float(word) for word in said)
    wrong = look(load, bench.out)
    if over and not load.until_there:
        wrong = f"not done after {limit} s"
    elif over and wrong:
        wrong = f"{wrong} after {limit} s"
    elif status and not over:
        with open(os.path.join(bench.dir, "stderr"), encoding="utf-8", errors="replace") as file:
            lines = file.read().strip().splitlines()
        wrong = "; ".join(filter(None, [wrong, f"exit status {status:.0f}", *lines[-1:]]))
    return table.Run(seconds, user + system, peak / 1024, wrong, over)


def rests(row, results, compared):
    """Whether a peer is so far behind that no more rounds are worth the time."""
    if row.kind != "peer" or not row.runs or os.environ.get("ALL"):
        return False
    if not row.right():
        return True
    best = results.best_peer() if compared else None
    fastest = row.spread()[0]
    return best and (fastest > 5 * best or fastest > 2 * best and len(row.runs) > 1)


def say(text):
    print(text, file=sys.stderr, flush=True)


def warm_up(bench, rows, rounds, limit):
    """The first to come would pay for fresh pages of the files and of tmpfs."""
    floors = [(tool, load) for row, tool, load in rows if row.kind == "floor"]
    if rounds > 1 and floors:
        run_once(bench, *floors[0], limit)


def run_scenario(bench, scenario):
    """Interleaved rounds of all rows: (Results, notes)."""
    rows, notes = [], list(scenario.notes)
    for title, tool, load in scenario.rows(bench):
        if tool.command(load, bench.out) is None:
            continue
        if tool.missing():
            notes.append(f"{title}: {tool.missing()}")
            continue
        rows.append((table.Series(title, tool.kind, len(load.urls)), tool, load))
    results = table.Results([row for row, _, _ in rows], scenario.ideal(bench) if scenario.ideal else None)
    rounds = scenario.rounds(bench.rounds)
    warm_up(bench, rows, rounds, scenario.limit)
    for number in range(rounds):
        for row, tool, load in rows:
            if rests(row, results, scenario.ratios):
                continue
            run = run_once(bench, tool, load, scenario.limit)
            row.runs.append(run)
            say(f"{scenario.name} {number + 1}/{rounds}  {row.title:<32} {run.seconds:8.3f} s  "
                f"{run.memory:7.1f} MiB  {run.wrong}")
    notes.append(f"{datetime.date.today()}, {rounds} round{'s' * (rounds > 1)}"
                 + (f", at {bench.scale} of the size" if bench.scale != 1 else ""))
    return results, notes


def run_all(bench, wanted):
    """The sections of RESULTS.md, and whether garner's bytes were right in all of them."""
    sections, had, right = [], {}, True
    for scenario in wanted:
        if scenario.needs_late and not servers.has_late():
            say(f"bench: {scenario.name} is left out: nginx has no echo module (Debian: libnginx-mod-http-echo)")
            continue
        name = scenario.same_as or scenario.name
        if name not in had:
            had[name] = run_scenario(bench, scenario)
        results, notes = had[name]
        right = right and all(row.right() for row in results.rows if row.kind == "garner")
        shown = name != scenario.name and any(s.startswith(f"## {name}:") for s in sections)
        sections.append(table.section(scenario, results, notes, f"The table is that of {name}." if shown else None))
        print(sections[-1], flush=True)
    return sections, right


def versions(programs):
    for program in (programs.garner, programs.floor, *programs.peers):
        if program.kind != "floor":
            yield program.version() if program.path else program.missing()
    ran = subprocess.run([servers.program(), "-v"], capture_output=True, text=True, check=False)
    yield ran.stderr.strip()


def main():
    wanted = scenarios.chosen(os.environ.get("SCENARIO", ""))
    bench, started = Bench(), time.monotonic()
    try:
        bench.start(any(s.needs_hosts for s in wanted))
        sections, right = run_all(bench, wanted)
        if bench.scale == 1 or os.environ.get("RESULTS"):
            table.write_results(os.environ.get("RESULTS") or os.path.join(os.path.dirname(__file__), "RESULTS.md"),
                                list(versions(bench.programs)), sections)
        say(f"bench: {time.monotonic() - started:.0f} s")
    finally:
        bench.stop()
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
