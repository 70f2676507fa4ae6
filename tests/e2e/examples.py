# SPDX-License-Identifier: MIT
"""The examples of README.md and of the manual page, as they stand there, and a place to run them.

Every command that a reader is shown is run by a test: test_examples.py fails for one that it does
not know.
"""

import os
import re
import subprocess
import time

import runner

README = runner.TOP / "README.md"
MANUAL = runner.TOP / "man" / "garner.1"


def of_readme(heading):
    """(comment, command) of each example in the first block of shell below a heading."""
    block = README.read_text().split(f"\n## {heading}\n", 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
    return [tuple(text.strip().split("\n", 1)) for text in re.split(r"^# ", block, flags=re.M)[1:]]


def of_manual():
    """(text, command) of each display in the section EXAMPLES: what is literal there is a command."""
    section = MANUAL.read_text().split("\n.Sh EXAMPLES\n", 1)[1].split("\n.Sh ", 1)[0]
    assert ".Dl" not in section, "a command stands between .Bd and .Ed: nothing is a macro there"
    found = []
    for text, command in re.findall(r"(.*?)\n\.Bd -literal -offset indent\n(.*?)\n\.Ed", section, flags=re.S):
        words = " ".join(line for line in text.split("\n") if line and not re.match(r"\.(Pp|Ss)", line))
        found.append((re.sub(r"^\.\w+ ", "", words), re.sub(r"\\&", "", command).replace(r"\e", "\\")))
    return found


class Place:
    """An empty directory with garner in the PATH and a web server in place of those that are named."""

    def __init__(self, garner, server):
        self.dir, self.server = garner.dir, server
        self.host = server.url("/").split("/", 3)[2]
        tools = garner.home / "bin"
        tools.mkdir()
        (tools / "garner").symlink_to(runner.BINARY)
        self.tool = lambda name, text: ((tools / name).write_text(text), (tools / name).chmod(0o755))
        self.env = garner.environment({"PATH": f"{tools}:{os.environ['PATH']}"})
        self.given = set()

    def url(self, path):
        return f"http://{self.host}{path}"

    def give(self, name, text):
        """A file that the example finds there."""
        (self.dir / name).parent.mkdir(parents=True, exist_ok=True)
        (self.dir / name).write_text(text)
        self.given.add(name)

    def command(self, command):
        return re.sub(r"https://([ab]\.)?example(\.org)?(?=/)", f"http://{self.host}", command)

    def start(self, command):
        return subprocess.Popen(["bash", "-c", self.command(command)], cwd=self.dir, env=self.env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)

    def run(self, command, status=0):
        """What it says on standard output."""
        process = self.start(command)
        out, err = process.communicate(timeout=120)
        assert not runner.SANITIZER.search(err), err
        assert process.returncode == status, (command, process.returncode, out, err)
        return out

    def left(self):
        """The files that came."""
        return sorted({str(p.relative_to(self.dir)) for p in self.dir.rglob("*") if p.is_file()} - self.given)

    def read(self, name):
        return (self.dir / name).read_text()

    @staticmethod
    def wait(condition):
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.02)
