# SPDX-License-Identifier: MIT
"""Runs the garner under test in an empty directory of its own, with nobody's configuration."""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GARNER_BUILD", TOP))
BINARY = pathlib.Path(os.environ.get("GARNER_BIN", BUILD / "garner"))
ARGS = os.environ.get("GARNER_ARGS", "").split()  # options that every run begins with
SHIM = BUILD / "tests" / "e2e" / "slow_getaddrinfo.so"
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:")
CLEARED = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "GARNER_DEBUG", "GARNER_TRACE", "NO_COLOR",
           "TMPDIR")


def asan_library():
    """The path of libasan if the binary under test needs it, else None."""
    out = subprocess.run(["ldd", str(BINARY)], capture_output=True, text=True).stdout
    found = re.search(r"libasan\S* => (\S+)", out)
    return found and found.group(1)


def shown(data):
    """The end of an output for a message: what pytest hands on has to be UTF-8."""
    return data[-3000:].decode("utf-8", "backslashreplace")


class Result:
    """How a run ended. status: as a shell shows it; signal: what killed it, else None."""

    def __init__(self, args, code, out, err, seconds, garner):
        self.args, self.out, self.err, self.seconds = args, out, err, seconds
        self.signal = -code if code < 0 else None
        self.status = 128 - code if code < 0 else code
        self.stdout = out.decode("utf-8", "surrogateescape")
        self.stderr = err.decode("utf-8", "surrogateescape")
        self.lines = self.stdout.splitlines()
        self.garner = garner

    @property
    def records(self):
        return [json.loads(line) for line in self.lines]

    @property
    def record(self):
        assert len(self.lines) == 1, self
        return self.records[0]

    @property
    def files(self):
        return self.garner.files()

    def __repr__(self):
        return (f"status {self.status} of {' '.join(self.args)} after {self.seconds:.2f} s\n"
                f"--- stdout\n{shown(self.out)}\n--- stderr\n{shown(self.err)}\n--- files {self.files}")


class Process:
    """A run that a test accompanies; it is killed at the end of the test if it still runs."""

    def __init__(self, garner, args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **options):
        self.garner, self.args = garner, args
        self.began = time.monotonic()
        self.popen = subprocess.Popen([str(BINARY), *ARGS, *args], cwd=garner.dir, stdin=stdin, stdout=stdout,
                                      stderr=subprocess.PIPE, **options)
        self._out, self._err = [], []
        self._threads = [threading.Thread(target=self._drain, args=(f, into), daemon=True)
                         for f, into in ((self.popen.stdout, self._out), (self.popen.stderr, self._err)) if f]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _drain(file, into):
        while chunk := file.read1(65536):
            into.append(chunk)

    def output(self):
        return b"".join(self._out).decode("utf-8", "surrogateescape")

    def errors(self):
        return b"".join(self._err).decode("utf-8", "surrogateescape")

    def said(self):
        return shown(b"".join(self._out)) + "\n" + shown(b"".join(self._err))

    def until(self, condition, what="condition", timeout=20):
        """Waits until a condition of this run holds."""
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, f"no {what} in {timeout} s\n{self.said()}"
            assert self.running() or condition(), f"garner ended without {what}: {self.wait()}"
            time.sleep(0.01)

    def running(self):
        return self.popen.poll() is None

    def send(self, signum=signal.SIGINT):
        self.popen.send_signal(signum)

    def write(self, text):
        self.popen.stdin.write(text.encode() if isinstance(text, str) else text)
        self.popen.stdin.flush()

    def wait(self, timeout=30):
        """Closes standard input and waits for the end."""
        if self.popen.stdin and not self.popen.stdin.closed:
            self.popen.stdin.close()
        try:
            code = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"garner {' '.join(self.args)} still ran after {timeout} s\n{self.said()}")
        seconds = time.monotonic() - self.began
        for thread in self._threads:
            thread.join(5)
        result = Result(self.args, code, b"".join(self._out), b"".join(self._err), seconds, self.garner)
        self.garner.results.append(result)
        if SANITIZER.search(result.stderr):
            pytest.fail(f"a sanitizer spoke: {result.err.decode('utf-8', 'backslashreplace')}")
        assert result.signal not in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE), result
        return result

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()


class Garner:
    """garner(ARG...) runs it to its end; garner.start(ARG...) leaves it running."""

    def __init__(self, directory):
        self.home = directory / "home"
        self.dir = directory / "work"
        self.home.mkdir()
        self.dir.mkdir()
        self._started = []
        self.results = []

    def __call__(self, *args, input=None, timeout=60, **options):
        if input is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*args, **options)
        if input is not None:
            feeder = threading.Thread(target=self._feed, args=(process, input), daemon=True)
            feeder.start()
            feeder.join(timeout)
        return process.wait(timeout)

    @staticmethod
    def _feed(process, data):
        try:
            process.write(data)
            process.popen.stdin.close()
        except OSError:
            pass  # it need not read all

    def start(self, *args, env=None, **options):
        process = Process(self, [str(a) for a in args], env=self.environment(env), **options)
        self._started.append(process)
        return process

    def environment(self, more=None):
        env = {k: v for k, v in os.environ.items() if k.lower() not in {c.lower() for c in CLEARED}}
        env.update(HOME=str(self.home), XDG_CONFIG_HOME=str(self.home / ".config"), LC_ALL="C.UTF-8", TZ="UTC")
        env.update(more or {})
        return env

    def with_names(self, slow=(), unknown=(), seconds=5):
        """An environment in which *.test is 127.0.0.1, some names are slow and some do not exist."""
        if not SHIM.exists():
            pytest.skip(f"{SHIM.name} is not built")
        preload = [asan_library(), str(SHIM)]
        return {"LD_PRELOAD": ":".join(p for p in preload if p), "SLOW_NAMES": ",".join(slow),
                "UNKNOWN_NAMES": ",".join(unknown), "SLOW_SECONDS": str(seconds)}

    def path(self, name):
        return self.dir / name

    def read(self, name):
        return (self.dir / name).read_bytes()

    def write(self, name, data):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def files(self):
        """Everything below the directory of the run, sorted."""
        return sorted(str(p.relative_to(self.dir)) for p in self.dir.rglob("*") if not p.is_dir())

    def finish(self):
        for process in self._started:
            process.kill()
