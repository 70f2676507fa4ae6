# SPDX-License-Identifier: MIT
"""--content-disposition: names that come with a reply obey the rules of all names."""

import hashlib
import itertools
import re

import pytest

NAME = "Content-Disposition:attachment; filename=x.bin"


def named(faults, path, **how):
    return faults.url(path, header=NAME, **how)


def contents(garner, run):
    """What each record's file holds; none belongs to two entries."""
    paths = [r["path"] for r in run.records]
    return {r["url"]: garner.read(r["path"]) for r in run.records} if len(set(paths)) == len(paths) else paths


@pytest.mark.parametrize("size", [100, 3_000_000])
def test_one_url_twice(garner, faults, size):
    url = named(faults, "/a", size=size, etag='"1"')
    run = garner("--json", "-J", url, url)
    first, second = sorted(run.records, key=lambda r: r["state"])
    assert run.status == 0 and run.files == ["x.bin"] and garner.read("x.bin") == faults.body(size), run
    assert (first["state"], second["state"], second["reason"]) == ("finished", "skipped", "duplicate"), run
    assert second["duplicate_of"] == first["index"] and second["path"] == first["path"] == "x.bin", run


def test_one_url_twice_one_after_the_other(garner, faults):
    url = named(faults, "/a")
    run = garner("--json", "--gather", "-J", "-j", 1, url, url)
    assert run.status == 0 and run.files == ["x.bin"] and run.records[1]["duplicate_of"] == 1, run


def test_one_url_twice_fails_twice(garner, faults):
    url = named(faults, "/a", size=1000, cut=400)
    run = garner("--json", "-J", "--retry", 0, url, url)
    assert run.status == 1 and [r["error"]["code"] for r in run.records] == ["CURLE_PARTIAL_FILE"] * 2 and not run.files, run


def test_one_url_twice_in_order(garner, faults):
    """Under overwrite each is downloaded, one after the other."""
    run = garner("--json", "-J", "--if-exists", "overwrite", *[named(faults, "/a")] * 3)
    assert run.status == 0 and run.files == ["x.bin"] and [r["state"] for r in run.records] == ["finished"] * 3, run


def test_one_name_for_several(garner, faults):
    urls = [named(faults, f"/{i}", seed=i) for i in range(4)]
    right = {url: faults.body(100, i) for i, url in enumerate(urls)}
    run = garner("--json", "-J", *urls)
    assert run.status == 0 and contents(garner, run) == right and "--tree" in run.stderr, run
    assert sum(bool(re.fullmatch(r"x\.[0-9a-f]{8}\.bin", f)) for f in run.files) == 3 and "x.bin" in run.files
    before, had = {r["url"]: r["path"] for r in run.records}, run.files
    for order in [urls, urls[::-1], urls[2:], [urls[3], urls[0]]]:
        run = garner("--json", "-J", "-j", 1, *order)
        assert run.status == 0 and run.files == had and {r["reason"] for r in run.records} == {"exists"}, run
        assert all(r["path"] == before[r["url"]] and r["received"] <= 100 for r in run.records), run


def test_one_name_in_another_order(garner, faults):
    """So it is with names that are known from the start: a mark, not the order, says whose a file is."""
    urls = [faults.url(f"/{d}/x.bin", seed=i) for i, d in enumerate("abc")]
    garner(*urls)
    had = garner.files()
    for order in itertools.permutations(urls):
        run = garner("--json", *order)
        assert run.status == 0 and run.files == had and {r["reason"] for r in run.records} == {"exists"}, run
        assert contents(garner, run) == {url: faults.body(100, i) for i, url in enumerate(urls)}, run


def test_anothers_file(garner, faults):
    """Neither skipped because of it nor put in its place."""
    garner("-J", named(faults, "/a", seed=1))
    run = garner("--json", "-J", named(faults, "/b", seed=2, size=2_000_000))
    assert run.record["state"] == "finished" and run.record["attempts"] == 1 and run.record["path"] != "x.bin", run
    assert garner.read("x.bin") == faults.body(100, 1) and garner.read(run.record["path"]) == faults.body(2_000_000, 2)


def test_a_foreign_file(garner, faults):
    garner.write("x.bin", "mine")
    run = garner("--json", "-J", named(faults, "/a", size=50_000_000))
    assert run.status == 0 and (run.record["state"], run.record["reason"]) == ("skipped", "foreign"), run
    assert garner.read("x.bin") == b"mine" and run.files == ["x.bin"] and run.record["received"] < 50_000_000, run


@pytest.mark.parametrize("how, state", [
    ([], "skipped"), (["--if-exists", "fail"], "failed"), (["-X", "POST", "--data", "q", "--if-exists", "update"], "failed"),
    (["--segments", 4, "--segment-size", "64k"], "finished")], ids=str)
