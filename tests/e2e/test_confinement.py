# SPDX-License-Identifier: MIT
"""What garner keeps away from: private addresses, and every file that is not its own."""

import os
import pathlib
import shutil
import subprocess

import pytest

import faultserver
import public
import runner

# -- --deny-private --------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "2130706433", "0x7f.1", "localhost", "[::ffff:127.0.0.1]", "[::1]",
                                  "[::ffff:7f00:1]", "0.0.0.0"])
def test_private_hosts(garner, faults, host):
    run = garner("--json", "--deny-private", faults.url("/a", host=host))
    assert run.status == 1 and run.record["error"]["kind"] == "policy" and not run.record["error"]["retryable"], run
    assert faults.connections() == 0 and not run.files, run


@pytest.mark.parametrize("option", ["--resolve=public.test:{}:127.0.0.1", "--connect-to=public.test:{0}:127.0.0.1:{0}"])
def test_private_behind_a_name(garner, faults, option):
    run = garner("--json", "--deny-private", option.format(faults.port), faults.url("/a", host="public.test"))
    assert run.status == 1 and run.record["error"]["kind"] == "policy" and faults.connections() == 0, run


def test_private_by_look_up(garner, faults):
    run = garner("--json", "--deny-private", faults.url("/a", host="name.test"), env=garner.with_names())
    assert run.status == 1 and run.record["error"]["kind"] == "policy" and faults.connections() == 0, run


def test_private_checksums(garner, faults):
    run = garner("--deny-private", "--checksums", faults.url("/S"), faults.url("/a"))
    assert run.status == 2 and faults.connections() == 0, run


def test_allowed_without_it(garner, faults):
    assert garner(faults.url("/a")).status == 0


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy"])
def test_a_proxy_would_look_names_up(garner, faults, name):
    run = garner("--deny-private", faults.url("/a"), env={name: "http://p.test:1"})
    assert run.status == 2 and "--deny-private" in run.stderr, run
    run = garner("--json", "--deny-private", "--proxy", "", faults.url("/a"), env={name: "http://p.test:1"})
    assert run.status == 1 and run.record["error"]["kind"] == "policy", run


PUBLIC = ["1.2.3.4", "2600::1"]
PRIVATE = ["10.0.0.1", "169.254.169.254", "fd00::1"]


@pytest.fixture
def network():
    """Where garner meets public addresses, and nobody else does."""
    try:
        network = public.Network(*PUBLIC, *PRIVATE)
    except OSError as error:
        pytest.skip(f"no network of its own: {error}")
    yield network
    network.stop()


@pytest.mark.parametrize("denied", [True, False])
def test_private_behind_a_public_host(garner, network, denied):
    """Each hop is looked at, whatever way it leads to an address; without the option all of them get there."""
    hosts = ["127.0.0.1", "localhost", "name.test", "10.0.0.1", "169.254.169.254", "[fd00::1]", "[::ffff:10.0.0.1]", "[::ffff:a00:1]",
             "0xa.1", "167772161", "pinned.test", "[::ffff:127.0.0.1]"]
    url = f"http://1.2.3.4:{network.port}"
    text = ""
    for i, host in enumerate(hosts):
        text += f"{url}/bad{i}?location=http://{host}:{network.port}/secret{i}\n"
        text += f"{url}/good{i}?size={i}&location=http://[2600::1]:{network.port}/there{i}%3Fsize={i}%26seed={i}\n"
    # two hops that are public, and then one that is not
    far = f"http://10.0.0.1:{network.port}/secret"
    near = f"http://[2600::1]:{network.port}/hop?location={far}"
    text += f"{url}/far?location={near}\n"
    run = garner("--json", "--gather", *(["--deny-private"] if denied else []), "--resolve", f"pinned.test:{network.port}:10.0.0.1", "-j", 4,
                 input=text, env=garner.with_names(), preexec_fn=network.enter)
    asked = network.asked()
    good = [r for r in run.records if "/good" in r["url"]]
    bad = [r for r in run.records if "/good" not in r["url"]]
    assert len(bad) == len(hosts) + 1 and all(r["ok"] for r in good), run
    assert all(garner.read(f"good{i}") == faultserver.body(i, i) for i in range(len(hosts))), run
    if not denied:
        assert run.status == 0 and {p for a, p in asked if p.startswith("/secret")} == {"/secret", *(f"/secret{i}" for i in range(len(hosts)))}, run
        return
    assert run.status == 1 and run.files == sorted(f"good{i}" for i in range(len(hosts))), run
    assert {(r["state"], r["error"]["kind"], r["error"]["retryable"]) for r in bad} == {("failed", "policy", False)}, run
    assert sum("/bad" in p for _, p in asked) == len(hosts) and {a for a, _ in asked} == set(PUBLIC)
    assert not any(p.startswith("/secret") for _, p in asked), asked


