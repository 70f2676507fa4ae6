# SPDX-License-Identifier: MIT
"""garner on a terminal: a pseudo-terminal and what a person would see on it.

Screen understands what garner sends and nothing else: anything unknown fails the test.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

import runner

SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


def cells(character):
    """How many cells a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """The cells of a terminal. A cell is a character with what combines with it; "" is the second
    half of a wide one."""

    def __init__(self, lines, columns):
        self.lines, self.columns = lines, columns
        self.rows = [[] for _ in range(lines)]
        self.history = []
        self.y = self.x = 0
        self.wraps = True
        self.held = b""

    def resize(self, lines, columns):
        """As terminals do that wrap anew; the cursor stays at its character."""
        rows, y = [], 0
        for n, row in enumerate(self.rows):
            if n == self.y:
                y = len(rows)
            pieces = [row[i:i + columns] for i in range(0, len(row), columns)] or [[]]
            rows += pieces
        over = max(0, y - lines + 1)
        self.history += rows[:over]
        self.rows = (rows[over:] + [[] for _ in range(lines)])[:lines]
        self.lines, self.columns, self.y, self.x = lines, columns, y - over, min(self.x, columns - 1)

    def feed(self, data):
        data = self.held + data
        try:
            text, self.held = data.decode(), b""
        except UnicodeDecodeError as e:
            text, self.held = data[:e.start].decode(), data[e.start:]
        last = text.rfind("\x1b")
        if last >= 0 and not SEQUENCE.match(text, last):
            text, self.held = text[:last], text[last:].encode() + self.held
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = SEQUENCE.match(text, at)
                assert found, repr(text[at:at + 20])
                self.control(*found.groups())
                at = found.end()
            else:
                self.put(text[at])
                at += 1

    def control(self, parameters, verb):
        if verb == "K" and not parameters:
            self.rows[self.y] = self.rows[self.y][:self.x]
        elif verb == "J" and not parameters:
            self.rows[self.y] = self.rows[self.y][:self.x]
            self.rows[self.y + 1:] = [[] for _ in range(self.lines - self.y - 1)]
        elif verb == "A":
            self.y = max(0, self.y - int(parameters or 1))
        elif verb in "hl" and parameters == "?7":
            self.wraps = verb == "h"
        else:
            assert verb == "m", f"ESC [ {parameters} {verb}"

    def put(self, character):
        if character == "\r":
            self.x = 0
        elif character == "\n":
            self.y += 1
            if self.y == self.lines:
                self.y -= 1
                self.history.append(self.rows.pop(0))
                self.rows.append([])
        else:
            assert character >= " " and not "\x7f" <= character <= "\x9f", repr(character)
            self.show(character, cells(character))

    def show(self, character, width):
        row = self.rows[self.y]
        if width == 0:
            row[self.x - 1] += character
            return
        if self.x + width > self.columns and not self.wraps:
            del row[self.columns - width:]  # what comes last stays
            self.x = len(row)
        elif self.x + width > self.columns:
            self.put("\r")
            self.put("\n")
            row = self.rows[self.y]
        row += [" "] * (self.x - len(row))
        row[self.x:self.x + width] = [character] + [""] * (width - 1)
        self.x += width

    def text(self):
        return ["".join(row).rstrip() for row in self.rows]

    def all(self):
        """The screen and what scrolled out of it."""
        return ["".join(row).rstrip() for row in self.history] + self.text()

    def __str__(self):
        bar = "+" + "-" * self.columns + "+"
        return "\n".join([bar] + [f"|{line}" for line in self.text()] + [bar])


class Terminal:
    """A run of garner as a shell's foreground job on a terminal of its own.

    A parent in between is the session's leader, as a shell is: without one Ctrl-Z does nothing.
    """

    def __init__(self, garner, *args, lines=24, columns=80, env=None, stdout=None):
        environment = {**garner.environment(), "TERM": "xterm", **(env or {})}
        self.screen = Screen(lines, columns)
        self.master, slave = pty.openpty()
        self.raw = b""
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        reports, tell = os.pipe()
        self.reports = reports
        self.leader = os.fork()
        if self.leader == 0:
            try:
                os.close(self.master)
                self._lead(slave, tell, [str(runner.BINARY), *runner.ARGS, *map(str, args)], garner.dir, environment, stdout)
            finally:
                os._exit(99)
        os.close(slave)
        os.close(tell)
        self.pid = int(self._report())

    @staticmethod
    def _lead(slave, tell, args, directory, environment, stdout):
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        for fd in range(3):
            os.dup2(slave, fd)
        ready, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            os.close(go)
            os.read(ready, 1)
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            if stdout is not None:
                os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT, 0o666), 1)
            os.chdir(directory)
            os.execve(args[0], args, environment)
        os.close(ready)
        try:
            os.setpgid(pid, pid)
        except PermissionError:
            pass
        os.tcsetpgrp(0, pid)
        os.close(go)
        os.write(tell, f"{pid}\n".encode())
        while True:
            _, status = os.waitpid(pid, os.WUNTRACED)
            stopped = os.WIFSTOPPED(status)
            os.tcsetpgrp(0, os.getpgrp())
            if stopped:
                os.write(1, b"[1]+ Stopped\r\n")
            os.write(tell, f"{'stopped' if stopped else status}\n".encode())
            if not stopped:
                os._exit(0)
            # fg: the next byte that is typed
            os.read(0, 1)
            os.tcsetpgrp(0, pid)
            os.kill(-pid, signal.SIGCONT)

    def _report(self):
        line = b""
        while not line.endswith(b"\n"):
            byte = os.read(self.reports, 1)
            assert byte, "the leader is gone"
            line += byte
        return line.decode().strip()

    def look(self, seconds=0.05):
        """Takes what was written meanwhile."""
        end = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            if not ready:
                return self.screen.text()
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return self.screen.text()
            if not data:
                return self.screen.text()
            self.raw += data
            self.screen.feed(data)

    def until(self, condition, what="", timeout=20):
        """Looks until condition(lines of the screen) holds."""
        end = time.monotonic() + timeout
        while not condition(self.look()):
            assert time.monotonic() < end, f"no {what}\n{self.screen}\n{self.raw[-2000:]!r}"
        return self.screen.text()

    def type(self, text):
        os.write(self.master, text.encode())

    def resize(self, lines, columns, late=False):
        """late: it draws once more before it is told."""
        self.look(0)
        self._look_at_whole()
        self.screen.resize(lines, columns)
        before = len(self.raw)
        while late and len(self.raw) == before:
            self.look()
        self._look_at_whole()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _look_at_whole(self):
        """Not while a block is half drawn."""
        while not self.screen.wraps:
            self.look()

    def wait_report(self, timeout=20):
        """How it stopped or ended, while the terminal is read."""
        end = time.monotonic() + timeout
        while not select.select([self.reports], [], [], 0)[0]:
            assert time.monotonic() < end, f"it goes on\n{self.screen}"
            self.look()
        report = self._report()
        self.look()
        return report

    def wait(self):
        """The exit status, as a shell shows it."""
        status = int(self.wait_report())
        os.waitpid(self.leader, 0)
        self.leader = 0
        return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    def close(self):
        if self.leader:
            for pid in (self.pid, self.leader):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            os.waitpid(self.leader, 0)
        os.close(self.master)
        os.close(self.reports)
