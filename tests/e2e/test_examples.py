# SPDX-License-Identifier: MIT
"""Every example of README.md and of the manual page is run, against the fault server in place of the
hosts that it names. An example without a test here fails."""

import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile

import pytest

import examples
import faultserver
import runner

PROGRAMS = ("jq", "parallel", "tar")


class Case:
    """files: what is there in the end; before(place): what the example finds; after(place, out): what it said."""

    def __init__(self, files, before=None, after=None, status=0):
        self.files, self.before, self.after, self.status = files, before, after, status


# -- what examples find --------------------------------------------------------------------------

def archives(place):
    for name in ("one", "two"):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            member = tarfile.TarInfo(f"{name}.txt")
            member.size = 4
            tar.addfile(member, io.BytesIO(b"text"))
        place.server.files[f"/{name}.tgz"] = packed.getvalue()
    place.give("archives.txt", f"{place.url('/one.tgz')}\n{place.url('/two.tgz')}\n")


def digests(place):
    place.server.files["/a.iso"] = data = faultserver.body(5 << 20)
    place.server.files["/SHA256SUMS"] = f"{hashlib.sha256(data).hexdigest()}  a.iso\n".encode()


def sitemap(place):
    pages = "".join(f"<url><loc>{place.url(p)}</loc></url>" for p in ("/cats/a", "/dogs/a", "/cats/b"))
    place.server.files["/sitemap.xml"] = f"<urlset>{pages}</urlset>".encode()


def api(place):
    for n in range(1, 101):
        place.server.files[f"/items?page={n}"] = b'{"items": [%d]}' % n


def one_fails(place):
    place.give("urls.txt", f"{place.url('/a.bin')}\n{place.url('/b.bin?status=404,200')}\n")


def one_never_ends(place):
    place.give("urls.txt", f"{place.url('/a.bin')}\n{place.url('/b.bin?stall=start')}\n")


def two_hosts(place):
    """ssh that stays here, parallel's own way to another host: it gives the command a SHELL, as sshd does."""
    place.tool("ssh", '#!/bin/sh\nwhile [ "$1" != -- ] && [ $# -gt 1 ]; do shift; done\nshift\n'
               'cd "$HOME" && SHELL=/bin/sh exec sh -c "$*"\n')
    place.give("urls.txt", "".join(f"{place.url(f'/{n}.bin')}\n" for n in range(12)))


def bodies(place):
    for n in "12":
        place.server.files[f"/{n}.json"] = b"[]\n"
    place.give("pages.txt", f"{place.url('/1.json')}\n{place.url('/2.json')}\n")
    place.give("images.txt", f"{place.url('/a.bin')}\n{place.url('/b.bin')}\n")
    (place.dir / "there").mkdir()


def backup(place):
    (place.dir / "copy").mkdir()
    place.tool("ssh", '#!/bin/sh\nshift; cd copy && exec "$@"\n')


def archive(place):
    (place.dir / "archive").mkdir()


# -- what they said ------------------------------------------------------------------------------

def dead_links(place, out):
    assert out == f"{place.url('/gone?status=404')}\n"


def why_dead(place, out):
    assert out == f"404\t{place.url('/gone?status=404')}\n"


def processed(place, out):
    assert sorted(place.read("processed").split()) == ["a.bin", "b.bin"]


def pictures(place, out):
    assert sorted(place.read("pictures.tsv").splitlines()) == [f"s{n}\timg/s{n}.jpg\t100" for n in (1, 2)]


def counted(place, out):
    assert out == "2\n"


def items(place, out):
    assert json.loads(place.read("items.json")) == list(range(1, 101))


def failed_once(place, out):
    assert [len(place.server.requests(f"/{n}.bin")) for n in "ab"] == [1, 2]


def left_over(place, out):
    assert place.url("/b.bin?stall=start") in place.read("left.txt") and "/a.bin" not in place.read("left.txt")


def moved_once(place, out):
    place.run(next(command for _, command, _ in MANUAL_CASES if "--journal" in command))
    assert [len(place.server.requests(f"/{n}.bin")) for n in "ab"] == [1, 1]


def page(place, out):
    assert place.read("run.html").startswith("<!DOCTYPE html>") and place.url("/b.bin") in place.read("run.html")


def whole(place, out):
    assert (place.dir / "a.iso").read_bytes() == place.server.files["/a.iso"]


def each_once(place, out):
    assert all(len(place.server.requests(f"/{n}.bin")) == 1 for n in range(12))
    assert sorted(out.split()) == sorted(f"mirror/127.0.0.1/{n}.bin" for n in range(12))


TWO = ["a.bin", "b.bin"]
TREE = ["mirror/127.0.0.1/a.bin", "mirror/127.0.0.1/b.bin"]