# -- --allow-dir -----------------------------------------------------------------------------


def test_allowed_directories(garner, faults, tmp_path):
    there = tmp_path / "there"
    text = (f"{faults.url('/1')}\n  dir={there}/sub\n{faults.url('/2')}\n  out={there}//x/../y\n"
            f"{faults.url('/3')}\n  out={there}/./z\n{faults.url('/4')}\n  dir={there}2\n{faults.url('/5')}\n  out={tmp_path}/no\n")
    run = garner("--json", "--gather", "-d", "d", "--allow-dir", there, input=text)
    assert run.status == 1 and [r["ok"] for r in run.records] == [True, False, True, False, False], run
    assert {r["error"]["kind"] for r in run.records if r["error"]} == {"policy"}, run
    assert [r["path"] for r in run.records if r["ok"]] == [f"{there}/sub/1", f"{there}/z"]
    assert (there / "sub" / "1").read_bytes() == (there / "z").read_bytes() == faults.body()
    again = garner("--json", "--gather", "-d", "d", "--allow-dir", there, input=text)
    assert [r["state"] for r in again.records] == ["skipped", "failed", "skipped", "failed", "failed"], again


def test_links_out_of_an_allowed_directory(garner, faults, tmp_path):
    there, out = tmp_path / "there", tmp_path / "out"
    there.mkdir()
    out.mkdir()
    (there / "link").symlink_to(out)
    run = garner("--json", "--no-sandbox", "--allow-dir", there, input=f"{faults.url('/1')}\n  out={there}/link/x\n")
    assert run.status == 1 and run.record["error"]["kind"] == "policy" and not os.listdir(out), run


# -- the sandbox -----------------------------------------------------------------------------

