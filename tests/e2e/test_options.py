# SPDX-License-Identifier: MIT
"""The command line itself: habits, files of options, help."""

import re

import pytest

import runner


def test_help(garner):
    for option in ("-h", "--help"):
        run = garner(option)
        assert run.status == 0 and "--jobs" in run.stdout and run.stderr == "", run


def test_help_fits_the_screen(garner):
    """A page a group, of 80 columns and 24 lines."""
    first = garner("--help").lines
    groups = first[-1].strip().split(", ")
    assert len(groups) >= 9, first
    pages = [first] + [garner("--help", group).lines for group in groups]
    assert all(len(page) <= 24 for page in pages), [len(page) for page in pages]
    assert all(len(line) <= 80 for page in pages for line in page)
    assert garner("--help", "all").lines == [line for page in pages[1:] for line in ["", *page]][1:]


def test_version(garner):
    version = re.search(r"AC_INIT\(\[garner\], \[([0-9.]+)\]", (runner.TOP / "configure.ac").read_text()).group(1)
    for option in ("-V", "--version"):
        run = garner(option)
        assert run.status == 0 and run.stderr == "" and run.lines[0] == f"garner {version}", run
    said = dict(line.split(": ", 1) for line in run.lines[1:])
    assert list(said) == ["Libraries", "libcurl", "Protocols", "Features"], run
    libraries = dict(word.split("/", 1) for word in said["Libraries"].split())
    assert libraries.keys() >= {"libcurl", "libev", "cJSON", "libcrypto", "zlib"}, run
    assert all(re.fullmatch(r"[0-9]+(\.[0-9]+)+[a-z]?", v) for v in libraries.values()), run
    assert said["Protocols"] == "http https"
    features = said["Features"].split()
    assert features == sorted(features, key=str.lower) and len(set(features)) == len(features), run


def test_features_are_those_that_work(garner, faults):
    features = garner("--version").lines[-1].split()
    for option, feature in ("--http2", "HTTP2"), ("--http3", "HTTP3"):
        run = garner(option, "--discard", faults.url("/a"))
        assert (run.status == 0) == (feature in features), run
    confined = garner("-v", "--discard", faults.url("/a"))
    abi = [f.split("/")[1] for f in features if f.startswith("Landlock/")]
    assert ("Landlock" in confined.stderr) == bool(abi) and (not abi or f"Landlock ABI {abi[0]};" in confined.stderr), confined


@pytest.mark.parametrize("habit", [["-fsSL"], ["-L"], ["-O"], ["-f", "-S"], ["-sS"], ["-LO"]])
def test_habits_do_not_hurt(garner, faults, habit):
    run = garner(*habit, faults.url("/a"))
    assert run.status == 0 and run.files == ["a"], run


@pytest.mark.parametrize("option, hint", [("-c", "resume"), ("-C", ""), ("-P", "-d"), ("-t", "retry"), ("-T", "timeout"), ("-z", ""), ("-Z", "")])
def test_refused_habits(garner, faults, option, hint):
    run = garner(option, faults.url("/a"))
    assert run.status == 2 and hint in run.stderr and len(run.stderr.splitlines()) == 1 and faults.requests() == [], run


@pytest.mark.parametrize("args, hint", [
    (["-x16"], "--segments"), (["-x", "16"], "--segments"), (["-d", "{\"a\":1}"], "--data"), (["-d", "[1]"], "--data"), (["-d", "@file"], "--data")])
def test_hints(garner, faults, args, hint):
    run = garner(*args, faults.url("/a"))
    assert run.status == 2 and hint in run.stderr and faults.requests() == [], run


@pytest.mark.parametrize("args, path, remark", [
    (["-b", "cookies.txt"], "/a", "--cookie: no cookies are read: cookies.txt: No such file"),
    (["-b", "jar", "--cookie-jar", "jar"], "/a", None), (["-b", "a=b"], "/a", None),
    ([], "/[1-3].txt", "{1..9}"), (["-i"], "/[1-3].txt", None)])
def test_remarks(garner, faults, args, path, remark):
    """What runs all the same, but is perhaps not what was meant."""
    garner.write("list", faults.url(path))
    run = garner(*args, "list" if args == ["-i"] else faults.url(path))
    lines = run.stderr.splitlines()
    assert (run.status, len(lines)) == (0, 2 if remark else 1) and (not remark or remark in lines[0]), run


