# SPDX-License-Identifier: MIT
"""The benchmark's settings. (What it measures is no matter of tests.)"""

import os
import subprocess
import sys

import pytest

import runner

BENCH = runner.TOP / "bench"


def bench(tmp_path, script="run.py", *words, **settings):
    env = {**os.environ, "GARNER": str(runner.BINARY), "FLOOR": "/bin/true", "BENCH_DIR": str(tmp_path), **settings}
    return subprocess.run([sys.executable, "-B", BENCH / script, *words], env=env, cwd=tmp_path, capture_output=True,
                          text=True, check=False, timeout=60)


@pytest.mark.parametrize("script, words, settings", [
    ("run.py", [], dict(SCENARIO="S11")), ("run.py", [], dict(ROUNDS="0")), ("run.py", [], dict(ROUNDS="many")),
    ("run.py", [], dict(SCALE="0")), ("run.py", [], dict(SCALE="nan")), ("run.py", [], dict(SCALE="half")),
    ("run.py", [], dict(BENCH_DIR="/not/there")), ("run.py", [], dict(GARNER="/not/there")),
    ("memory.py", ["ten"], {}), ("memory.py", ["--disk", "0"], {}), ("rate.py", [], dict(LAST="-1")),
    ("rate.py", [], dict(LIMITS="1M")), ("rate.py", [], dict(RATES="20 0"))], ids=str)
def test_a_setting_that_means_nothing(tmp_path, script, words, settings):
    """One line says so, nothing is measured, and nothing stays."""
    ran = bench(tmp_path, script, *words, **settings)
    wrong = next(iter(settings.values()), words[-1] if words else None).split()[-1]
    assert ran.returncode == 1 and ran.stdout == "" and ran.stderr.count("\n") == 1, ran
    assert ran.stderr.startswith("bench: ") and wrong in ran.stderr, ran
    assert list(tmp_path.iterdir()) == []


def test_a_peer_that_is_not_there(monkeypatch):
    """It is named, and so is what cannot do without it."""
    monkeypatch.syspath_prepend(str(BENCH))
    monkeypatch.setenv("CURL", "/not/there")
    monkeypatch.setenv("XARGS", "/bin/true")
    import peers
    programs = peers.Programs()
    for tool in (peers.Curl(programs), peers.Xargs(programs)):
        assert tool.missing() == "CURL: there is no program /not/there"
    monkeypatch.delenv("CURL")
    monkeypatch.setenv("PATH", "/not/there")
    assert peers.Curl(peers.Programs()).missing() == "curl is not installed (Debian: curl)"
