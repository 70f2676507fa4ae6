# SPDX-License-Identifier: MIT
"""A queue in Redis: filled, worked on, its ends; what goes wrong with it. (test_queue_crash.py: workers die.)"""

import json
import os
import select
import shutil
import signal
import subprocess
import time

import pytest

import examples
import faultserver
import nginx
import redisserver
import runner

FAST = ("--retry", 0, "--retry-delay", "10ms", "--progress", "none")


def built_in():
    """What --version says of Redis."""
    said = subprocess.run([runner.BINARY, "--version"], capture_output=True, text=True).stdout
    return [word for word in said.split() if word.startswith("redis")]


pytestmark = [pytest.mark.skipif(not redisserver.program(), reason="redis-server is not installed"),
              pytest.mark.skipif(not built_in(), reason="this garner was built without Redis")]


@pytest.fixture
def redis(tmp_path):
    directory = tmp_path / "redis"
    directory.mkdir()
    server = redisserver.Redis(directory)
    yield server
    server.stop(signal.SIGKILL)


def records(redis, stream):
    return [json.loads(fields["record"]) for _, fields in redis.entries(stream)]


def work(garner, redis, *args, url=None, **options):
    """A worker until nothing is left."""
    return garner("--queue", url or redis.url(), "--exit-when-empty", "-d", "out", *FAST, *args, **options)


def done_once(redis, stream="jobs", extra=()):
    """Nothing is pending, and each entry is in results or in dead, once."""
    ends = [f["entry"] for s in ("results", "dead") for _, f in redis.entries(f"jobs:{s}") if f["stream"] == stream]
    assert sorted(ends) == sorted(i for i, _ in redis.entries(stream))
    assert redis.pending(stream) == []


def test_from_a_list_to_files(garner, redis, faults):
    lines = [faults.url(f"/f{i}", seed=i) for i in range(30)]
    garner.write("list", "".join(line + "\n" for line in lines[:20]) + lines[20] + "\n  out=sub/named\n  dir=d\n")
    garner.write("list.jsonl", "".join(json.dumps({"url": u, "id": {"n": 1.50}, "x": "ü"}) + "\n" for u in lines[21:]))
    run = garner("--enqueue", redis.url(), "-i", "list")
    assert run.status == 0 and run.stdout == "" and "21 enqueued, 0 bad" in run.stderr, run
    run = garner("--enqueue", redis.local(), "-i", "list.jsonl")
    assert run.status == 0 and "9 enqueued, 0 bad" in run.stderr, run
    assert redis("KEYS", "*") == ["jobs"] and redis("XLEN", "jobs") == 30
    fields = [f for _, f in redis.entries("jobs")]
    assert fields[0] == {"url": lines[0]}
    assert json.loads(fields[20]["json"]) == {"url": lines[20], "out": "sub/named", "dir": "d"}
    run = work(garner, redis, "--json", "-j", 8)
    assert run.status == 0 and "30 finished" in run.stderr and len(run.lines) == 30, run
    for i in range(30):
        name = "d/sub/named" if i == 20 else f"f{i}"
        assert garner.read(f"out/{name}") == faultserver.body(100, i)
    written = records(redis, "jobs:results")
    assert {r["url"] for r in written} == set(lines) and all(r["ok"] for r in written)
    assert [r for r in run.records if r["url"] == lines[25]] == [r for r in written if r["url"] == lines[25]]
    assert '"id":{"n": 1.5}' in [f for f in redis.entries("jobs:results") if lines[25] in f[1]["record"]][0][1]["record"]
    done_once(redis)
    # a second worker has nothing to do; the first one left no consumer behind
    run = work(garner, redis)
    assert run.status == 0 and "the list is empty" in run.stderr, run
    assert redis("XINFO", "CONSUMERS", "jobs", "garner") == []


def test_what_is_no_entry_is_dead_at_once(garner, redis, faults):
    good = faults.url("/good")
    redis.add(url=good)
    redis.add(url="ht tp://x")
    redis.add(nothing="at all")
    redis.add(json="{not json")
    redis.add(json="")
    redis.add(json=json.dumps({"url": good}), url=good)
    redis.add(url=faults.url("/big"), junk="x" * (1 << 20))
    redis.add(url="http://h/" + "x" * 1_000_000)
    redis("XADD", "jobs", "*", "url", b"http://h/\xff")
    redis("XADD", "jobs", "*", "url", b"http://h/\0")
    redis.add(url=faults.url("/gone", status=404))
    redis.add(url=good, out="../above")
    run = work(garner, redis, "-j", 2)
    assert run.status == 1 and "1 finished, 11 failed" in run.stderr, run
    assert [r["url"] for r in records(redis, "jobs:results")] == [good]
    dead = records(redis, "jobs:dead")
    assert len(dead) == 11 and all(r["state"] == "failed" for r in dead)
    assert sorted(r["error"]["kind"] for r in dead) == ["http"] + ["input"] * 9 + ["policy"], dead
    assert all(f["deliveries"] == "1" for _, f in redis.entries("jobs:dead"))
    done_once(redis)