# by the first words of the text before the command
README = {
    "two files": Case(["a.iso", "b.iso"]),
    "a list": Case(TREE),
    "pages in order": Case([f"{n}.json" for n in range(1, 101)]),
    "all bodies": Case(["there/a.bin", "there/b.bin"], before=bodies, after=counted),
    "records instead": Case(TWO),
    "names and ids": Case(["img/s1.jpg", "img/s2.jpg"]),
    "dead links": Case([], after=dead_links),
    "the first mirror": Case(["a.iso"]),
    "all or nothing": Case(TWO),
    "gently": Case(TWO),
    "what changed": Case(["processed"] + TWO, after=processed),
}
MANUAL = {
    "Two files": Case(["a.iso", "b.iso"]),
    "A list, into": Case(TREE),
    "One large file": Case(["a.iso"], before=digests, after=whole),
    "From whichever mirror": Case(["a.iso"]),
    "Gently": Case(TWO),
    "The pages of a sitemap": Case(["mirror/127.0.0.1/cats/a", "mirror/127.0.0.1/cats/b", "sitemap.xml"], before=sitemap),
    "Names and ids": Case(["img/s1.jpg", "img/s2.jpg", "pictures.tsv"], after=pictures),
    "Archives are unpacked": Case(["archives/one.tgz", "archives/two.tgz", "one.txt", "two.txt"], before=archives),
    "The same by a command": Case(["archives/one.tgz", "archives/two.tgz", "one.txt", "two.txt"], before=archives),
    "All pages of an API": Case(["items.json"], before=api, after=items),
    "Files as one archive": Case(["copy/a.bin", "copy/b.bin"], before=backup),
    "Links that are dead": Case([], after=why_dead),
    "A list that grows": None,  # test_a_list_that_grows
    "What is new": Case(["processed"] + TWO, after=processed),
    "What failed": Case(["b.bin", "a.bin", "left.txt"], before=one_fails, after=failed_once),
    "For ten minutes": Case(["a.bin", "left.txt"], before=one_never_ends, after=left_over, status=124),
    "All or nothing": Case(TWO),
    "Where the time went": Case(["run.html", "run.json"] + TWO, after=page),
    "Files that are moved": Case(["archive/a.bin", "archive/b.bin", "done.jsonl"], before=archive, after=moved_once),
    "Each takes": Case([f"mirror/127.0.0.1/{n}.bin" for n in range(12)], before=two_hosts, after=each_once),
}


def cases(shown, known):
    """(text, command, case) of each example that is shown."""
    def case(text):
        found = [words for words in known if text.startswith(words)]
        assert len(found) == 1, f"no test for the example: {text}"
        return found[0]

    named = [(case(text), command) for text, command in shown]
    assert sorted(words for words, _ in named) == sorted(known)
    return [(words, command, known[words]) for words, command in named]


README_CASES = cases(examples.of_readme("A tour"), README)
MANUAL_CASES = cases(examples.of_manual(), MANUAL)
ALL = [pytest.param(command, case, id=f"{where}-{words}") for where, list_ in
       (("readme", README_CASES), ("manual", MANUAL_CASES)) for words, command, case in list_ if case]


@pytest.fixture
def place(garner, faults):
    place = examples.Place(garner, faults)
    place.tool("process", '#!/bin/sh\nprintf "%s\\n" "$@" > processed\n')
    for name in ("urls.txt", "feeds.txt"):
        place.give(name, f"{place.url('/a.bin')}\n{place.url('/b.bin')}\n")
    place.give("links.txt", f"{place.url('/a')}\n{place.url('/gone?status=404')}\n")
    place.give("items.jsonl", "".join(json.dumps({"href": place.url(f"/{sku}"), "sku": sku}) + "\n"
                                      for sku in ("s1", "s2")))
    return place


@pytest.mark.parametrize("command, case", ALL)
def test_example(place, command, case):
    for program in PROGRAMS:
        if re.search(rf"\b{program} ", command) and not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    if case.before:
        case.before(place)
    # Ten minutes are too long for a test.
    out = place.run(re.sub(r"--timeout 10m", "--timeout 2s", command) if case.status == 124 else command, case.status)
    assert place.left() == sorted(case.files), out
    if case.after:
        case.after(place, out)


def test_a_list_that_grows(place):
    """It is over when Ctrl-C ends it."""
    command = next(command for words, command, _ in MANUAL_CASES if words == "A list that grows")
    process = place.start(command)
    try:
        place.wait(lambda: place.left() == ["inbox/a.bin", "inbox/b.bin"])
        with open(place.dir / "urls.txt", "a") as f:
            f.write(place.url("/c.bin") + "\n")
        place.wait(lambda: place.left() == ["inbox/a.bin", "inbox/b.bin", "inbox/c.bin"])
    finally:
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT and sorted(out.split()) == [f"inbox/{n}.bin" for n in "abc"], (process, out, err)


def test_comparison():
    """What README's table says of garner is what bench/compare.py sees. (Its peers may not be installed.)"""
    table = examples.README.read_text().split("\n## Beside its peers\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    run = subprocess.run([sys.executable, runner.TOP / "bench" / "compare.py", "--tools", "garner"],
                         env=dict(os.environ, GARNER=str(runner.BINARY)), capture_output=True, text=True, timeout=120)
    seen = [line.strip("| ").split(" | ") for line in run.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) > 10 and [[row[0], row[1], row[-1]] for row in rows[1:]] == seen[1:], run
