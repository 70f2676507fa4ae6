# SPDX-License-Identifier: MIT
"""Numbers into tables: a scenario's results, and RESULTS.md."""

import os
import platform
import re
import statistics
from dataclasses import dataclass


@dataclass
class Run:
    seconds: float
    cpu: float     # user and system
    memory: float  # MiB, of the largest process
    wrong: str     # what is wrong with the files, or empty
    over: bool = False  # it did not end in the time that it had


class Series:
    """The runs of one row."""

    def __init__(self, title, kind, requests):
        self.title, self.kind, self.requests, self.runs = title, kind, requests, []

    def right(self):
        return bool(self.runs) and not any(r.wrong for r in self.runs)

    def seconds(self):
        return statistics.median(r.seconds for r in self.runs)

    def spread(self):
        return min(r.seconds for r in self.runs), max(r.seconds for r in self.runs)

    def cpu(self):
        return statistics.median(r.cpu for r in self.runs)

    def memory(self):
        return max(r.memory for r in self.runs)


class Results:
    """A scenario's rows. What was not measured, or came out wrong, is None."""

    def __init__(self, rows, ideal=None):
        self.rows, self.ideal = rows, ideal

    def _best(self, kind, value=Series.seconds):
        return min((value(r) for r in self.rows if r.kind == kind and r.right()), default=None)

    def _first(self, value=Series.seconds):
        ours = [r for r in self.rows if r.kind == "garner"]
        return value(ours[0]) if ours and ours[0].right() else None

    def best_peer(self):
        return self._best("peer")

    def floor(self):
        return self._best("floor")

    def to_peer(self):
        return ratio(self._first(), self.best_peer())

    def to_floor(self):
        return ratio(self._first(), self.floor())

    def to_ideal(self):
        return ratio(self._first(), self.ideal)

    def cpu_to_floor(self):
        return ratio(self._first(Series.cpu), self._best("floor", Series.cpu))

    def between(self, one, other):
        """The time of row number one, to that of the other."""
        one, other = self.rows[one], self.rows[other]
        return one.seconds() / other.seconds() if one.right() and other.right() else None

    def memory(self, one):
        return self.rows[one].memory() if self.rows[one].right() else None

    def memory_between(self, one, other):
        one, other = self.memory(one), self.memory(other)
        return None if one is None or other is None else other - one


def ratio(value, of):
    return value / of if value and of else None


def number(value):
    return "-" if value is None else f"{value:.2f}"


def measured_row(row, results, ratios):
    low, high = row.spread()
    cells = [row.title, str(len(row.runs)), f"{row.seconds():.3f}", f"{low:.3f} - {high:.3f}"]
    if ratios:
        cells += [number(ratio(row.seconds(), results.best_peer())),
                  number(ratio(row.seconds(), results.floor()))]
    return cells + [f"{row.memory():.1f}", f"{row.cpu():.2f}", f"{row.cpu() / row.requests * 1e6:.0f}"]


def table(results, ratios):
    """Markdown that lines up on a terminal too."""
    head = ["", "runs", "median s", "min - max"]
    head += ["to best peer", "to floor"] if ratios else []
    lines = [head + ["peak MiB", "CPU s", "CPU us a request"]]
    wrong = []
    for row in results.rows:
        if row.right():
            lines.append(measured_row(row, results, ratios))
        elif row.runs:
            bad = next(r for r in row.runs if r.wrong)
            verdict = f"> {bad.seconds:.0f}" if bad.over else "wrong"
            lines.append([row.title, str(len(row.runs)), verdict] + [""] * (len(lines[0]) - 3))
            wrong.append(f"{row.title}: {bad.wrong}")
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    lines.insert(1, ["-" * w if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths)])
    text = ["| " + " | ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in
                              enumerate(zip(line, widths))) + " |" for line in lines]
    return "\n".join(text), wrong


def section(scenario, results, notes, in_place=None):
    """The part of RESULTS.md that is a scenario's; in_place is what to say in place of its table."""
    body, wrong = table(results, scenario.ratios)
    if in_place:
        body, wrong = in_place, []
    lines = [f"## {scenario.name}: {scenario.title}", "", body, ""]
    if results.ideal:
        lines.append(f"- Ideal: {results.ideal:.2f} s.")
    for text, value, most in scenario.goals(results):
        verdict = "not measured" if value is None else \
            f"**{value:.2f}**, " + ("met" if value <= most else "missed")
        lines.append(f"- Goal: {text} at most {most}: {verdict}.")
    lines += [f"- {w}." for w in wrong] + [f"- {n}." for n in notes]
    return "\n".join(lines).rstrip() + "\n"


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*:\s*(.*)", file.read())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2 ** 30
    return (f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
            f"Linux {platform.release()}")


def write_results(path, versions, sections):
    """Puts the sections into the file. Those of scenarios that were not run stay, if they are of
    the same machine and the same programs."""
    head = "\n".join(["# Results", "", "Written by `make bench`; [README.md](README.md) says how to "
                      "read them.", "", f"Machine: {machine()}", "", *[f"- {v}" for v in versions], ""])
    kept = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            old, *parts = re.split(r"^(?=## )", file.read(), flags=re.M)
        if old.strip() == head.strip():
            kept = {name_of(part): part for part in parts}
    kept.update({name_of(part): part for part in sections})
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([head, *(kept[name].rstrip() + "\n" for name in sorted(kept, key=order))]))


def name_of(part):
    return part[3:part.index(":")]


def order(name):
    return [int(n) for n in re.findall(r"\d+", name)]
