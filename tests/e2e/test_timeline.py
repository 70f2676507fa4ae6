# SPDX-License-Identifier: MIT
"""--timeline: trace events that a viewer takes, whatever became of the run."""

import collections
import json
import os
import resource
import signal
import threading

import pytest


class Timeline:
    """The events of a file, checked against the rules of the format."""

    def __init__(self, text):
        assert "secret" not in text and "token" not in text
        self.events = json.loads(text)["traceEvents"]
        self.rows, self.waits, self.names = collections.defaultdict(list), collections.defaultdict(list), {}
        for event in self.events:
            self.take(event)
        for row in self.rows.values():
            self.check_nesting(row)
        for events in self.waits.values():
            self.check_pairs(events)
        assert set(self.rows) == set(self.names) - {0}, "each row has a name, and no other"
        assert len(set(self.names.values())) == len(self.names)

    def take(self, event):
        assert event["ph"] in "MXbe" and event["pid"] == 1 and isinstance(event["tid"], int), event
        assert isinstance(event["name"], str), event
        if event["ph"] == "M":
            if event["name"] in ("thread_name", "process_name"):
                assert event["tid"] not in self.names
                self.names[event["tid"]] = event["args"]["name"]
            return
        assert isinstance(event["ts"], int) and event["ts"] >= 0, event
        if event["ph"] == "X":
            assert isinstance(event["dur"], int) and event["dur"] >= 0, event
            self.rows[event["tid"]].append(event)
        else:
            self.waits[event["cat"], event["id"]].append(event)

    @staticmethod
    def check_nesting(row):
        """Each event ends within those that are open when it begins: as viewers sort, by time and place."""
        ends = []
        for event in sorted(row, key=lambda e: e["ts"]):
            end = event["ts"] + event["dur"]
            while ends and ends[-1] <= event["ts"]:
                ends.pop()
            assert not ends or end <= ends[-1], event
            ends.append(end)

    @staticmethod
    def check_pairs(events):
        """b and e take turns, of one name, and time does not go back."""
        for begin, end in zip(events[::2], events[1::2], strict=True):
            assert (begin["ph"], end["ph"]) == ("b", "e") and begin["name"] == end["name"]
        times = [e["ts"] for e in events]
        assert times == sorted(times)

    def of(self, name):
        return [e for e in self.events if e["ph"] == "X" and e["name"] == name]

    def within(self, outer):
        return [e["name"] for e in self.rows[outer["tid"]]
                if e is not outer and outer["ts"] <= e["ts"] and e["ts"] + e["dur"] <= outer["ts"] + outer["dur"]]

    def waited(self, index):
        return [e["name"] for e in self.waits["wait", str(index)] if e["ph"] == "b"]


def read(garner, name="t"):
    return Timeline(garner.path(name).read_text())


def test_a_mixed_run(garner, faults, other, nginx):
    urls = [faults.url(f"/{i}", seed=i, size=50000, token="secret", user="u:secret") for i in range(20)]
    urls += [faults.url("/again", status="503,200"), faults.url("/bad", status=404),
             faults.url("/away", location=other.url("/there")), faults.url("/cut", size=1000, cut=10)]
    urls += [nginx.tls("/f/1m.bin"), "http://127.0.0.1:1/refused", "no url"]
    run = garner("--json", "--cacert", nginx.cacert, "--retry", "1", "--retry-delay", "10ms", "--per-host", "3",
                 "--timeline", "t", "-i", "-", input="\n".join(urls) + "\n")
    assert run.status == 1, run
    timeline = read(garner)
    records = {r["index"]: r for r in run.records}
    assert len(records) == len(urls)
    requests = [e for e in timeline.events if e.get("cat") == "request"]
    for index, record in records.items():
        mine = [e for e in requests if e["args"]["index"] == index]
        assert len(mine) == record["attempts"], record
        assert timeline.waited(index)[0] == "queue"
        if record["state"] == "finished":
            assert {"first byte", "body"} <= set(timeline.within(mine[-1])), record
            [file] = [e for e in timeline.events if e.get("cat") == "file" and e["args"]["index"] == index]
            assert file["args"]["path"] == record["path"] and file["args"]["state"] == "finished"
            assert file["ts"] >= mine[-1]["ts"] + mine[-1]["dur"] and "commit" in timeline.within(file)
    [tls] = [e for e in timeline.of("1m.bin") if e["cat"] == "request"]
    assert timeline.within(tls)[:5] == ["dns", "connect", "tls", "first byte", "body"]
    assert tls["args"]["version"] == "2" and tls["args"]["bytes"] == 1 << 20 and tls["args"]["local_port"] > 0
    [again] = [i for i, r in records.items() if r["url"] == urls[20]]
    assert timeline.waited(again) == ["queue", "backoff", "queue"]
    refused = timeline.of("refused")
    assert len(refused) == 2 and all(e["args"]["error"] == "connect" and e["args"]["status"] == 0 for e in refused)
    assert all("first byte" not in timeline.within(e) for e in refused)
    origin = faults.url("/").rstrip("/").split("?")[0].rstrip("/")
    assert sorted(n for n in timeline.names.values() if n.startswith(origin)) == [f"{origin} {n}" for n in (1, 2, 3)]
    kept = [e for e in requests if e["args"].get("kept")]
    assert kept and all(not {"dns", "connect"} & set(timeline.within(e)) for e in kept)


