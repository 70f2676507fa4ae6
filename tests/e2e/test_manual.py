# SPDX-License-Identifier: MIT
"""What the manual page says of records and journals is what they are. (Options: tests/check-man-options;
examples: test_examples.py.)"""

import json
import re
import shutil
import subprocess

import pytest

import examples

TYPES = {"number": (int, float), "string": str, "boolean": bool, "object": dict}


def members():
    """{member: (type, text)} of the table in JSON RECORDS, in its order."""
    section = examples.MANUAL.read_text().split("\n.Sh JSON RECORDS\n", 1)[1].split("\n.El\n", 1)[0]
    rows = re.findall(r"\n\.It (\w+) Ta (\w+) Ta (.*?)(?=\n\.It|$)", section, flags=re.S)
    return {member: (kind, text) for member, kind, text in rows}


def test_members_of_records(garner, faults):
    said = members()
    assert len(said) > 20
    run = garner("--json", "--hash", "sha256", "-o", "{name}", faults.url("/a", etag='"x"'), faults.url("/b", status=404),
                 faults.url("/%FF"))
    assert len(run.records) == 3, run
    for record in run.records:
        assert list(record) == [m for m in said if m != "path_b64" or record["path"] == "\udcff" or m in record]
        for member, value in record.items():
            kind, text = said[member]
            assert value is None or kind == "any" or isinstance(value, TYPES[kind]), (member, value)
            if isinstance(value, dict):
                assert all(re.search(rf"\b{inner}\b", text) for inner in value), (member, value, text)
    assert {record["error"] and record["error"]["kind"] for record in run.records} == {None, "http"}


def test_members_of_the_journal(garner, faults):
    shown = examples.MANUAL.read_text().split(".It The journal\n", 1)[1].split("-literal -offset indent\n", 1)[1]
    run = garner("--journal", "journal", faults.url("/a"))
    assert list(json.loads(shown.split("\n.Ed", 1)[0])) == list(json.loads(run.garner.read("journal")))


def test_it_looks_right():
    """At 80 columns nothing is wider, and no macro's name or quote is left over."""
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    page = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=78", str(examples.MANUAL)], capture_output=True, text=True,
                          check=True).stdout
    text = re.sub(".\b", "", page)
    # An example of a list has a digest in it, which nothing can break.
    assert [line for line in text.splitlines() if len(line) > 80 and "checksum=" not in line] == []
    assert not re.search(r"(?m)^\s*\.[A-Z][a-z]\b|\b(Fl|Ql|Ar|Cm|Ta) |’’|<[a-z]+>$", text)
    headings = re.findall(r"(?m)^[A-Z][A-Z -]+$", text)
    assert headings[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"] and headings[-1] == "SEE ALSO", headings
    assert {"JSON RECORDS", "SIGNALS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES"} <= set(headings), headings
