# SPDX-License-Identifier: MIT
"""Shares of a list, and the scripts of examples/: they are run where what they need is here, and read where it is not."""

import os
import re
import shutil
import subprocess

import pytest

import faultserver
import runner

EXAMPLES = runner.TOP / "examples"


@pytest.fixture
def tools(garner):
    """An environment in which garner is the one under test."""
    directory = garner.home / "bin"
    directory.mkdir()
    (directory / "garner").symlink_to(runner.BINARY)
    return garner.environment({"PATH": f"{directory}:{os.environ['PATH']}"})


@pytest.fixture
def urls(garner, faults):
    urls = [faults.url(f"/f{i}", seed=i) for i in range(40)]
    garner.write("urls.txt", "".join(u + "\n" for u in urls))
    return urls


def script(garner, tools, name, *args, **env):
    return subprocess.run([EXAMPLES / name, *args], cwd=garner.dir, env=dict(tools, **env), capture_output=True, text=True,
                          timeout=60)


def is_complete(garner, faults):
    for i in range(40):
        assert garner.read(f"mirror/127.0.0.1/f{i}") == faultserver.body(100, i)
    assert sorted(r.path for r in faults.requests()) == sorted(f"/f{i}" for i in range(40)), "each once"


def test_parallel(garner, faults, tools, urls):
    if not shutil.which("parallel"):
        pytest.skip("GNU parallel is not installed")
    run = script(garner, tools, "parallel.sh", "urls.txt", "mirror", "4")
    assert run.returncode == 0, run
    is_complete(garner, faults)
    assert len(garner.read("mirror.joblog").splitlines()) == 5
    run = script(garner, tools, "parallel.sh", "urls.txt", "mirror", "4")
    assert run.returncode == 0 and run.stdout == "", run


def test_slurm_array(garner, faults, tools, urls):
    """As Slurm would call it: --array=3-9:2."""
    for task in (3, 5, 7, 9):
        run = script(garner, tools, "slurm-array.sh", "urls.txt", "mirror", SLURM_ARRAY_TASK_ID=str(task),
                     SLURM_ARRAY_TASK_MIN="3", SLURM_ARRAY_TASK_STEP="2", SLURM_ARRAY_TASK_COUNT="4")
        assert run.returncode == 0, run
    is_complete(garner, faults)
    assert sum(len(garner.read(f"records.{i}.jsonl").splitlines()) for i in range(4)) == 40
    assert "usage" in script(garner, tools, "slurm-array.sh").stderr


def test_kubernetes_job(garner, faults, tools, urls):
    """The arguments of each pod, as Kubernetes makes them."""
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((EXAMPLES / "kubernetes-indexed-job.yaml").read_text())
    assert (job["apiVersion"], job["kind"], job["spec"]["completionMode"]) == ("batch/v1", "Job", "Indexed")
    (pod,) = job["spec"]["template"]["spec"]["containers"]
    env = {e["name"]: e.get("value") for e in pod["env"]}
    assert env["SHARES"] == str(job["spec"]["completions"]) and pod["command"] == ["garner"]
    assert {m["name"] for m in pod["volumeMounts"]} == {v["name"] for v in job["spec"]["template"]["spec"]["volumes"]}
    for index in range(job["spec"]["completions"]):
        values = dict(env, JOB_COMPLETION_INDEX=str(index))
        args = [re.sub(r"\$\((\w+)\)", lambda m: values[m.group(1)], a) for a in pod["args"]]
        args = [a.replace("/data/", "").replace("/lists/", "") for a in args]
        assert garner(*args).status == 0
    is_complete(garner, faults)


def test_shares_of_a_list_sorted_otherwise(garner):
    """Disjoint, together all, and the same for any order of the list."""
    lines = [f"http://h{i % 7}.example/{i * 7919 % 3001}?x={i}\n" for i in range(3000)]
    garner.write("one", "".join(lines))
    garner.write("two", "".join(reversed(lines)) + "".join(f"http://new.example/{i}\n" for i in range(100)))
    seen = {}
    for share in range(5):
        for name in ("one", "two"):
            run = garner("--dry-run", "--json", "-i", name, "--shard", f"{share}/5")
            assert run.status == 0, run
            seen[name, share] = {r["url"] for r in run.records if "new.example" not in r["url"]}
        assert seen["one", share] == seen["two", share] and 500 < len(seen["one", share]) < 700
    assert sum(len(seen["one", s]) for s in range(5)) == 3000 == len(set().union(*(seen["one", s] for s in range(5))))
