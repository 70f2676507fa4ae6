# SPDX-License-Identifier: MIT
"""What is measured: the loads, who runs them, and the goals.

A scenario's rows are pairs of a tool and a load. The goals are functions of the results that say
a number, and the most it should be.
"""

import os
import random
from dataclasses import dataclass, field
from functools import cached_property
from typing import Callable, Optional

import server as servers
from peers import Aria2, Axel, Curl, Floor, Garner, Lftp, Puf, Wget2, Xargs


@dataclass
class Load:
    """A list of URLs and the files that must come of it."""

    name: str
    urls: list
    expected: dict  # name: path of the file that it must equal
    jobs: int
    directory: str  # where its lists go
    cacert: Optional[str] = None
    segments: int = 0
    size: int = 0          # of the one file, with segments
    repeats: bool = False  # names come again, and overwrite
    until_there: bool = False  # ends when all is there: not all that is asked for comes

    @cached_property
    def list(self):
        return self._write("urls", "%s\n")

    @cached_property
    def curl_config(self):
        return self._write("curl", 'url = "%s"\n')

    def _write(self, kind, form):
        path = os.path.join(self.directory, f"{self.name}.{kind}")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(form % url for url in self.urls)
        return path


@dataclass
class Scenario:
    name: str
    title: str
    rows: Callable      # of a Bench: [(title, tool, load)]
    goals: Callable     # of Results: [(text, number or None, the most)]
    ideal: Optional[Callable] = None  # of a Bench: seconds
    rounds: Callable = lambda n: n
    ratios: bool = True  # all rows have the same load
    same_as: Optional[str] = None     # the scenario whose results these are
    limit: int = 120     # seconds a run may take
    needs_hosts: bool = False
    needs_late: bool = False
    notes: list = field(default_factory=list)


def flat(bench, kind, name, jobs, tls=False, count=None):
    """Small or big files, each once."""
    names = bench.files.small if kind != "big" else bench.files.big
    names = names[:count]
    url = bench.server.tls if tls else bench.server.url
    if kind == "big":
        bench.files.need_big(len(names))
    return Load(name, [url(f"/{kind}/{n}") for n in names], {n: bench.files.path(n) for n in names},
                jobs, bench.lists, cacert=bench.server.cacert if tls else None)


def garners(bench):
    p = bench.programs
    others = ["1", "auto"] if bench.cores > 2 else ["1"] if bench.cores > 1 else []  # two is the default
    return [Garner(p), *(Garner(p, "--loops", n) for n in others if p.garner_knows("--loops"))]


def everyone(bench, load):
    p = bench.programs
    floors = [Floor(p), Floor(p, "-1")] if load.cacert else [Floor(p)]
    tools = [*garners(bench), *floors, Curl(p), Curl(p, "--http1.1"), Aria2(p), Wget2(p), Xargs(p), Puf(p)]
    return [(tool.title, tool, load) for tool in tools]


def small_files(bench):
    return everyone(bench, flat(bench, "small", "s1", 64))


def big_files(bench):
    return everyone(bench, flat(bench, "big", "s2", 8))


def late_files(bench):
    return everyone(bench, flat(bench, "late", "s3", 256))


def late_files_many(bench):
    load, p = flat(bench, "late", "s3-1000", 1000), bench.programs
    tools = [*garners(bench), Floor(p), Curl(p)]
    return [(t.title + (", 300 at most" if isinstance(t, Curl) else ""), t, load) for t in tools]


def small_tls(bench):
    return everyone(bench, flat(bench, "small", "s4", 64, tls=True))


def big_tls(bench):
    return everyone(bench, flat(bench, "big", "s5", 8, tls=True))


def one_slow_file(bench):
    load, p = flat(bench, "big", "s6", 1, count=1), bench.programs
    load.urls = [url.replace("/big/", "/slow/") for url in load.urls]
    load.segments, load.size = 16, bench.files.big_size
    tools = [Aria2(p), Axel(p), Lftp(p), Wget2(p)]
    if p.garner_knows("--segments"):
        tools = [*garners(bench), *tools]
    return [(tool.title, tool, load) for tool in tools]


def repeating(bench, count):
    """count URLs that are all different, of names that come again and again."""
    names = bench.files.small
    urls = [bench.server.url(f"/many/{n // len(names)}/{names[n % len(names)]}") for n in range(count)]
    expected = {n: bench.files.path(n) for n in names[:count]}
    return Load(f"s7-{count}", urls, expected, 64, bench.lists, repeats=True)


def long_lists(bench):
    p = bench.programs
    few, some, many = (repeating(bench, max(100, int(n * bench.scale))) for n in (10000, 200000, 1000000))
    rows = [(Garner(p), few), (Garner(p), many), (Floor(p), few), (Floor(p), some), (Curl(p), some), (Wget2(p), some)]
    if bench.slow:
        rows.append((Aria2(p), some))
    return [(f"{tool.title}, {len(load.urls):,}", tool, load) for tool, load in rows]


