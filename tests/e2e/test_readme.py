# SPDX-License-Identifier: MIT
"""Every example of the README's tour is run, against the fault server in place of the hosts that it names."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import runner

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def tour():
    """The examples: (what the comment says, the command)."""
    block = README.read_text().split("## A tour", 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
    return [tuple(text.split("\n", 1)) for text in re.split(r"^# ", block, flags=re.M)[1:]]


EXAMPLES = tour()

# what is there afterwards, by the first words of the comment
FILES = {
    "two files": ["a.iso", "b.iso"],
    "a list": ["mirror/127.0.0.1/a.bin", "mirror/127.0.0.1/b.bin"],
    "pages in order": [f"{n}.json" for n in range(1, 101)],
    "records instead": ["a.bin", "b.bin"],
    "names and ids": ["img/s1.jpg", "img/s2.jpg"],
    "dead links": [],
    "the first mirror": ["a.iso"],
    "all or nothing": ["a.bin", "b.bin"],
    "gently": ["a.bin", "b.bin"],
    "what changed": ["processed", "a.bin", "b.bin"],
}


def test_there_are_ten():
    assert len(EXAMPLES) == 10 == len(FILES)


@pytest.mark.parametrize("comment, command", EXAMPLES, ids=[c.split(":")[0].split(";")[0] for c, _ in EXAMPLES])
def test_example(tmp_path, faults, comment, command):
    if "jq" in command and not shutil.which("jq"):
        pytest.skip("jq is not installed")
    base = faults.url("/").split("/", 3)[2]
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "garner").symlink_to(runner.BINARY)
    (tools / "process").write_text('#!/bin/sh\nprintf "%s\\n" "$@" > processed\n')
    (tools / "process").chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    for name in ("urls.txt", "feeds.txt"):
        (work / name).write_text(f"http://{base}/a.bin\nhttp://{base}/b.bin\n")
    (work / "links.txt").write_text(f"http://{base}/a\nhttp://{base}/gone?status=404\n")
    (work / "items.jsonl").write_text("".join(
        json.dumps({"href": f"http://{base}/{sku}", "sku": sku}) + "\n" for sku in ("s1", "s2")))
    given = {p.name for p in work.iterdir()}
    script = re.sub(r"https://(example\.org|[ab]\.example)", f"http://{base}", command)
    env = dict(os.environ, PATH=f"{tools}:{os.environ['PATH']}", HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path))
    run = subprocess.run(["bash", "-c", script], cwd=work, env=env, capture_output=True, text=True, timeout=60)
    assert not re.search("Sanitizer|runtime error", run.stderr), run.stderr
    assert run.returncode == 0, run
    left = {str(p.relative_to(work)) for p in work.rglob("*") if p.is_file()} - given
    assert sorted(left) == sorted(next(files for words, files in FILES.items() if comment.startswith(words))), run
    if comment.startswith("dead links"):
        assert run.stdout == f"http://{base}/gone?status=404\n"
    if comment.startswith("what changed"):
        assert sorted((work / "processed").read_text().split()) == ["a.bin", "b.bin"]