def test_a_failure_is_tried_again_so_often(garner, redis, faults):
    once, ever = faults.url("/once", status="503,200"), faults.url("/ever", status=500)
    redis.add(url=once)
    redis.add(url=ever)
    run = work(garner, redis, "--max-deliveries", 3, "--json", "--idle-claim", "1h")
    assert run.status == 1, run
    assert [(f["deliveries"], json.loads(f["record"])["url"]) for _, f in redis.entries("jobs:results")] == [("2", once)]
    assert [(f["deliveries"], json.loads(f["record"])["url"]) for _, f in redis.entries("jobs:dead")] == [("3", ever)]
    assert len(faults.requests("/ever")) == 3 and len(faults.requests("/once")) == 2
    assert sorted(r["state"] for r in run.records) == ["failed"] * 4 + ["finished"]
    done_once(redis)


def test_an_entry_that_kills_its_workers_is_dead(garner, redis, faults):
    """Delivered as often as may be, to workers that died."""
    redis("XGROUP", "CREATE", "jobs", "garner", "0", "MKSTREAM")
    entry = redis.add(url=faults.url("/x"))
    redis("XREADGROUP", "GROUP", "garner", "dead one", "STREAMS", "jobs", ">")
    redis("XCLAIM", "jobs", "garner", "dead one", 0, entry, "IDLE", 1_000_000, "RETRYCOUNT", 5)
    run = work(garner, redis)
    assert run.status == 1 and faults.requests() == [], run
    assert records(redis, "jobs:dead")[0]["error"]["kind"] == "policy"
    done_once(redis)


def test_entries_of_the_dead_are_claimed(garner, redis, faults):
    redis("XGROUP", "CREATE", "jobs", "garner", "0", "MKSTREAM")
    for i in range(50):
        redis.add(url=faults.url(f"/f{i}"))
    redis("XREADGROUP", "GROUP", "garner", "dead one", "COUNT", 30, "STREAMS", "jobs", ">")
    run = work(garner, redis, "--idle-claim", "1s")
    assert run.status == 0 and "50 finished" in run.stderr, run
    assert sorted(f["deliveries"] for _, f in redis.entries("jobs:results")) == ["1"] * 20 + ["2"] * 30
    done_once(redis)


def test_a_long_download_keeps_its_claim(garner, redis, faults):
    redis.add(url=faults.url("/slow", gate="end", gate_at=50))
    first = garner.start("--queue", redis.url(), "-d", "out", "--idle-claim", "600ms", *FAST, "--consumer", "first")
    first.until(lambda: faults.requests("/slow"), "request")
    second = garner.start("--queue", redis.url(), "-d", "other", "--idle-claim", "600ms", *FAST, "--exit-when-empty")
    time.sleep(2)
    (pending,) = redis.pending()
    assert pending[1] == "first" and pending[3] == 1 and second.running()
    faults.open("end")
    assert second.wait().status == 0
    first.send(signal.SIGTERM)
    assert first.wait().signal == signal.SIGTERM
    assert len(faults.requests("/slow")) == 1 and len(records(redis, "jobs:results")) == 1
    done_once(redis)


