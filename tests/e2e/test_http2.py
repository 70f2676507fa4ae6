# SPDX-License-Identifier: MIT
"""Many requests on one connection: limits, and connections that end."""

import pytest

import nginx as nginx_module


@pytest.fixture
def server(tmp_path):
    """Starts an nginx of the test's own, with further lines of configuration."""
    if not nginx_module.program():
        pytest.skip("nginx is not installed")
    started = []

    def start(more=""):
        (tmp_path / "nginx").mkdir()
        started.append(nginx_module.Nginx(tmp_path / "nginx", more))
        return started[0]

    yield start
    for one in started:
        one.stop()


def paths(log):
    return sorted(path for _, _, _, _, path in log)


@pytest.mark.parametrize("loops", [1, 3])
def test_one_connection_has_them_all(garner, server, loops):
    """Each loop has its own."""
    web = server()
    run = garner("--json", "-j", 32, "--loops", loops, "-o", "{index}", "--cacert", web.cacert, input="\n".join(web.tls(f"/small/{i}") for i in range(300)))
    assert run.status == 0 and {r["attempts"] for r in run.records} == {1}, run
    log = web.log(300)
    assert len(log) == 300 and {entry[3] for entry in log} == {"HTTP/2.0"}
    assert len({entry[0] for entry in log}) <= loops


def test_per_host_counts_requests(garner, server):
    """The server refuses a third request at once, on whichever connection."""
    web = server()
    urls = [web.tls(f"/few/400k/256k.bin?{i}") for i in range(6)]
    run = garner("--json", "-j", 6, "--per-host", 2, "-o", "{index}", "--cacert", web.cacert, *urls)
    assert run.status == 0 and {r["attempts"] for r in run.records} == {1}, run
    assert {(status, protocol) for _, status, _, protocol, _ in web.log(6)} == {(200, "HTTP/2.0")}


def test_the_servers_stream_limit(garner, server):
    """More requests at once than it lets one connection have: none is refused, and each is made once."""
    web = server("http2_max_concurrent_streams 4;")
    urls = [web.tls(f"/rate/500k/64k.bin?{i}") for i in range(40)]
    run = garner("--json", "-j", 20, "-o", "{index}", "--cacert", web.cacert, input="\n".join(urls))
    assert run.status == 0 and {r["attempts"] for r in run.records} == {1}, run
    log = web.log(40)
    assert paths(log) == sorted(f"/rate/500k/64k.bin?{i}" for i in range(40))
    assert {entry[3] for entry in log} == {"HTTP/2.0"}
    assert all(garner.read(str(i + 1)) == web.data("64k.bin") for i in range(40))


def test_goaway(garner, server):
    """The server ends a connection after ten requests: what it did not take goes over another one."""
    web = server("keepalive_requests 10;")
    urls = [web.tls(f"/f/page.html?{i}") for i in range(200)]
    run = garner("--json", "-j", 16, "-o", "{index}", "--cacert", web.cacert, input="\n".join(urls))
    assert run.status == 0, run
    assert {r["attempts"] for r in run.records} == {1}, run
    log = web.log(200)
    assert paths(log) == sorted(f"/f/page.html?{i}" for i in range(200))
    assert {entry[3] for entry in log} == {"HTTP/2.0"} and len({entry[0] for entry in log}) >= 20
    assert all(garner.read(str(i + 1)) == web.data("page.html") for i in range(200))


def test_a_lost_connection(garner, server):
    """Only what was under way is asked for again, from where it broke off."""
    web = server()
    quick = [web.tls(f"/f/page.html?{i}") for i in range(30)]
    slow = [web.tls(f"/rate/100k/256k.bin?{i}") for i in range(6)]
    run = garner.start("--json", "-j", 16, "-o", "{index}", "--retry-delay", "10ms", "--cacert", web.cacert, *slow, *quick)
    run.until(lambda: run.output().count("\n") == 30, "the quick ones")
    run.until(lambda: len(list(garner.dir.glob("*.part"))) == 6, "all parts")
    web.kill_worker()
    done = run.wait(60)
    assert done.status == 0, done
    attempts = {r["url"].split("/")[-1]: r["attempts"] for r in done.records}
    assert all(attempts[f"page.html?{i}"] == 1 for i in range(30)), attempts
    assert all(attempts[f"256k.bin?{i}"] >= 2 for i in range(6)), attempts
    assert all(r["resumed_at"] for r in done.records if "256k" in r["url"]), done
    assert sum("page.html" in path for path in paths(web.log(36))) == 30
    assert all(garner.read(str(i + 1)) == web.data("256k.bin") for i in range(6))


@pytest.mark.one_connection
@pytest.mark.parametrize("loops", [1, 3])
def test_large_bodies_fill_a_connection(garner, server, loops):
    """The first ones are asked for together on one of each loop; when they turn out to be large, the next have connections
    of their own."""
    web = server()
    size = 9 << 20
    with open(web.dir / "root" / "large.bin", "wb") as file:
        file.truncate(size)
    # two go on for so long that the third and the fourth have followers meanwhile
    urls = [web.tls(f"/rate/{'3000k' if i < 2 else '30000k'}/large.bin?{i}") for i in range(8)]
    args = ["--json", "-j", 4, "--loops", loops, "--cacert", web.cacert]
    run = garner(*args, "-o", "{index}", *urls)
    assert run.status == 0 and {r["attempts"] for r in run.records} == {1}, run
    log = web.log(8)
    assert {(entry[2], entry[3]) for entry in log} == {(size, "HTTP/2.0")}
    assert len({entry[0] for entry in log}) >= 2
    run = garner(*args, "-o", "s{index}", *urls[2:4], *[web.tls(f"/small/{i}") for i in range(200)])
    assert run.status == 0 and len({entry[0] for entry in web.log(210)[8:]}) <= 2 + loops
