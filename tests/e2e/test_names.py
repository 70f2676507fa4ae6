# SPDX-License-Identifier: MIT
"""How a file gets its name, and what is there already."""

import os
import re
from urllib.parse import quote

import pytest


@pytest.mark.parametrize("path, name", [
    ("/a.bin", "a.bin"), ("/", "index.html"), ("/dir/", "index.html"), ("/a%20b.txt", "a b.txt"), ("/a.bin?q=1", "a.bin"),
    ("/%2e%2e", None), ("/..%2f..%2fetc%2fpasswd", None), ("/a%2fb", None), ("/a%00b", "a_b"), ("/a%0ab", "a_b"), ("/%20a%20", "_a_"),
    ("/a.", "a_"), ("/a%ff", "a_"), ("/gr%c3%bc%c3%9fe", "grüße"), ("/.hidden", ".hidden"), ("/a.part", "a.part_"),
    ("/a%252fb", "a%2fb"), ("/a%5cb", None), ("/x.part.json", "x.part.json_"), ("/-rf", "-rf")])
def test_safe_names(garner, faults, path, name):
    run = garner("--json", "-d", "d", faults.url(path))
    assert run.status == 0 and len(run.files) == 1 and run.files[0].startswith("d/"), run
    assert os.path.dirname(run.files[0]) == "d" and (name is None or run.files == [f"d/{name}"]), run


@pytest.mark.parametrize("name", ["x" * 300 + ".tar", "ü" * 200 + ".tar"])
def test_long_names(garner, faults, name):
    run = garner(faults.url("/" + quote(name)))
    assert run.status == 0 and run.files[0].endswith(".tar") and len(run.files[0].encode()) <= 255, run


@pytest.mark.parametrize("template, path", [
    ("{name}", "file.tar.gz"), ("x-{name}", "x-file.tar.gz"), ("{stem}-1{.ext}", None), ("{host}/{name}", "127.0.0.1/file.tar.gz"),
    ("{dirs}/{name}", "one/two/three/file.tar.gz"), ("{dirs:2}/{name}", "three/file.tar.gz"), ("{index}", "1"), ("{index:06}.bin", "000001.bin"),
    ("{query:page}.html", "7.html"), ("sub/", "sub/file.tar.gz"), ("a/b/{name}", "a/b/file.tar.gz"), ("fixed", "fixed")])
def test_templates(garner, faults, template, path):
    run = garner("-o", template, faults.url("/one/two/three/file.tar.gz", page=7))
    assert run.status == 0 and (path is None or run.lines == run.files == [path]), run


def test_template_keys(garner, faults):
    run = garner("-o", "{id}-{.mine}", input=f'{{"url": "{faults.url("/a")}", "id": "i", "mine": "m"}}\n')
    assert run.status == 0 and run.files == ["i-m"], run


def test_no_stem_or_extension(garner, faults):
    assert garner("-o", "{stem}+{.ext}+{index}", faults.url("/plain")).files == ["plain++1"]


def test_tree(garner, faults):
    run = garner("--tree", faults.url("/a/b/c"), faults.url("/a/b/d"))
    assert run.status == 0 and [f.split("/", 1)[1] for f in run.files] == ["a/b/c", "a/b/d"], run


def test_absolute_output(garner, faults, tmp_path):
    run = garner("-o", str(tmp_path / "abs" / "x"), faults.url("/a"))
    assert run.status == 0 and (tmp_path / "abs" / "x").read_bytes() == faults.body(), run


@pytest.mark.parametrize("out", ["../x", "/tmp/garner-outside", "a/../../x"])
def test_a_list_stays_below_the_directory(garner, faults, out):
    run = garner("--json", "-d", "d", input=f"{faults.url('/a')}\n  out={out}\n")
    assert run.status == 1 and run.record["error"]["kind"] == "policy" and not run.files, run


@pytest.mark.parametrize("out", [".", "./.", "a/."])
def test_a_list_names_a_file(garner, faults, out):
    run = garner("--json", "-d", "d", input=f"{faults.url('/a')}\n  out={out}\n")
    assert run.status == 1 and run.record["error"]["kind"] == "input" and not run.files, run


def test_the_directory_itself(garner, faults):
    garner.write("list", f"{faults.url('/a')}\n  out=./\n{faults.url('/b')}\n  dir=s\n  out=.//\n")
    run = garner("--gather", "-d", "d", "-i", "list")
    assert run.status == 0 and run.lines == ["d/a", "d/s/b"], run