def test_the_record_of_what_others_took_over_is_not_written(garner, redis, faults):
    entry = redis.add(url=faults.url("/slow", gate="end", gate_at=50))
    run = garner.start("--queue", redis.url(), "-d", "out", *FAST)
    run.until(lambda: faults.requests("/slow"), "request")
    redis("XCLAIM", "jobs", "garner", "another", 0, entry)
    faults.open("end")
    run.until(lambda: "was taken over by another worker" in run.errors(), "message")
    assert redis("XLEN", "jobs:results") == 0 and [p[1] for p in redis.pending()] == ["another"]
    run.send()
    assert run.wait().signal == signal.SIGINT


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_rest_to_others_at_once(garner, redis, faults, signum):
    for i in range(40):
        redis.add(url=faults.url(f"/f{i}", gate="end", gate_at=50))
    run = garner.start("--queue", redis.url(), "-d", "out", "-j", 4, "--idle-claim", "1h", *FAST)
    run.until(lambda: len(faults.requests()) == 4, "requests")
    assert len(redis.pending()) == 8, "read ahead is twice the jobs"
    run.send(signum)
    result = run.wait()
    assert result.signal == signum and result.seconds < 20, result
    pending = redis.pending()
    assert len(pending) == 8 and all(p[1] == "garner:released" and p[2] > 3_600_000 and p[3] == 0 for p in pending)
    faults.open("end")
    assert work(garner, redis, "--idle-claim", "1h").status == 0
    assert all(f["deliveries"] == "1" for _, f in redis.entries("jobs:results"))
    done_once(redis)


def test_a_drain_leaves_what_has_not_begun_at_once(garner, redis, faults):
    for i in range(10):
        redis.add(url=faults.url(f"/f{i}", gate="end", gate_at=50))
    run = garner.start("--queue", redis.url(), "-d", "out", "-j", 4, "--idle-claim", "1h", "--on-interrupt", "drain", *FAST)
    run.until(lambda: len(faults.requests()) == 4, "requests")
    run.send()
    run.until(lambda: sum(p[1] == "garner:released" for p in redis.pending()) == 4, "entries given back")
    faults.open("end")
    result = run.wait()
    assert result.signal == signal.SIGINT and "4 finished" in result.stderr, result
    assert len(records(redis, "jobs:results")) == 4 and len(redis.pending()) == 4


def test_a_worker_comes_back_under_its_name(garner, redis, faults):
    redis("XGROUP", "CREATE", "jobs", "garner", "0", "MKSTREAM")
    redis.add(url=faults.url("/x"))
    redis("XREADGROUP", "GROUP", "garner", "pod-0", "STREAMS", "jobs", ">")
    assert work(garner, redis, "--idle-claim", "1h", "--consumer", "pod-0").status == 0
    (end,) = [f for _, f in redis.entries("jobs:results")]
    assert end["consumer"] == "pod-0" and end["deliveries"] == "2"


def test_records_wait_while_redis_is_away(garner, redis, faults):
    for i in range(4):
        redis.add(url=faults.url(f"/f{i}", gate="end", gate_at=50))
    run = garner.start("--queue", redis.local(), "-d", "out", "-j", 4, *FAST, "--exit-when-empty")
    run.until(lambda: len(faults.requests()) == 4, "requests")
    redis.stop()
    run.until(lambda: "is away" in run.errors(), "message")
    faults.open("end")
    run.until(lambda: run.output().count("\n") == 4, "files")
    redis.start()
    result = run.wait()
    assert result.status == 0 and "is back" in result.stderr, result
    assert len(faults.requests()) == 4 and len(records(redis, "jobs:results")) == 4
    done_once(redis)


def test_a_signal_while_redis_is_away(garner, redis, faults):
    redis.add(url=faults.url("/f"))
    redis.add(url=faults.url("/g", gate="never"))
    run = garner.start("--queue", redis.local(), "-d", "out", *FAST)
    run.until(lambda: len(redis.entries("jobs:results")) == 1 and faults.requests("/g"), "a record")
    redis.stop()
    run.until(lambda: "is away" in run.errors(), "message")
    run.send()
    result = run.wait()
    assert result.signal == signal.SIGINT and result.seconds < 30, result
    redis.start()
    assert len(redis.pending()) == 1


def test_a_server_that_forgot_everything(garner, redis, faults):
    redis.add(url=faults.url("/a"))
    run = garner.start("--queue", redis.url(), "-d", "out", *FAST)
    run.until(lambda: redis("XLEN", "jobs:results") == 1, "record")
    redis("FLUSHALL")
    redis.add(url=faults.url("/b"))
    run.until(lambda: redis("XLEN", "jobs:results") == 1, "record")
    run.send()
    assert run.wait().signal == signal.SIGINT and garner.files() == ["out/a", "out/b"]


