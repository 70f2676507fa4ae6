# SPDX-License-Identifier: MIT
"""The progress display, looked at on a terminal."""

import os
import re
import signal

from urllib.parse import quote

import pytest

from terminal import Terminal

MIB = 1 << 20


@pytest.fixture
def terminal(garner):
    """terminal(ARG..., lines=24, columns=80) starts garner on a terminal."""
    started = []

    def start(*args, **options):
        started.append(Terminal(garner, *args, **options))
        return started[-1]

    yield start
    for t in started:
        t.close()


def total_line(lines):
    """The number of the line about the run, or None."""
    found = [n for n, line in enumerate(lines) if re.match(r" \d+/\d+", line)]
    assert len(found) <= 1, "\n".join(lines)
    return found[0] if found else None


def rows_of(lines):
    """What the block says of downloads."""
    n = total_line(lines)
    return [line for line in lines[n + 1:] if line] if n is not None else []


def written(run):
    """What was said for good; a line that the terminal wrapped is one."""
    lines = []
    for row in run.screen.history + run.screen.rows:
        if not (lines and lines[-1][1]):
            lines.append(["", False])
        lines[-1] = [lines[-1][0] + "".join(row).rstrip(), len(row) == run.screen.columns]
    return [text for text, _ in lines if text]


def shows(*words):
    return lambda lines: total_line(lines) is not None and all(any(w in line for line in lines) for w in words)