def test_links_are_not_followed(garner, faults, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("old")
    (garner.dir / "sub").symlink_to(outside)
    (garner.dir / "victim").symlink_to(outside / "victim")
    garner("-o", "sub/{name}", faults.url("/a"))
    garner("--if-exists", "overwrite", faults.url("/victim"))
    assert (outside / "victim").read_text() == "old" and not (outside / "a").exists()


def test_special_files_are_not_written_through(garner, faults):
    os.mkfifo(garner.dir / "fifo")
    run = garner("--json", "--if-exists", "overwrite", faults.url("/fifo"), timeout=20)
    assert os.path.exists(garner.dir / "fifo") and (run.status == 1 or garner.read("fifo") == faults.body()), run


def test_two_entries_one_name(garner, faults):
    urls = [faults.url(f"/{d}/report.pdf", seed=i) for i, d in enumerate("abc")]
    run = garner("--json", "--gather", *urls)
    assert run.status == 0 and len(run.files) == 3 and "report.pdf" in run.files and "--tree" in run.stderr, run
    for i, record in enumerate(run.records):
        assert garner.read(record["path"]) == faults.body(100, i)
    assert sum(bool(re.fullmatch(r"report\.[0-9a-f]{8}\.pdf", f)) for f in run.files) == 2


def test_the_same_entry_twice(garner, faults):
    run = garner("--json", faults.url("/a"), faults.url("/a"))
    states = {r["state"]: r for r in run.records}
    assert run.status == 0 and set(states) == {"finished", "skipped"} and len(faults.requests()) == 1, run
    assert states["skipped"]["duplicate_of"] == states["finished"]["index"]


def test_the_same_entry_twice_fails_twice(garner, faults):
    run = garner("--json", "--retry", 0, faults.url("/a", status="404,200"), faults.url("/a", status="404,200"))
    assert run.status == 1 and [r["state"] for r in run.records] == ["failed"] * 2, run


def test_the_same_entry_twice_moves_on_together(garner, faults):
    garner("-o", "a", faults.url("/other"))
    run = garner("--json", *[faults.url("/a")] * 3)
    assert run.status == 0 and len(run.files) == 2, run
    paths = {r["path"] for r in run.records}
    assert len(paths) == 1 and paths != {"a"} and [r["state"] for r in run.records].count("skipped") == 2, run
    run = garner("--json", *[faults.url("/a")] * 3)
    assert {r["path"] for r in run.records} == paths and {r["state"] for r in run.records} == {"skipped"}, run


def test_the_same_entry_twice_is_cancelled_twice(garner, faults):
    slow, late = faults.url("/slow", delay=5), faults.url("/late")
    run = garner("--json", "-j", 1, "--timeout", "0.5", slow, late, late)
    assert run.status == 124 and [(r["state"], r["error"]["kind"]) for r in run.records] == [("cancelled", "timeout")] * 3, run


def test_the_same_entry_twice_under_a_new_name(garner, faults):
    garner.write("a", "mine")
    run = garner("--json", "--if-exists", "rename", *[faults.url("/a")] * 2)
    assert run.status == 0 and len(run.files) == 2 and {r["path"] for r in run.records} == set(run.files) - {"a"}, run


def test_one_url_two_targets(garner, faults):
    run = garner(input=f"{faults.url('/a')}\n  out=x\n{faults.url('/a')}\n  out=y\n")
    assert run.status == 0 and run.files == ["x", "y"], run


def test_skip(garner, faults):
    garner(faults.url("/a"))
    run = garner("--json", faults.url("/a"))
    assert run.status == 0 and run.record["state"] == "skipped" and len(faults.requests()) == 1, run
    assert garner("-i", "-", "--json", input=faults.url("/a")).record["state"] == "skipped"


def test_rename(garner, faults):
    garner.write("a.txt", "mine")
    run = garner("--if-exists", "rename", faults.url("/a.txt"))
    assert run.status == 0 and garner.read("a.txt") == b"mine" and len(run.files) == 2, run
    assert garner.read(run.lines[0]) == faults.body()


def test_overwrite(garner, faults):
    garner.write("a", "old")
    run = garner("--if-exists", "overwrite", faults.url("/a"))
    assert run.status == 0 and garner.read("a") == faults.body() and run.files == ["a"], run


def test_overwrite_keeps_the_old_file_on_failure(garner, faults):
    garner.write("a", "old")
    run = garner("--if-exists", "overwrite", "--retry", 0, faults.url("/a", size=1000, cut=500))
    assert run.status == 1 and garner.read("a") == b"old", run


def test_fail(garner, faults):
    garner.write("a", "old")
    run = garner("--json", "--if-exists", "fail", faults.url("/a"), faults.url("/b"))
    assert run.status == 1 and garner.read("a") == b"old" and run.files == ["a", "b"], run


def test_update(garner, faults):
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    url = faults.url("/a", modified=date)
    assert garner("--if-exists", "update", url).status == 0
    assert int(os.stat(garner.path("a")).st_mtime) == 1445412480
    run = garner("--json", "--if-exists", "update", url)
    assert (run.status, run.record["state"]) == (0, "unchanged"), run
    assert faults.requests()[1].headers["if-modified-since"] == date
    garner.write("a", "older")
    run = garner("--json", "--if-exists", "update", url)
    assert run.record["state"] == "finished" and garner.read("a") == faults.body(), run


def test_a_file_that_appears_meanwhile_is_not_replaced(garner, faults):
    run = garner.start("--json", faults.url("/a", gate="g"))
    faults.wait_gate("g")
    garner.write("a", "mine")
    faults.open("g")
    run.wait()
    assert garner.read("a") == b"mine"


def test_remote_time(garner, faults):
    garner("-R", faults.url("/a", modified="Wed, 21 Oct 2015 07:28:00 GMT"))
    assert int(os.stat(garner.path("a")).st_mtime) == 1445412480


@pytest.mark.parametrize("header, name", [
    ('attachment; filename="x.txt"', "x.txt"), ("attachment; filename*=UTF-8''gr%C3%BC%C3%9Fe.txt", "grüße.txt"),
    ('attachment; filename="a.txt"; filename*=UTF-8\'\'b.txt', "b.txt"), ('attachment; filename="../../up"', "up"),
    ('attachment; filename="/etc/passwd"', "passwd"), ("inline", "url-name"), ('attachment; filename=""', None)])
def test_content_disposition(garner, faults, header, name):
    run = garner("-J", faults.url("/url-name", header=f"Content-Disposition:{header}"))
    assert run.status == 0 and len(run.files) == 1 and (name is None or run.files == [name]), run


def test_content_disposition_only_on_request(garner, faults):
    assert garner(faults.url("/a", header='Content-Disposition:attachment; filename="x"')).files == ["a"]


def test_key(garner, faults):
    urls = [faults.url("/a", token=1), faults.url("/a", token=2)]
    run = garner("--json", "--key", "url-no-query", *urls)
    assert run.status == 0 and run.files == ["a"], run


def test_the_directory_is_created(garner, faults):
    assert garner("-d", "one/two/three", faults.url("/a")).files == ["one/two/three/a"]


def test_umask(garner, faults):
    garner(faults.url("/a"), preexec_fn=lambda: os.umask(0o027))
    assert os.stat(garner.path("a")).st_mode & 0o777 == 0o640


def test_dry_run(garner, faults):
    """What would become of the entries: no request, no file, no directory; then it comes true."""
    urls = [faults.url(p) for p in ("/1/name", "/2/name", "/a", "/a", "/-x")]
    garner("-d", "d", faults.url("/old"))
    before = garner.files()
    count = len(faults.requests())
    for more in ([], ["--gather"], ["--print", "new"]):
        run = garner("--dry-run", "-d", "d/e", *more, *urls)
        assert run.status == 0 and len(set(run.lines)) == 4 and "name" in run.stderr, run
        assert garner.files() == before and not garner.path("d/e").exists() and len(faults.requests()) == count
    real = garner("-d", "d/e", "--print", "new", *urls)
    assert sorted(real.lines) == sorted(run.lines), (real, run)
    run = garner("--dry-run", "-d", "d/e", *urls)
    assert run.lines and garner("--dry-run", "--print", "new", "-d", "d/e", *urls).lines == [], run


def test_dry_run_records(garner, faults):
    garner(faults.url("/old"))
    requests = len(faults.requests())
    args = ["--dry-run", "--json", "--gather", "-i", "-", faults.url("/new"), faults.url("/old"), faults.url("/old")]
    run = garner(*args, input=f"nonsense\n{faults.url('/x')}\n  out=../x\n")
    assert [(r["state"], r["path"], r["reason"]) for r in run.records] == [
        ("pending", "new", "dry-run"), ("skipped", "old", "exists"), ("skipped", "old", "duplicate"), ("failed", None, None),
        ("failed", None, None)], run
    assert run.status == 1 and run.records[0]["attempts"] == 0 and len(faults.requests()) == requests
    for policy, states in (("overwrite", ["pending"] * 3), ("update", ["pending", "pending", "skipped"]), ("fail", ["pending", "failed", "failed"])):
        run = garner(*args, "--if-exists", policy, input="")
        assert [r["state"] for r in run.records] == states, run
    for option in ("--discard", "-I", "-J"):
        run = garner("--dry-run", "--json", option, faults.url("/y"))
        assert (run.record["state"], run.record["path"]) == ("pending", None), run
    assert garner.files() == ["old"] and len(faults.requests()) == requests


def test_dry_run_leaves_the_journal_alone(garner, faults):
    garner("--journal", "j", faults.url("/a"))
    journal = garner.read("j")
    os.remove(garner.path("a"))
    garner.write("b", "b")
    run = garner("--dry-run", "--journal", "j", "--cookie-jar", "jar", "--no-marks", faults.url("/a"), faults.url("/b"), faults.url("/c"))
    assert sorted(run.lines) == ["b", "c"] and garner.read("j") == journal, run
    garner("--dry-run", "--journal", "j2", faults.url("/d"))
    assert garner.files() == ["b", "j"]