def test_redis_is_full(garner, redis, faults):
    """Records wait until there is room, and so do entries that are to be put in."""
    for i in range(20):
        redis.add(url=faults.url(f"/f{i}", gate="end", gate_at=50))
    run = garner.start("--queue", redis.url(), "-d", "out", "-j", 2, *FAST, "--exit-when-empty")
    run.until(lambda: len(faults.requests()) == 2, "requests")
    redis("CONFIG", "SET", "maxmemory", 1)
    faults.open("end")
    filler = garner.start("--enqueue", redis.url(), faults.url("/g"))
    filler.until(lambda: "OOM" in filler.errors(), "message")
    run.until(lambda: run.output().count("\n") == 4, "files")
    assert redis("EXISTS", "jobs:results") == 0 and run.running() and filler.running()
    redis("CONFIG", "SET", "maxmemory", 0)
    assert filler.wait().status == 0
    assert run.wait().status == 0 and len(records(redis, "jobs:results")) == 21
    done_once(redis)


def test_the_time_of_the_run_holds_for_the_queue(garner, redis):
    """It is there, but takes nothing."""
    redis("CONFIG", "SET", "maxmemory", 1)
    run = garner("--queue", redis.url(), "-d", "out", "--timeout", "300ms", timeout=20)
    assert run.status == 124 and "OOM" in run.stderr, run


def test_passwords(garner, redis, faults):
    redis.add(url=faults.url("/x"))
    redis("ACL", "SETUSER", "worker", "on", ">se:cret@", "~*", "+@all")
    redis("CONFIG", "SET", "requirepass", "sesame")
    for user, args in (("", {}), ("worker:wrong@", {}), (":wrong@", {}), ("", {"env": {"REDISCLI_AUTH": "wrong"}})):
        run = work(garner, redis, url=redis.url(user=user), **args)
        assert run.status == 2 and "cannot use the queue at 127.0.0.1:" in run.stderr, run
        assert "Redis says: " in run.stderr and "sesame" not in run.stderr and "wrong" not in run.stderr.lower().replace("wrongpass", ""), run
    assert garner("--enqueue", redis.url(), "http://h/x").status == 2
    assert garner("--enqueue", redis.url(user=":sesame@"), faults.url("/y")).status == 0
    assert garner("--enqueue", redis.url(), faults.url("/z"), env={"REDISCLI_AUTH": "sesame"}).status == 0
    run = work(garner, redis, url=redis.url(user="worker:se%3Acret%40@"))
    assert run.status == 0 and "3 finished" in run.stderr, run


@pytest.mark.parametrize("url, why", [
    ("redis://127.0.0.1:1/s", "Connection refused"), ("redis://[::1]:1/s", "cannot use the queue at [::1]:1"),
    ("redis+unix:///nowhere/sock?stream=s", "No such file"), ("redis://nosuch.invalid/s", "cannot look nosuch.invalid up")])
def test_no_server(garner, url, why):
    for args in (["--queue", url], ["--enqueue", url, "http://h/x"]):
        run = garner(*args, "--connect-timeout", "100ms")
        assert run.status == 2 and why in run.stderr and run.stdout == "", run


def test_a_server_that_comes_later(garner, redis, faults):
    redis.add(url=faults.url("/x"))
    redis.stop()
    for args in (["--connect-timeout", 0], []):
        run = garner.start("--queue", redis.local(), "-d", "out", "--exit-when-empty", *args, *FAST, env={"GARNER_TRACE": "queue"})
        run.until(lambda: "queue: " in run.errors() and "No such file" in run.errors(), "trace")
        redis.start()
        assert run.wait().status == 0 and records(redis, "jobs:results")[0]["ok"]
        redis.stop()
    redis.start()


def test_no_answer(garner, black_hole):
    run = garner("--queue", f"redis://127.0.0.1:{black_hole}/s", "--connect-timeout", "300ms")
    assert run.status == 2 and "does not answer" in run.stderr, run


@pytest.mark.skipif("redis-tls" not in built_in(), reason="this hiredis has no TLS")
def test_tls(garner, tmp_path, faults):
    directory = tmp_path / "tls"
    directory.mkdir()
    nginx.make_certificates(directory)
    port = nginx.free_port()
    server = redisserver.Redis(directory, "--tls-port", str(port), "--tls-cert-file", str(directory / "server.crt"),
                               "--tls-key-file", str(directory / "server.key"), "--tls-ca-cert-file",
                               str(directory / "ca.crt"), "--tls-auth-clients", "no")
    trusted = {"SSL_CERT_FILE": str(directory / "ca.crt")}
    for host, env in (("127.0.0.1", {}), ("[::ffff:127.0.0.1]", trusted)):  # not trusted; not its address
        run = garner("--enqueue", f"rediss://{host}:{port}/jobs", "http://h/x", "--connect-timeout", "300ms", env=env)
        assert run.status == 2 and "certificate verify failed" in run.stderr, run
    for host in ("127.0.0.1", "localhost"):
        assert garner("--enqueue", f"rediss://{host}:{port}/jobs", faults.url(f"/{host}"), env=trusted).status == 0
    run = garner("--queue", f"rediss://localhost:{port}/jobs", "--exit-when-empty", "-d", "out", *FAST, env=trusted)
    assert garner.files() == ["out/127.0.0.1", "out/localhost"], run
    server.stop(signal.SIGKILL)


