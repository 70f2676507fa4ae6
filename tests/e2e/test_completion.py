# SPDX-License-Identifier: MIT
"""Completions, asked of the real shells: what is offered is what --help says, and nothing else."""

import fcntl
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import struct
import subprocess
import termios
import time

import pytest

import runner

BASH_COMPLETION = pathlib.Path("/usr/share/bash-completion/bash_completion")  # its functions are used where it is
IF_EXISTS = ["fail", "overwrite", "rename", "skip", "update", "verify"]
TOPICS = ["input", "files", "awaiting", "pace", "retry", "request", "connection", "output", "queue", "general",
          "all"]


def help_rows(garner):
    """What --help shows of each option: (its letters and names, what it takes)."""
    for line in garner("--help", "all").lines:
        found = re.match(r" {2,6}((?:-\S+, )*-\S+)(?: (\[?[^\s]+))?(?:  |$)", line)
        if found:
            yield found[1].split(", "), found[2]


def names(garner):
    return {spelling.split("[")[0] for spellings, _ in help_rows(garner) for spelling in spellings}


def choices(garner):
    """{"--if-exists": ["fail", ...], ...}"""
    return {spellings[-1]: sorted(takes.split("|")) for spellings, takes in help_rows(garner)
            if takes and "|" in takes and takes[0].islower()}


