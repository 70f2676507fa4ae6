# SPDX-License-Identifier: MIT
"""The programs: garner, the floor, and the peers that are installed, each with the command line
that a user would give it for a load (scenarios.Load).

CURL=/opt/curl/bin/curl and so on name another build of one.
"""

import os
import shlex
import shutil
import subprocess


class Program:
    """One program; kind is "garner", "floor" or "peer". What is ours is where make built it."""

    def __init__(self, name, kind="peer", package=None, version=("--version",), built=None):
        self.name, self.kind, self.package, self._version = name, kind, package or name, version
        self._given = os.environ.get(name.upper())
        path = shutil.which(self._given or built or name)
        self.path = path and os.path.abspath(path)

    def version(self):
        """The line that says what it is."""
        if not self._version:
            return debian_version(self.package) if self.kind == "peer" else self.name
        ran = subprocess.run([self.path, *self._version], capture_output=True, text=True, check=False)
        lines = (ran.stdout or ran.stderr).strip().splitlines()
        return lines[0].strip() if lines else debian_version(self.package)

    def missing(self):
        if self._given:
            return f"{self.name.upper()}: there is no program {self._given}"
        if self.kind == "peer":
            return f"{self.name} is not installed (Debian: {self.package})"
        return f"{self.name} is not built: make bench"


def debian_version(package):
    ran = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True,
                         text=True, check=False)
    return f"{package} {ran.stdout}" if ran.returncode == 0 else package


class Programs:
    def __init__(self):
        self.garner = Program("garner", "garner", built="./garner")
        self.floor = Program("floor", "floor", version=None, built="bench/floor")
        self.curl, self.aria2c = Program("curl"), Program("aria2c", package="aria2")
        self.wget2, self.axel, self.lftp = Program("wget2"), Program("axel"), Program("lftp")
        self.puf, self.xargs = Program("puf", version=None), Program("xargs", package="findutils")
        self.peers = [self.curl, self.aria2c, self.wget2, self.axel, self.lftp, self.puf, self.xargs]
        self._help = None

    def garner_knows(self, option):
        if self._help is None:
            self._help = subprocess.run([self.garner.path, "--help", "all"], capture_output=True,
                                        text=True, check=False).stdout.split()
        return option in self._help


class Tool:
    """A program with the options that make a row of a table. command(load, out) is its words;
    reads_list says that the list is its standard input."""

    reads_list = False

    def __init__(self, programs, title, program):
        self.programs, self.title, self.program, self.kind = programs, title, program, program.kind

    def missing(self):
        """The first program that it needs and that is not there, or nothing."""
        return next((program.missing() for program in self.needs() if not program.path), "")

    def needs(self):
        return [self.program]

    def command(self, load, out):
        raise NotImplementedError


class Garner(Tool):
    def __init__(self, programs, *flags):
        super().__init__(programs, " ".join(["garner", *flags]), programs.garner)
        self.flags = [*shlex.split(os.environ.get("GARNER_FLAGS", "")), *flags]

    def command(self, load, out):
        words = [self.program.path, "-q", "-j", str(load.jobs), "-d", out, *self.flags]
        if load.segments:
            words += ["--segments", str(load.segments)]
        if load.cacert:
            words += ["--cacert", load.cacert]
        if load.repeats:
            words += ["--if-exists", "overwrite"]
        return [*words, "-i", load.list]


class Floor(Tool):
    reads_list = True

    def __init__(self, programs, *flags):
        super().__init__(programs, "floor, HTTP/1.1" if flags else "floor", programs.floor)
        self.flags = flags

    def command(self, load, out):
        words = [self.program.path, *self.flags, "-j", str(load.jobs), "-d", out]
        return words + (["-c", load.cacert] if load.cacert else [])


class Curl(Tool):
    MOST = 300

    def __init__(self, programs, *flags):
        super().__init__(programs, " ".join(["curl -Z", *flags]), programs.curl)
        self.flags = flags

    def command(self, load, out):
        words = [self.program.path, "-sS", "-Z", "--parallel-max", str(min(load.jobs, self.MOST)),
                 *self.flags]
        if load.cacert:
            words += ["--cacert", load.cacert]
        return [*words, "--remote-name-all", "-K", load.curl_config]


class Xargs(Tool):
    def __init__(self, programs):
        super().__init__(programs, "xargs + curl", programs.xargs)

    def needs(self):
        return [self.program, self.programs.curl]

    def command(self, load, out):
        each = -(-len(load.urls) // load.jobs)
        words = [self.program.path, "-a", load.list, "-P", str(load.jobs), "-n", str(each),
                 self.programs.curl.path, "-sS", "--remote-name-all"]
        return words + (["--cacert", load.cacert] if load.cacert else [])


class Aria2(Tool):
    def __init__(self, programs):
        super().__init__(programs, "aria2c", programs.aria2c)

    def command(self, load, out):
        words = [self.program.path, "--no-conf", "-q", "-j", str(load.jobs), "-d", out,
                 "--file-allocation=none", "-i", load.list]
        if load.segments:
            words += ["-x", str(load.segments), "-s", str(load.segments), "-k", "1M"]
        else:
            words += ["-x", "1", "-s", "1"]
        if load.cacert:
            words += [f"--ca-certificate={load.cacert}"]
        if load.repeats:
            words += ["--allow-overwrite=true", "--auto-file-renaming=false"]
        return words


class Wget2(Tool):
    def __init__(self, programs):
        super().__init__(programs, "wget2", programs.wget2)

    def command(self, load, out):
        words = [self.program.path, "-q", "--no-config", "--no-hsts", "-P", out,
                 f"--max-threads={load.segments or load.jobs}", "-i", load.list]
        if load.segments:
            words += [f"--chunk-size={load.size // load.segments}"]
        if load.cacert:
            words += [f"--ca-certificate={load.cacert}", "--no-ocsp"]
        if load.repeats:
            # Without, it gives names that are there a number, after a look at each number before.
            words += ["--force-directories", "--no-host-directories"]
        return words


class Puf(Tool):
    def __init__(self, programs):
        super().__init__(programs, "puf", programs.puf)

    def command(self, load, out):
        if load.cacert:
            return None
        return [self.program.path, "-ns", "-nd", "-lc", str(load.jobs), "-P", out, "-i", load.list]


class Axel(Tool):
    def __init__(self, programs):
        super().__init__(programs, "axel", programs.axel)

    def command(self, load, out):
        return [self.program.path, "-q", "-n", str(load.segments), load.urls[0]]


class Lftp(Tool):
    def __init__(self, programs):
        super().__init__(programs, "lftp pget", programs.lftp)

    def command(self, load, out):
        return [self.program.path, "--norc", "-c", f"pget -n {load.segments} {load.urls[0]}"]