def test_keys_of_other_kinds(garner, redis, faults):
    redis("SET", "text", "x")
    redis.add(url=faults.url("/x"))
    run = work(garner, redis, url=redis.url("text"))
    assert run.status == 2 and "WRONGTYPE" in run.stderr, run
    run = garner("--enqueue", redis.url("text"), "http://h/x")
    assert run.status == 3 and "WRONGTYPE" in run.stderr, run
    run = work(garner, redis, "--results", "text")
    assert run.status == 3 and "WRONGTYPE" in run.stderr, run
    assert [p[1] for p in redis.pending()] == ["garner:released"]


def test_databases_groups_and_names(garner, redis, faults):
    url = redis.url(query="?db=3")
    assert garner("--enqueue", url, faults.url("/x")).status == 0
    for group in ("one", "two"):
        run = work(garner, redis, "--group", group, "--results", f"r {group}", url=url, env={})
        assert run.status == 0, run
    redis("SELECT", 3)
    assert sorted(redis("KEYS", "*")) == ["jobs", "r one", "r two"]
    assert [r["state"] for r in records(redis, "r one") + records(redis, "r two")] == ["finished", "skipped"]


def test_readme(garner, redis, faults):
    """Its commands, one after another, with this server in place of the one that it names."""
    if not shutil.which("jq") or not shutil.which("redis-cli"):
        pytest.skip("jq and redis-cli are not installed")
    place = examples.Place(garner, faults)
    lists = [place.url(f"/{n}.bin") for n in range(8)] + [place.url("/gone?status=404")]
    place.give("urls.txt", "".join(u + "\n" for u in lists))
    shown = examples.of_readme("More than one machine")
    status = {"shares": (0, 1), "on each machine": (1,)}
    for comment, command in shown:
        command = command.replace("redis://queue.example/", f"redis://127.0.0.1:{redis.port}/")
        command = command.replace("-h queue.example", f"-p {redis.port}")
        run = subprocess.run(["bash", "-c", command], cwd=place.dir, env=place.env, capture_output=True, text=True, timeout=60)
        assert run.returncode in next((v for k, v in status.items() if comment.startswith(k)), (0,)), run
        if comment.startswith("what failed"):
            assert run.stdout == f"{lists[-1]}\tHTTP status 404\n"
    assert len(shown) == 5 and redis("XLEN", "jobs") == 10
    assert place.left() == sorted(f"mirror/127.0.0.1/{n}.bin" for n in range(8))


# -- filling -------------------------------------------------------------------------------------


def test_bad_entries_are_told(garner, redis):
    garner.write("list.jsonl", '{"url": "http://h/a"}\nnonsense\n{"url": "nope", "id": 7}\n{"url": ["http://h/b", "x y"]}\n'
                 + json.dumps({"url": "http://h/c", "body": "x" * (600 << 10)}) + "\n" + '{"url": "http://h/d"}\n')
    run = garner("--enqueue", redis.url(), "-i", "list.jsonl", "--json")
    assert run.status == 1 and "2 enqueued, 4 bad" in run.stderr, run
    assert [(r["index"], r["id"], r["error"]["kind"], r["source"]["line"]) for r in run.records] == [
        (2, None, "input", 2), (3, 7, "input", 3), (4, None, "input", 4), (5, None, "input", 5)]
    assert [f["url"] for _, f in redis.entries("jobs")] == ["http://h/a", "http://h/d"]
    run = garner("--enqueue", redis.url(), "-i", "list.jsonl", "--fail-fast", "--input-format", "jsonl")
    assert run.status == 1 and "1 bad; reading stopped at list.jsonl:2" in run.stderr, run
    assert garner("--enqueue", redis.url(), "-i", "missing").status == 2
    assert garner("--enqueue", redis.url(), input=b"").status == 0


