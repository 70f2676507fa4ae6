# SPDX-License-Identifier: MIT
"""The main job: lists of files, whole and under their names."""

import pytest

import nginx as nginx_module

NAMES = sorted(nginx_module.SIZES)


def test_one_file(garner, nginx):
    run = garner(nginx.url("/f/1m.bin"))
    assert (run.status, run.stdout, run.files) == (0, "1m.bin\n", ["1m.bin"]), run
    assert garner.read("1m.bin") == nginx.data("1m.bin")


@pytest.mark.parametrize("tls", [False, True], ids=["http1", "http2"])
def test_files_of_all_sizes(garner, nginx, tls):
    base, more = (nginx.tls, ["--cacert", nginx.cacert]) if tls else (nginx.url, [])
    run = garner("--json", *more, *[base(f"/f/{name}") for name in NAMES])
    assert (run.status, run.files) == (0, NAMES), run
    assert {r["http"]["version"] for r in run.records} == {"2" if tls else "1.1"}
    for name in NAMES:
        assert garner.read(name) == nginx.data(name), name


@pytest.mark.parametrize("tls", [False, True], ids=["http1", "http2"])
def test_a_list_of_hundreds(garner, nginx, tls):
    base, more = (nginx.tls, ["--cacert", nginx.cacert]) if tls else (nginx.url, [])
    urls = [base(f"/f/{NAMES[i % len(NAMES)]}?{i}") for i in range(300)]
    run = garner("-o", "{index:03}", *more, input="\n".join(urls))
    assert (run.status, len(run.lines), len(run.files)) == (0, 300, 300), run
    for i in range(300):
        assert garner.read(f"{i + 1:03}") == nginx.data(NAMES[i % len(NAMES)])


def test_http2_shares_connections(garner, nginx):
    run = garner("--json", "--discard", "--cacert", nginx.cacert, *[nginx.tls(f"/f/tiny.txt?{i}") for i in range(40)])
    assert run.status == 0 and {r["http"]["version"] for r in run.records} == {"2"}, run


def test_http11_on_request(garner, nginx):
    run = garner("--json", "--http1.1", "--cacert", nginx.cacert, nginx.tls("/f/tiny.txt"))
    assert run.record["http"]["version"] == "1.1", run


def test_connections_are_reused(garner, faults):
    run = garner("-j", 2, *[faults.url(f"/{i}") for i in range(20)])
    assert run.status == 0 and faults.connections() <= 4, run


@pytest.mark.parametrize("query, size", [
    (dict(size=0), 0), (dict(size=0, chunked=1), 0), (dict(size=300000, chunked=1), 300000),
    (dict(size=300000, no_length=1), 300000), (dict(status=204), 0), (dict(size=3000, drip="100,0.001"), 3000),
    (dict(size=100, proto="1.0", no_length=1), 100)])
def test_bodies(garner, faults, query, size):
    run = garner("--json", faults.url("/a.bin", **query))
    assert (run.status, run.files, run.record["size"]) == (0, ["a.bin"], size), run
    assert garner.read("a.bin") == faults.body(size)


def test_length_known(garner, faults):
    run = garner("--json", faults.url("/a", no_length=1), faults.url("/b"), faults.url("/c", chunked=1))
    known = {r["path"]: r["length_known"] for r in run.records}
    assert known == {"a": False, "b": True, "c": True}, run


@pytest.mark.parametrize("query", [
    dict(size=1000, cut=400), dict(size=1000, chunked=1, cut=400), dict(size=1000, reset=400),
    dict(reset="header"), dict(cut="header"), dict(drop=1), dict(garbage=1), dict(chunked="bad"),
    dict(endless=1), dict(lengths="90,100"), dict(size=300000, cut=299999), dict(size=3000000, reset=2999999),
    dict(lengths="-5"), dict(lengths="9223372036854775807")])
def test_a_broken_body_is_never_a_file(garner, faults, query):
    run = garner("--json", "--retry", 1, "--retry-delay", "10ms", faults.url("/bad", **query), faults.url("/good"))
    states = {r["url"].split("?")[0].rsplit("/", 1)[1]: r for r in run.records}
    assert run.status == 1 and states["good"]["state"] == "finished", run
    assert states["bad"]["state"] == "failed" and states["bad"]["error"]["kind"] == "network", run
    assert "bad" not in run.files and garner.read("good") == faults.body()


def test_nothing_is_left_beside_the_file(garner, faults):
    run = garner(faults.url("/big", size=3_000_000), faults.url("/small"))
    assert run.files == ["big", "small"], run


def test_discard(garner, nginx):
    for option in (["--discard"], ["-o", "/dev/null"]):
        run = garner("--json", *option, nginx.url("/f/1m.bin"))
        assert (run.status, run.files, run.record["size"], run.record["path"]) == (0, [], 1 << 20, None), run


def test_head(garner, faults):
    run = garner("--json", "-I", faults.url("/a", size=12345))
    assert (run.status, run.files, run.record["state"]) == (0, [], "finished"), run
    assert [r.method for r in faults.requests()] == ["HEAD"]


def test_range(garner, faults):
    run = garner("-r", "10-19", faults.url("/a", size=100, ranges=1))
    assert run.status == 0 and garner.read("a") == faults.body(100)[10:20], run


@pytest.mark.parametrize("fault", [
    dict(shift=1), dict(most=5), dict(bare=1), dict(multipart=1), dict(range="bytes 10-19/x"), dict(range="bytes 10-18/100"),
    dict(chunked=1, range="bytes 10-18/19"), dict(chunked=1, hollow=1)],
    ids=lambda f: "-".join(f"{k}={v}" for k, v in f.items()))
def test_another_range(garner, faults, fault):
    run = garner("--json", "--retry", 0, "-r", "10-19", faults.url("/a", size=100, ranges=1, **fault), faults.url("/b", size=100, ranges=1))
    assert run.status == 1 and run.files == ["b"] and garner.read("b") == faults.body(100)[10:20], run
    assert next(r for r in run.records if not r["ok"])["error"]["kind"] in ("http", "network"), run


@pytest.mark.parametrize("size", [5, 200_000, 5_000_000])
@pytest.mark.parametrize("buffer", ["256k", "64M"])
def test_buffer(garner, faults, size, buffer):
    urls = [faults.url(f"/{i}", size=size, seed=i) for i in range(4)]
    run = garner("--buffer", buffer, "--executor-threads", 1, *urls)
    assert run.status == 0, run
    assert all(garner.read(str(i)) == faults.body(size, i) for i in range(4))


def test_buffer_over_http2(garner, nginx):
    urls = [nginx.tls(f"/f/3m.bin?{i}") for i in range(12)]
    run = garner("--buffer", "1M", "--cacert", nginx.cacert, "-o", "{index}", *urls)
    assert run.status == 0, run
    assert all(garner.read(str(i)) == nginx.data("3m.bin") for i in range(1, 13))