def half(faults, name, size=2 * MIB, gate="g"):
    """A file of which half has come until the gate is opened."""
    return faults.url(name, size=size, gate=gate, gate_at=size // 2)


def is_clean(lines):
    """No block: the summary, or what a shell says, is the last thing on the screen."""
    return total_line(lines) is None and not any("·" in line or "█" in line for line in lines)


@pytest.mark.parametrize("lines,columns", [(24, 80), (50, 200), (10, 40), (5, 20), (3, 12)])
def test_block(terminal, garner, faults, lines, columns):
    run = terminal("--progress", "bar", "-j", 20, faults.url("/done"), faults.url("/gone", status=404),
                   *[half(faults, f"/file-{i:02}.bin") for i in range(20)], lines=lines, columns=columns)
    wanted = min(20, lines // 2) if lines >= 4 else 0
    seen = run.until(lambda s: shows("2/22")(s) and len(rows_of(s)) == wanted and
                     (columns < 30 or all("50%" in row for row in rows_of(s))), "rows")
    n, rows = total_line(seen), rows_of(seen)
    assert all(len(line) < columns for line in seen[n:]), run.screen
    assert seen[n].startswith(" 2/22"), run.screen
    if columns >= 80:
        assert "22 files" in seen[n] and "1 failed" in seen[n] and "20 running" in seen[n]
        assert re.match(r" file-00\.bin +█+.?·+ +50% +", rows[0]) and "2.0 MiB" in rows[0], run.screen
        assert [row.split()[0] for row in rows] == [f"file-{i:02}.bin" for i in range(len(rows))]
    if columns >= 200:
        assert "1.0 MiB / 2.0 MiB" in rows[0], run.screen
    faults.open("g")
    assert run.wait() == 1
    assert is_clean(run.screen.text()), run.screen
    assert "".join(run.screen.all()).count("/gone: http: ") == 1
    assert sorted(line for line in run.screen.all() if re.fullmatch(r"file-\d+\.bin", line)) == [
        f"file-{i:02}.bin" for i in range(20)] or columns < 20


def test_lines_scroll_above(terminal, faults):
    run = terminal("-j", 3, half(faults, "/slow"), *[faults.url(f"/{i}") for i in range(60)],
                   *[faults.url(f"/bad{i}", status=404) for i in range(10)])
    seen = run.until(lambda s: shows("50%", "70/71 files")(s), "display")
    assert total_line(seen) == 22 and "slow" in seen[23], run.screen
    shown = run.screen.all()
    shown = shown[:shown.index(seen[22])]
    assert sorted(line for line in shown if "/bad" not in line) == sorted(str(i) for i in range(60))
    assert sum("/bad" in line for line in shown) == 10
    faults.open("g")
    assert run.wait() == 1
    assert is_clean(run.screen.text()), run.screen


def test_commands_write_above(terminal, garner, faults):
    """What --exec's commands write scrolls like all that is said, and moves no cursor."""
    command = garner.write("say", "#!/bin/sh\necho says $1\nprintf 'a\\tb\\r\\033[2Jc\\n' >&2\n")
    command.chmod(0o755)
    run = terminal("--exec", "./say {path}", half(faults, "/slow"), faults.url("/quick"))
    seen = run.until(lambda s: shows("50%", "1/2 files")(s) and "says quick" in s and "quick" in s, "output")
    assert {"a b", "\\x1b[2Jc"} <= set(written(run)) and total_line(seen) > seen.index("says quick"), run.screen
    faults.open("g")
    assert run.wait() == 0
    lines = written(run)
    assert is_clean(run.screen.text()) and lines.count("a b") == 2, run.screen
    assert lines.index("says slow") < len(lines) - 1 and "2 finished" in lines[-1], run.screen


def test_speed_and_time_left(terminal, nginx):
    run = terminal(nginx.url("/rate/1000k/3m.bin"))
    seen = run.until(shows("ETA 0:0", "MiB/s", "3.0 MiB"), "ETA")
    assert total_line(seen) == 0
    assert run.wait() == 0
    assert [line for line in run.screen.all() if line][0] == "3m.bin"


def test_time_left_is_not_guessed_while_the_list_goes_on(terminal, faults):
    run = terminal("-i", "-", "--look-ahead", 1, half(faults, "/a"))
    seen = run.until(shows("50%"), "display")
    assert "0/1+" in seen[total_line(seen)] and "ETA" not in seen[total_line(seen)], run.screen


def test_retries_and_holds(terminal, faults):
    run = terminal(faults.url("/a", status="503,200", retry_after=60), lines=24, columns=120)
    seen = run.until(shows("1 retry", "1 host on hold", "waiting"), "hold")
    assert any(line.startswith(" a ") for line in seen)
    run.type("\x03")
    assert run.wait() == 130


def test_wide_names(terminal, faults):
    names = ["/" + "\u6f22\u5b57" * 30 + ".bin", "/" + "e\u0301" * 50 + ".bin", "/\u202egpj.exe", "/" + "x" * 200 + ".bin"]
    run = terminal(*[half(faults, quote(n)) for n in names])
    seen = run.until(lambda s: shows("\u5b57.bin")(s) and sum("50%" in line for line in s) == 4, "names")
    rows = run.screen.rows[total_line(seen) + 1:][:4]
    ends = {i for row in rows for i, cell in enumerate(row) if cell == "%"}
    assert len(ends) == 1, run.screen
    assert "\u202e" not in "".join(seen)
    faults.open("g")
    assert run.wait() == 0
    assert is_clean(run.screen.text()), run.screen


@pytest.mark.parametrize("size", [(24, 40), (24, 160), (8, 80), (40, 30), (6, 25)])
@pytest.mark.parametrize("late", [False, True], ids=["", "late"])
def test_resize(terminal, faults, size, late):
    run = terminal("-j", 10, faults.url("/done"), *[half(faults, f"/{i}-{'x' * 60}.bin") for i in range(10)])
    run.until(shows("50%"), "display")
    run.resize(*size, late)
    run.until(lambda s: total_line(s) is not None and all(len(line) < size[1] for line in s) and
              len(rows_of(s)) == min(10, size[0] // 2), "display that fits")
    run.look(0.3)
    seen = run.screen.text()
    assert seen[:total_line(seen)] in ([], ["done"]), run.screen
    faults.open("g")
    assert run.wait() == 0
    assert is_clean(run.screen.text()), run.screen


def test_interrupt(terminal, faults):
    run = terminal("-j", 10, faults.url("/done"), *[half(faults, f"/{i}.bin") for i in range(10)])
    run.until(shows("50%"), "display")
    run.type("\x03")
    assert run.wait() == 130
    assert is_clean(run.screen.text()), run.screen
    said = written(run)
    assert said[0] in ("done", "^Cdone") and said[-1].startswith("garner: 1 finished, 0 failed, 10 cancelled"), run.screen
    assert run.screen.x == 0 and not any(run.screen.rows[run.screen.y:]), run.screen


def test_interrupt_a_drain(terminal, faults):
    run = terminal("--on-interrupt", "drain", *[half(faults, f"/{i}.bin") for i in range(5)])
    run.until(shows("50%"), "display")
    run.type("\x03")
    run.until(shows("finishing the running downloads"), "note")
    seen = run.look(0.3)
    assert run.screen.y == total_line(seen) + 6 and len(rows_of(seen)) == 5, run.screen
    run.type("\x03")
    assert run.wait() == 130
    assert run.screen.y == total_line(run.screen.text()) + 6, run.screen


def test_drain(terminal, faults):
    run = terminal("--on-interrupt", "drain", *[half(faults, f"/{i}.bin") for i in range(5)])
    run.until(shows("50%"), "display")
    run.type("\x03")
    run.until(shows("finishing the running downloads"), "note")
    run.look(0.3)
    faults.open("g")
    assert run.wait() == 130
    assert is_clean(run.screen.text()), run.screen
    assert len(written(run)) == 7, run.screen


def test_stop_and_go_on(terminal, faults):
    run = terminal("-j", 10, faults.url("/done"), *[half(faults, f"/{i}.bin") for i in range(10)])
    run.until(shows("50%"), "display")
    run.type("\x1a")
    assert run.wait_report() == "stopped"
    seen = run.screen.text()
    assert is_clean(seen), run.screen
    assert [line for line in seen if line] == ["done", "[1]+ Stopped"] or "^Z" in "".join(seen), run.screen
    run.type("\n")
    seen = run.until(shows("50%", "9.bin"), "display")
    assert [line for line in seen if re.match(r" \d\.bin", line)] == seen[total_line(seen) + 1:][:10], run.screen
    faults.open("g")
    assert run.wait() == 0
    assert is_clean(run.screen.text()), run.screen
    assert written(run)[-1].startswith("garner: 11 finished")


@pytest.mark.parametrize("options", [["--json"], ["-w", "%{http_code} %{path}\\n"], ["--print0"], ["-w", "<%{http_code}>"]])
def test_results_on_the_same_terminal(terminal, faults, options):
    run = terminal(*options, "-j", 3, half(faults, "/slow"), *[faults.url(f"/{i}") for i in range(5)])
    if options == ["--print0"]:
        run.screen.put = (lambda put: lambda c: None if c == "\0" else put(c))(run.screen.put)
    run.until(shows("50%", "5/6"), "display")
    run.look(0.2)
    faults.open("g")
    assert run.wait() == 0
    assert is_clean(run.screen.text()), run.screen
    shown = "".join(line if len(line) == 80 else line + "\n" for line in run.screen.all())
    if options == ["--json"]:
        assert len(re.findall(r'"state":"finished"', shown)) == 6, shown
    elif len(options) == 2 and options[1][0] == "<":
        assert "<200>" * 6 in shown
    elif options[0] == "-w":
        assert sorted(re.findall(r"^200 (.*)$", shown, re.M)) == sorted([*"01234", "slow"]), shown


def test_results_elsewhere(terminal, garner, faults):
    run = terminal(half(faults, "/slow"), faults.url("/a"), stdout=garner.path("paths"))
    seen = run.until(shows("50%"), "display")
    assert total_line(seen) == 0
    faults.open("g")
    assert run.wait() == 0
    assert garner.path("paths").read_text() == "a\nslow\n"
    assert len(written(run)) == 1, run.screen


@pytest.mark.parametrize("options,env", [([], {"TERM": "dumb"}), (["--progress", "plain"], {}), (["--progress", "none"], {}),
                                         (["--progress", "bar"], {"TERM": ""}), (["-q"], {}), (["-vv"], {})])
def test_no_display(terminal, faults, options, env):
    run = terminal(*options, half(faults, "/slow"), env=env)
    faults.wait_gate("g")
    run.look(0.6)
    faults.open("g")
    assert run.wait() == 0
    assert b"\x1b" not in run.raw, run.raw


def test_colours(terminal, faults):
    for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        gate = f"g{coloured}"
        run = terminal("--if-exists", "overwrite", half(faults, "/slow", gate=gate), env=env)
        run.until(shows("50%"), "display")
        faults.open(gate)
        assert run.wait() == 0
        assert (re.search(rb"\x1b\[\d*m", run.raw) is not None) == coloured


def test_ascii_where_the_locale_is(terminal, faults):
    run = terminal(half(faults, "/%e6%bc%a2.bin"), env={"LC_ALL": "C"})
    seen = run.until(shows("50%", "###"), "display")
    assert any(line.startswith(" ?.bin ") for line in seen), run.screen
    assert run.raw.isascii()


def test_background(terminal, faults):
    """After Ctrl-Z and bg the terminal is the shell's."""
    run = terminal("--task-timeout", "2s", "--retry", 0, half(faults, "/slow"))
    run.until(shows("50%"), "display")
    run.type("\x1a")
    assert run.wait_report() == "stopped"
    before = len(run.raw)
    os.kill(run.pid, signal.SIGCONT)
    run.look(1)
    assert b"\x1b" not in run.raw[before:], run.raw[before:]


def test_nothing_changed_nothing_is_sent(terminal, faults):
    run = terminal(faults.url("/slow", gate="g"))
    run.until(shows("requesting"), "display")
    before = len(run.raw)
    run.look(1)
    assert len(run.raw) == before, run.raw[before:]