def test_who_reads_no_records_is_not_waited_for(garner, redis):
    read, write = os.pipe()
    garner.write("list", "nonsense\n" * 20_000)
    run = garner.start("--enqueue", redis.url(), "--json", "-i", "list", stdout=write)
    os.close(write)
    run.until(lambda: select.select([read], [], [], 0)[0], "a record")
    run.send(signal.SIGINT)
    assert run.wait(20).status == 130
    os.close(read)


def test_unique(garner, redis):
    urls = "".join(f"http://h/{i % 700}\n" for i in range(1500))
    run = garner("--enqueue", redis.url(), "--unique", "seen", "-i", "-", input=urls.encode())
    assert run.status == 0 and "700 enqueued, 800 there before, 0 bad" in run.stderr, run
    run = garner("--enqueue", redis.url(), "--unique", "seen", "--key", "url-no-query", "http://h/1?x", "http://h/new?x")
    assert "1 enqueued, 1 there before" in run.stderr, run
    assert redis("XLEN", "jobs") == 701 and redis("SCARD", "seen") == 701 and redis("SISMEMBER", "seen", "http://h/new")


def test_many(garner, redis):
    """100,000 entries, past a Redis that goes away and comes back in the middle: each of them once."""
    garner.write("list", "".join(f"http://h{i % 50}.example/{i}\n" for i in range(100_000)))
    run = garner.start("--enqueue", redis.url(), "-i", "list")
    run.until(lambda: redis("XLEN", "jobs") > 5000, "some entries")
    redis.stop(signal.SIGKILL)
    run.until(lambda: "is away" in run.errors() or not run.running(), "message")
    redis.start()
    result = run.wait(60)
    assert result.status == 0 and "100000 enqueued, 0 bad" in result.stderr, result
    assert [f["url"].split("/")[-1] for _, f in redis.entries("jobs")] == [str(i) for i in range(100_000)]
    assert redis("KEYS", "*") == ["jobs"]


def test_filling_is_interrupted(garner, redis):
    run = garner.start("--enqueue", redis.url(), "-i", "-", stdin=subprocess.PIPE)
    run.write("".join(f"http://h/{i}\n" for i in range(1200)))
    run.until(lambda: redis("XLEN", "jobs") >= 1000, "entries")
    run.send()
    run.until(lambda: not run.running(), "end")
    result = run.wait()
    assert result.signal == signal.SIGINT and "reading stopped at -:1" in result.stderr, result
    count = int(result.stderr.split(" enqueued")[0].split()[-1])
    assert redis("XLEN", "jobs") == count >= 1000


def test_partitions(garner, redis, faults, other):
    """Eight streams by host, two workers: each host belongs to one of them."""
    names = [f"h{i}.test" for i in range(12)]
    port = faults.port
    env = garner.with_names()
    garner.write("list", "".join(f"http://{h}:{port}/{h}-{i}\n" for h in names for i in range(5)))
    run = garner("--enqueue", redis.url(), "--partitions", 8, "-i", "list")
    assert run.status == 0 and "60 enqueued" in run.stderr, run
    hosts = [{f["url"].split("/")[2] for _, f in redis.entries(f"jobs.{k}")} for k in range(8)]
    assert sum(map(len, hosts)) == 12 and redis("EXISTS", "jobs") == 0 and sum(map(bool, hosts)) > 2
    workers = [garner.start("--queue", redis.url(), "--partitions", 8, "--shard", f"{n}/2", "-d", f"out{n}",
                            "--exit-when-empty", *FAST, env=env) for n in (0, 1)]
    assert [w.wait().status for w in workers] == [0, 0]
    for n in (0, 1):
        mine = {h.split(":")[0] for k in range(n, 8, 2) for h in hosts[k]}
        assert sorted(os.listdir(garner.path(f"out{n}"))) == sorted(f"{h}-{i}" for h in mine for i in range(5))
    assert redis("XLEN", "jobs:results") == 60
    for k in range(8):
        done_once(redis, f"jobs.{k}")


def test_large_fields_take_little_memory(garner, redis, faults):
    for i in range(200):
        redis.add(url=faults.url(f"/f{i}"), junk="x" * (1 << 20))
    run = garner.start("--queue", redis.url(), "-d", "out", "-q", *FAST)
    run.until(lambda: redis("XLEN", "jobs:dead") == 200, "the end")
    peak = next(int(line.split()[1]) for line in open(f"/proc/{run.popen.pid}/status") if line.startswith("VmHWM"))
    run.send()
    assert run.wait().signal == signal.SIGINT
    if runner.asan_library() is None:
        assert peak < 100 * 1024, f"{peak} KiB"