class Asking:
    """A shell that is asked what it offers for the last word of a command line."""

    def __init__(self, garner, shell):
        if not shutil.which(shell):
            pytest.skip(f"{shell} is not installed")
        self.garner = garner
        self.script = garner.home / f"completion.{shell}"
        self.script.write_text(garner("--completion", shell).stdout)
        self.env = garner.environment({"PATH": f"{runner.BINARY.parent}:{os.environ['PATH']}"})

    def run(self, *command):
        done = subprocess.run(command, cwd=self.garner.dir, env=self.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stderr == "", done
        return done.stdout


class Bash(Asking):
    """Its function is called as readline would: with the words split at its break characters."""

    def __init__(self, garner):
        super().__init__(garner, "bash")

    def __call__(self, *lines):
        asked = [f"source {self.script}"]
        for line in lines:
            words = re.findall(r"[@=]|[^\s@=]+", line) + ([""] if line[-1] == " " else [])
            asked.append(f"COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}; _garner; "
                         "printf '%s\\n' \"${COMPREPLY[@]}\" --end--")
        out = self.run("bash", "--norc", "-c", "\n".join(asked))
        return [sorted(filter(None, part.split("\n"))) for part in out.split("--end--\n")[:-1]]


class Fish(Asking):
    def __init__(self, garner):
        super().__init__(garner, "fish")

    def __call__(self, *lines):
        asked = [f"source {self.script}"] + [f"complete -C {shlex.quote(line)}; echo --end--" for line in lines]
        out = self.run("fish", "--no-config", "-c", "\n".join(asked))
        return [sorted({offer.split("\t")[0] for offer in part.split("\n") if offer})
                for part in out.split("--end--\n")[:-1]]


class OnTerminal(Asking):
    """A shell on a pseudo-terminal: what it shows when Tab is pressed."""

    def start(self, command, setup):
        self.rest = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(self.garner.dir)
            os.execvpe(command[0], command, dict(self.env, TERM="dumb", PS1="ask> "))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 500, 200, 0, 0))
        self.type("\n".join(setup) + "\necho rea''dy\n")
        self.until("ready\r\n")
        self.until("ask> ")

    def type(self, text):
        os.write(self.fd, text.encode())

    def until(self, text):
        """What comes up to this text; what comes after it is for the next call."""
        out, end = self.rest, time.monotonic() + 30
        while text not in out:
            assert time.monotonic() < end, f"no {text!r} in {out!r}"
            if select.select([self.fd], [], [], 0.1)[0]:
                out += os.read(self.fd, 65536).decode("utf-8", "replace")
        out, self.rest = out[:out.index(text) + len(text)], out[out.index(text) + len(text):]
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out)

    def __call__(self, *lines):
        """For each line, the words that were shown after it was typed and completed."""
        found = []
        for line in lines:
            # Tab twice: what is common is inserted, then all is listed. ^U forgets the line.
            self.type(line + "\t\t" + "\x15echo e''nd\n")
            found.append(self.until("end\r\n").split("echo e''nd")[0])
            self.until("ask> ")
        return found

    def stop(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


@pytest.fixture(params=[Bash, Fish], ids=["bash", "fish"])
def asking(request, garner):
    return request.param(garner)


@pytest.fixture(params=["bash", "zsh"])
def terminal(request, garner):
    shell = OnTerminal(garner, request.param)
    if request.param == "bash":
        setup = ["PS1='ask> '", "bind 'set show-all-if-ambiguous on' 'set page-completions off'",
                 "bind 'set completion-query-items 0'", "bind 'set enable-bracketed-paste off'",
                 f"source {BASH_COMPLETION}; source {shell.script}" if BASH_COMPLETION.exists() else
                 f"source {shell.script}"]
        shell.start(["bash", "--norc", "--noprofile", "-i"], setup)
    else:
        functions = shell.garner.home / "functions"
        functions.mkdir()
        (functions / "_garner").write_text(shell.script.read_text())
        setup = ["PS1='ask> '", "unsetopt zle_bracketed_paste prompt_cr prompt_sp", "LISTMAX=10000",
                 f"fpath=({functions} $fpath)", "autoload -Uz compinit; compinit -D -u",
                 "zstyle ':completion:*' menu no"]
        shell.start(["zsh", "-f", "-i"], setup)
    yield shell
    shell.stop()


def test_every_option_is_offered_and_nothing_else(garner, asking):
    want = names(garner)
    assert len(want) > 110
    offered, long_ones = asking("garner -", "garner --")
    assert set(long_ones) == {name for name in want if name.startswith("--")}
    assert set(offered) == want, set(offered) ^ want


def test_every_enumerated_value_is_offered(garner, asking):
    want = choices(garner)
    assert want["--if-exists"] == IF_EXISTS and len(want) >= 9, want
    assert asking(*(f"garner {option} " for option in want)) == list(want.values())
    assert asking("garner --if-exists=re", "garner https://example.org/a -sq --if-exists o") == \
        [["--if-exists=rename" if isinstance(asking, Fish) else "rename"], ["overwrite"]]


def test_topics_of_help(asking):
    assert asking("garner --help ", "garner --help aw", "garner -h re") == \
        [sorted(TOPICS), ["awaiting"], ["request", "retry"]]


def test_files_and_directories(garner, asking):
    for name in ("list one.txt", "list.jsonl", "mirror/x", "headers"):
        garner.write(name, "")
    fish = isinstance(asking, Fish)
    want = {
        "garner -i li": ["list one.txt", "list.jsonl"],
        "garner -sqi list.": ["list.jsonl"],
        "garner --cacert he": ["headers"],
        "garner --dir=mi": ["--dir=mirror/" if fish else "mirror"],
        "garner -d m": ["mirror/" if fish else "mirror"],
        "garner -d l": [],
        "garner -H @he": ["@headers" if fish else "headers"],
        "garner --header=@he": ["--header=@headers" if fish else "headers"],
        "garner -H he": ["@headers"] if fish else [],
        "garner --timeout ": [],
        "garner li": [],
    }
    assert dict(zip(want, asking(*want))) == want


def test_commands(asking):
    [offered] = asking("garner --exec gunz")
    assert "gunzip" in offered and all(name.startswith("gunz") for name in offered), offered


def test_typed_on_a_terminal(garner, terminal):
    """What bash and zsh do with it when it is typed."""
    for name in ("list-of-urls.txt", "listening/x"):
        garner.write(name, "")
    shown = terminal("garner --if-exists ", "garner --retur", "garner -i list-", "garner -d listen", "garner --help con",
                     "garner --if-exists=ver", "garner -sqi list-")
    assert set(IF_EXISTS) <= set(shown[0].split()), shown
    assert "--return-when" in shown[1] and "--return-exceptions" in shown[1], shown
    assert "list-of-urls.txt" in shown[2] and "listening/" in shown[3] and "connection" in shown[4], shown
    assert "--if-exists=verify" in shown[5] and "list-of-urls.txt" in shown[6], shown


def test_zsh_offers_every_option(garner):
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    script = garner("--completion", "zsh").stdout
    specs = re.findall(r"(?m)^    '\*(-{1,2}[A-Za-z0-9][A-Za-z0-9.-]*)[+=]?\[", script)
    assert set(specs) == names(garner) and len(specs) == len(set(specs))


def test_no_such_shell(garner):
    assert garner("--completion", "tcsh").status == 2