INTRUDER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whoever took the process over would begin when it first speaks to a server. */
int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
    int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    char *names[] = {"TRY_READ", "TRY_WRITE", "TRY_MAKE", "TRY_RUN"};
    for (int i = 0; i < 4; i++) {
        const char *path = getenv(names[i]);
        if (!path) {
            continue;
        }
        int got = i == 3 ? access(path, F_OK) : open(path, i == 0 ? O_RDONLY : i == 1 ? O_WRONLY : O_WRONLY | O_CREAT, 0600);
        if (i == 3) {
            char *argv[] = {(char *)path, NULL};
            if (vfork() == 0) {
                execv(path, argv);
                fprintf(stderr, "RUN=%d\n", errno);
                _exit(1);
            }
        } else {
            fprintf(stderr, "%s=%d\n", names[i] + 4, got < 0 ? errno : 0);
        }
    }
    return real(fd, addr, len);
}
"""


@pytest.fixture(scope="session")
def intruder(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no compiler")
    directory = tmp_path_factory.mktemp("intruder")
    (directory / "intruder.c").write_text(INTRUDER)
    library = directory / "intruder.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, directory / "intruder.c", "-ldl"], check=True)
    return library


@pytest.fixture
def intrude(garner, intruder, tmp_path):
    """Runs garner with somebody in it who tries files; gives what he got by name: 0 or an errno."""
    (tmp_path / "tmp").mkdir()

    def run(*args, **paths):
        preload = [p for p in (runner.asan_library(), str(intruder)) if p]
        env = {"LD_PRELOAD": ":".join(preload), "TMPDIR": str(tmp_path / "tmp"), **{f"TRY_{k}": str(v) for k, v in paths.items()}}
        run = garner("-v", *args, env=env)
        if "sandbox: none, this kernel" in run.stderr:
            pytest.skip("no Landlock")
        run.got = dict(line.split("=") for line in run.stderr.splitlines() if line.split("=")[0] in paths)
        return run

    return run


EACCES = "13"


def test_an_intruder_is_kept_in(intrude, garner, faults, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s")
    run = intrude("-d", "d", faults.url("/a"), READ=secret, WRITE=secret, MAKE=tmp_path / "made", RUN="/bin/true")
    assert run.status == 0 and run.files == ["d/a"] and "sandbox: Landlock" in run.stderr, run
    assert run.got == {"READ": EACCES, "WRITE": EACCES, "MAKE": EACCES, "RUN": EACCES}, run
    run = intrude("-d", "e", "--no-sandbox", faults.url("/a"), READ=secret, WRITE=secret, MAKE=tmp_path / "made")
    assert run.status == 0 and set(run.got.values()) == {"0"} and "--no-sandbox" in run.stderr, run


def test_what_is_given_is_not_open_to_all(intrude, garner, faults, tmp_path):
    garner.write("list", faults.url("/a") + "\n")
    options = ["-d", "d", "-i", "list", "--journal", "j", "--failures", "left", "--records", "r"]
    for name in ("list", "j", "r", "left"):
        run = intrude(*options, READ=garner.path(name), WRITE=garner.path(name))
        assert run.status == 0 and run.got.get("WRITE") in (EACCES, "2"), run
        garner.path("d/a").unlink()
        garner.path("j").unlink()
        garner.write("list", faults.url("/a") + "\n")


def test_what_is_needed_works(intrude, garner, faults, nginx, tmp_path):
    """Everything that opens files late: TLS, netrc, a jar, temporary files, failures, other directories."""
    (garner.home / ".netrc").write_text("machine 127.0.0.1 login u password p\n")
    there = tmp_path / "there"
    garner.write("list", f"{faults.url('/a', auth='u:p', header='Set-Cookie: k=v')}\n{faults.url('/b')}\n  dir={there}\n"
                         f"{faults.url('/c', status=404)}\n")
    run = intrude("-n", "--cookie-jar", "jar", "--failures", "left", "-d", "d", "--allow-dir", there, "-i", "list", "--gather",
                  READ="/etc/passwd")
    assert run.status == 1 and (there / "b").exists() and run.files == ["d/a", "jar", "left", "list"], run
    assert "k\tv" in garner.path("jar").read_text() and faults.url("/c", status=404) in garner.path("left").read_text()


def test_an_absolute_template(intrude, garner, faults, tmp_path):
    run = intrude("-o", f"{tmp_path}/deep/er/{{host}}/{{name}}", faults.url("/a"), MAKE=tmp_path / "made")
    assert run.status == 0 and (tmp_path / "deep/er/127.0.0.1/a").exists() and run.got["MAKE"] == EACCES, run


def test_names_are_looked_up_inside(garner, faults):
    run = garner("-v", faults.url("/a", host="localhost"), faults.url("/b", host="name.test"), env=garner.with_names())
    assert run.status == 0, run


def test_every_thread_is_kept_in(garner, faults):
    """What is written beside the files begins early, and in a thread."""
    garner.write("list", "\n".join([faults.url("/a"), faults.url("/b"), faults.url("/c", gate="g"), faults.url("/d", gate="g")]))
    run = garner.start("-v", "-d", "d", "-i", "list", "--report", "page.html", "--timeline", "time.json", "--events", "events",
                       "--journal", "journal", "--failures", "left", "--records", "records")
    faults.wait_gate("g", 2)
    run.until(lambda: garner.path("d/a").exists() and garner.path("d/b").exists())
    threads = pathlib.Path(f"/proc/{run.popen.pid}/task").glob("*/status")
    kept = ["NoNewPrivs:\t1" in thread.read_text() for thread in threads]
    faults.open("g")
    end = run.wait()
    assert end.status == 0 and len(kept) > 1, end
    assert all(kept) or "sandbox: none" in end.stderr, kept