def test_segments_have_rows_of_their_own(garner, faults):
    url = faults.url("/big", size=8 << 20, etag='"a"', ranges=1, drip="200000,0.05")
    run = garner("--json", "--segments", "4", "--segment-size", "1M", "--timeline", "t", url)
    assert run.status == 0 and run.record["segments"] == 4, run
    timeline = read(garner)
    helpers = [e for e in timeline.of("big") if e["cat"] == "helper"]
    [leader] = [e for e in timeline.of("big") if e["cat"] == "request"]
    assert len(helpers) >= 3 and len({e["tid"] for e in [leader, *helpers]}) <= 4
    [file] = [e for e in timeline.of("big") if e["cat"] == "file"]
    assert file["args"]["size"] == 8 << 20
    assert sum(e["args"]["bytes"] for e in [leader, *helpers]) == run.record["received"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_whole_after_an_interrupt(garner, faults, how):
    urls = [faults.url(f"/{i}") for i in range(20)] + [faults.url("/held", gate="g")]
    process = garner.start("--timeline", "t", *urls)
    process.until(lambda: len(process.output().split()) == 20, "20 paths")
    process.until(lambda: garner.path("t").exists() and b'"19"' in garner.read("t"), "events on disk")
    process.send(how)
    assert process.wait().signal == how
    timeline = read(garner)
    assert len([e for e in timeline.events if e.get("cat") == "request"]) == (21 if how == signal.SIGINT else 20)
    if how == signal.SIGINT:
        [held] = timeline.of("held")
        assert held["args"]["error"] == "cancelled"


def test_into_a_pipe(garner, faults):
    os.mkfifo(garner.path("pipe"))
    got = []
    reader = threading.Thread(target=lambda: got.append(garner.path("pipe").read_text()), daemon=True)
    reader.start()
    run = garner("--timeline", "pipe", *[faults.url(f"/{i}") for i in range(300)])
    reader.join(10)
    assert run.status == 0 and len(Timeline(got[0]).events) > 1000


def test_what_cannot_be_written(garner, faults):
    run = garner("--timeline", "none/t", faults.url("/a"))
    assert run.status == 3 and "cannot open none/t" in run.stderr and not faults.requests(), run
    run = garner("--timeline", "/dev/full", faults.url("/a"))
    assert run.status == 3 and "cannot write /dev/full: No space left" in run.stderr, run
    assert run.files == ["a"] and "1 finished" in run.stderr, "the download is none the worse"


def test_a_full_disk_leaves_what_was_whole(garner, faults):
    """A batch of which a part fits is taken back: the end of the text is where it was."""
    run = garner("--timeline", "t", *[faults.url(f"/{i}", text="x") for i in range(150)],
                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)))
    assert run.status == 3 and "cannot write t: File too large" in run.stderr and "150 finished" in run.stderr, run
    assert Timeline(garner.read("t").decode()).events