def test_a_word_that_is_a_file(garner):
    garner.write("list.txt", "")
    run = garner("list.txt")
    assert run.status == 2 and "-i" in run.stderr, run
    assert "https://" in garner("example.com/a").stderr


def test_long_options_are_not_abbreviated(garner, faults):
    assert garner("--job", "3", faults.url("/a")).status == 2


def test_double_dash(garner, faults):
    assert garner("--", faults.url("/a")).files == ["a"]


def test_options_after_urls(garner, faults):
    assert garner(faults.url("/a"), "-d", "sub").files == ["sub/a"]


def test_configuration_file(garner, faults):
    config = garner.home / ".config" / "garner"
    config.mkdir(parents=True)
    (config / "config").write_text("# mine\ndir = sub\nuser-agent mine/1\n\n--quiet\n")
    run = garner(faults.url("/a"))
    assert run.files == ["sub/a"] and run.stdout == "" and faults.requests()[0].headers["user-agent"] == "mine/1", run
    assert garner("--no-config", faults.url("/a")).files == ["a", "sub/a"]
    assert "other/a" in garner("-d", "other", faults.url("/a")).files
    (config / "config").unlink()
    (config / "config").mkdir()
    run = garner(faults.url("/a"))
    assert run.status == 2 and "--no-config" in run.stderr, run


def test_k(garner, faults):
    garner.write("my.conf", 'header "X-One: 1"\ndir = sub\n')
    run = garner("-K", "my.conf", faults.url("/a"))
    assert run.files == ["my.conf", "sub/a"] and faults.requests()[0].headers["x-one"] == "1", run
    garner.write("bad.conf", "no-such-option = 1\n")
    run = garner("-K", "bad.conf", faults.url("/b"))
    assert run.status == 2 and "bad.conf" in run.stderr and "1" in run.stderr, run


@pytest.mark.parametrize("size", ["1", "1k", "1M", "10M", "1.5k"])
def test_sizes(garner, faults, size):
    assert garner("--max-filesize", "10M", "--buffer", "1M", "--limit-rate", "100M", "--max-filesize", size, faults.url("/a", size=1)).status == 0


@pytest.mark.parametrize("rate", ["5/s", "100/m", "1000/h"])
def test_rates(garner, faults, rate):
    assert garner("--rate", rate, faults.url("/a")).status == 0


def test_manual_names_every_option(garner):
    page = runner.TOP / "man" / "garner.1"
    if not page.exists():
        pytest.skip("no manual page")
    text = page.read_text().replace("\\-", "-").replace("Fl -", "--").replace("\\&", "")
    options = set(re.findall(r"(?<![\w-])--([a-z0-9][a-z0-9.-]+)", garner("--help").stdout))
    missing = [o for o in sorted(options) if o.rstrip(".") not in text]
    assert not missing


def test_traces(garner, faults):
    """Each component says what it does, and nothing secret."""
    garner.write("list", f"{faults.url('/a', key='sesame')}\nnonsense\n")
    run = garner("-i", "list", "--executor-threads", 1, env={"GARNER_TRACE": "all"})
    for what in (r"loop: \d+ callbacks", "task: main made", "task: http://[^ ]*/a done", "executor: thread 1 of 1",
                 "net: > GET /a", "hosts: grant http://127.0.0.1", "store: commit a: done", "fetch: 1 http://[^ ]*/a: body",
                 "fetch: 2 .*: end", "input: list:1: an entry", "input: list is at its end"):
        assert re.search(r"^\d+\.\d{6} " + what, run.stderr, re.M), what
    assert "sesame" not in run.stderr
    run = garner(faults.url("/b"), env={"GARNER_TRACE": "store,fetch"})
    assert {line.split(" ")[1] for line in run.stderr.splitlines() if line[0].isdigit()} == {"store:", "fetch:"}, run
    run = garner(faults.url("/c"), env={"GARNER_TRACE": "stroe"})
    assert run.status == 0 and "that does not exist; there are loop, task," in run.stderr, run


def test_debug(garner, faults):
    assert garner("--debug", faults.url("/a")).status == 0
    assert garner(faults.url("/b"), env={"GARNER_DEBUG": "1"}).status == 0