def awaiting(bench):
    load, p = flat(bench, "small", "s8", 64), bench.programs
    return [(tool.title, tool, load) for tool in
            (Garner(p, "--as-completed"), Garner(p, "--gather"), Garner(p, "--json"))]


def many_hosts(bench):
    """As many files as in S1 from 999 hosts, in no order; and the same with 64 URLs (as many as run
    at once) of a silent host among them."""
    p, choice = bench.programs, random.Random(9)
    names = bench.files.small
    urls = [bench.server.url(f"/small/{name}", servers.HOSTS[n % len(servers.HOSTS)])
            for n, name in enumerate(names)]
    choice.shuffle(urls)
    expected = {n: bench.files.path(n) for n in names}
    answered = Load("s9", urls, expected, 64, bench.lists, until_there=True)
    mixed = list(urls)
    for n in range(64):
        mixed.insert(choice.randrange(len(mixed)), bench.server.silent(f"/silent{n}"))
    silent = Load("s9-silent", mixed, expected, 64, bench.lists, until_there=True)
    tools = [Garner(p), Curl(p), Aria2(p), Wget2(p)]
    return [(tool.title + suffix, tool, load) for tool in tools
            for suffix, load in ((ALL_ANSWER, answered), ("", silent))]


ALL_ANSWER = ", all answer"

ALL = [
    Scenario("S1", "10,000 x 4 KiB, HTTP/1.1, 64 at once", small_files,
             lambda r: [("garner to the best peer (aim 0.85)", r.to_peer(), 1.0), ("garner to the floor", r.to_floor(), 1.15)]),
    Scenario("S2", "8 x 256 MiB, HTTP/1.1, 8 at once", big_files,
             lambda r: [("garner to the best peer", r.to_peer(), 0.95)]),
    Scenario("S3", "10,000 x 4 KiB, first byte after 50 ms, 256 at once", late_files,
             lambda r: [("garner to the ideal", r.to_ideal(), 1.10)], needs_late=True,
             ideal=lambda b: len(b.files.small) / 256 * 0.05),
    Scenario("S3-1000", "the same, 1,000 at once", late_files_many,
             lambda r: [("garner to the ideal", r.to_ideal(), 1.4)], needs_late=True,
             ideal=lambda b: len(b.files.small) / 1000 * 0.05),
    Scenario("S4", "S1 over TLS, HTTP/2 where spoken", small_tls,
             lambda r: [("garner to the best peer", r.to_peer(), 0.75)]),
    Scenario("S5", "S2 over TLS", big_tls,
             lambda r: [("garner to the best peer", r.to_peer(), 0.95)]),
    Scenario("S6", "one 256 MiB file, 10 MiB/s a connection, 16 connections", one_slow_file,
             lambda r: [("garner to the best peer", r.to_peer(), 1.0)],
             ideal=lambda b: b.files.big_size / (16 * 10 * 2 ** 20),
             notes=["nginx sends what is a request's share of its first second at once"]),
    Scenario("S7", "a million URLs of 4 KiB, names repeating, overwritten, 64 at once", long_lists,
             lambda r: [("MiB at a million entries", r.memory(1), 32),
                        ("MiB more than at 10,000", r.memory_between(0, 1), 2)],
             rounds=lambda n: 1, ratios=False, limit=600),
    Scenario("S8", "S1 by garner: --as-completed, --gather, --json", awaiting,
             lambda r: [("--gather to --as-completed", r.between(1, 0), 1.03),
                        ("--json to none", r.between(2, 0), 1.05)],
             rounds=lambda n: 2 * n, ratios=False),
    Scenario("S9", "10,000 x 4 KiB of 1,000 hosts, one of them silent, 64 at once: time to the last "
             "file of the others", many_hosts,
             lambda r: [("garner to itself where all answer", r.between(1, 0), 1.05)],
             ratios=False, limit=10, needs_hosts=True),
    Scenario("S10", "S1: processor time a request", small_files,
             lambda r: [("garner's processor time to the floor's", r.cpu_to_floor(), 1.2)], same_as="S1"),
]


def chosen(words):
    """The scenarios that words name: S3 is S3 and S3-1000; nothing is all."""
    wanted = [w.upper() for w in words.replace(",", " ").split()]
    for word in wanted:
        if not any(s.name == word or s.name.startswith(word + "-") for s in ALL):
            raise SystemExit(f"bench: there is no scenario {word}: S1 to S10")
    return [s for s in ALL if not wanted or s.name in wanted or s.name.split("-")[0] in wanted]