def test_what_has_no_place_leaves_the_buffer(garner, faults, how, state):
    """While the looks go on the bodies fill it, so that nothing more comes of any of them."""
    names = [f"{i}.bin" for i in range(16)]
    urls = [faults.url(f"/{n}", header=f"Content-Disposition:attachment; filename={n}", size=500_000, seed=i) for i, n in enumerate(names)]
    if state != "finished":
        for name in names:
            garner.write(name, "mine")
    run = garner("--json", "-J", "-j", 16, "--buffer", "64k", *how, *urls, timeout=20)
    assert {r["state"] for r in run.records} == {state} and run.files == sorted(names), run
    for i, name in enumerate(names):
        assert garner.read(name) == (faults.body(500_000, i) if state == "finished" else b"mine")


@pytest.mark.parametrize("policy, state, text", [
    ("fail", "failed", "mine"), ("rename", "finished", "mine"), ("overwrite", "finished", None), ("update", "finished", None),
    ("verify", "finished", None)])
def test_policies(garner, faults, policy, state, text):
    garner.write("x.bin", "mine")
    run = garner("--json", "-J", "--if-exists", policy, named(faults, "/a", seed=7, modified="Wed, 21 Oct 2037 07:28:00 GMT"))
    assert run.record["state"] == state and run.files == ["x.1.bin", "x.bin"][policy != "rename":], run
    assert garner.read("x.bin") == (text.encode() if text else faults.body(100, 7)), run
    assert policy != "rename" or (run.record["path"] == "x.1.bin" and garner.read("x.1.bin") == faults.body(100, 7))
    assert policy != "fail" or run.record["error"]["code"] == "EEXIST"


def test_update_finds_it_unchanged(garner, faults):
    url = named(faults, "/a", etag='"1"')
    garner("-J", url)
    run = garner("--json", "-J", "--if-exists", "update", url)
    assert run.status == 0 and run.record["state"] == "unchanged" and run.record["path"] == "x.bin", run


def test_a_directory_of_that_name(garner, faults):
    (garner.dir / "x.bin").mkdir()
    run = garner("--json", "-J", named(faults, "/a"), faults.url("/good"))
    bad = next(r for r in run.records if r["url"].count("/a?"))
    assert run.status == 1 and bad["error"]["code"] == "EEXIST" and run.files == ["good"], run


@pytest.mark.one_connection
@pytest.mark.parametrize("segments", [1, 3])
def test_its_part_is_resumed(garner, faults, segments):
    url = named(faults, "/a", size=3_000_000, etag='"1"', ranges=1, cut=1_000_000, fail=1)
    run = garner("--json", "-J", "--retry", 0, url)
    assert run.status == 1 and run.files == ["x.bin.part", "x.bin.part.json"], run
    run = garner("--json", "-J", "--segments", segments, "--segment-size", "500k", url)
    assert run.status == 0 and run.record["resumed_at"] > 0 and garner.read("x.bin") == faults.body(3_000_000), run
    assert run.files == ["x.bin"] and (segments == 1 or run.record["segments"] > 1), run


def test_segments(garner, faults):
    url = named(faults, "/a", size=8_000_000, etag='"1"', ranges=1)
    run = garner("--json", "-J", "--segments", 4, "--segment-size", "1M", url, named(faults, "/small"))
    sizes = {r["size"]: r for r in run.records}
    assert run.status == 0 and sizes[8_000_000]["segments"] == 4 and sizes[100]["attempts"] == 1, run
    assert garner.read(sizes[8_000_000]["path"]) == faults.body(8_000_000) and len(run.files) == 2, run


def test_a_request_that_is_not_repeated(garner, faults):
    """What another method brought is stored without a second request, or not at all."""
    garner("-J", named(faults, "/a"))
    run = garner("--json", "-J", "-X", "POST", "--data", "q", named(faults, "/b", seed=2))
    assert run.status == 0 and run.record["attempts"] == 1 and run.record["path"] != "x.bin", run
    run = garner("--json", "-J", "-X", "POST", "--data", "q", "--if-exists", "update", named(faults, "/a"))
    assert run.status == 1 and run.record["error"]["kind"] == "policy" and "--retry-unsafe" in run.record["error"]["message"], run
    assert [r.method for r in faults.requests()] == ["GET", "POST", "POST"] and len(run.files) == 2


def test_a_checksum_decides(garner, faults):
    url = named(faults, "/a")
    garner.write("x.bin", "mine")
    checksum = "sha256:" + hashlib.sha256(faults.body()).hexdigest()
    run = garner("--json", "-J", "--checksum", checksum, url)
    assert run.record["state"] == "finished" and garner.read("x.bin") == faults.body(), run
    run = garner("--json", "-J", "--checksum", checksum, url)
    assert run.record["state"] == "skipped" and run.files == ["x.bin"], run


def test_it_is_interrupted(garner, faults):
    """Between the name and the end: the part has the name, nothing else is left."""
    url = named(faults, "/a", size=1_000_000, etag='"1"', ranges=1, gate="g", gate_at=400_000)
    process = garner.start("--json", "-J", url)
    process.until((garner.dir / "x.bin.part.json").exists)
    process.send()
    run = process.wait()
    assert run.record["state"] == "cancelled" and run.files == ["x.bin.part", "x.bin.part.json"], run
