# SPDX-License-Identifier: MIT
"""Whether --limit-rate and --rate hold, and how they are shared: each is run for LAST seconds (10), and
what came by then is compared with what was asked for.

--limit-rate: downloads that are too large to end, and what each had of an equal part, in percent.
--rate: small files of four hosts (over HTTP/2: of one), and what each host had of an equal part."""

import collections
import json
import os
import subprocess

import server as servers
from run import Bench, above_zero, setting

SECONDS = setting("LAST", 10, float)
OFF, FIELDS = 3.0, ("what", "at once", "loops", "asked for", "came", "off by %", "smallest share", "largest share")
PROTOCOLS = ("HTTP/1.1", "HTTP/2")


def run(bench, urls, *flags):
    """The records of a run that is ended after SECONDS."""
    path = os.path.join(bench.lists, "rate")
    with open(path, "w", encoding="ascii") as file:
        file.writelines(url + "\n" for url in urls)
    ran = subprocess.run([bench.programs.garner.path, "-q", "--json", "--discard", "--retry", "0", "--timeout",
                          str(SECONDS), "--cacert", bench.server.cacert, *flags, "-i", path],
                         env=bench.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    records = [json.loads(line) for line in ran.stdout.splitlines()]
    if ran.returncode != 124:
        raise SystemExit(f"rate: exit status {ran.returncode}, {len(records)} records")
    return records


def row(what, jobs, loops, asked, came, shares):
    """One line; whether it is as near as it should be."""
    off, equal = (came / asked - 1) * 100, sum(shares) / len(shares)
    low, high = (f"{100 * pick(shares) / equal:.0f}" if equal and len(shares) > 1 else "-" for pick in (min, max))
    print(f"| {what:<22} | {jobs:>7} | {loops:>5} | {asked:>10,} | {came:>12,.1f} | {off:>+8.2f} | {low:>14} | {high:>13} |",
          flush=True)
    return abs(off) <= OFF


def bytes_a_second(bench, protocol, jobs, loops, limit):
    base = (bench.server.url if protocol == PROTOCOLS[0] else bench.server.tls)("/big/rate.bin")
    records = run(bench, [f"{base}?{n}" for n in range(jobs)], "-j", str(jobs), "--loops", str(loops),
                  "--limit-rate", str(limit))
    if any(r["error"]["kind"] != "timeout" for r in records):
        raise SystemExit("rate: a download failed, or ended")
    had = [r["received"] for r in records]
    return row(f"--limit-rate, {protocol}", jobs, loops, limit, sum(had) / SECONDS, had)


def requests_a_second(bench, protocol, jobs, loops, rate):
    """Of four hosts, whose entries come in turns of a hundred."""
    hosts = [f"127.0.0.1:{bench.server.tls_port}"] if protocol == PROTOCOLS[1] else [
        f"{host}:{bench.server.port}" for host in servers.HOSTS[:4]]
    scheme = "https" if protocol == PROTOCOLS[1] else "http"
    urls = (f"{scheme}://{hosts[n // 100 % len(hosts)]}/any/{n}" for n in range(int(3 * rate * SECONDS) + 400))
    before = bench.server.requests()
    records = run(bench, urls, "-j", str(jobs), "--loops", str(loops), "--rate", f"{rate}/s")
    asked = bench.server.requests() - before - 1
    done = collections.Counter(r["url"].split("/")[2] for r in records if r["state"] == "finished")
    return row(f"--rate, {protocol}", jobs, loops, rate, asked / SECONDS, [done[host] for host in hosts])


def numbers(name, usual):
    return [above_zero(name, word) for word in (os.environ.get(name) or usual).split()]


def main():
    limits, rates = numbers("LIMITS", "1048576 33554432"), numbers("RATES", "20 1000")
    bench, good = Bench(), True
    try:
        bench.scale = 0
        bench.start(True)
        with open(os.path.join(bench.files.root, "big", "rate.bin"), "wb") as file:
            file.truncate(64 << 30)
        print("| " + " | ".join(FIELDS) + " |")
        print("|" + "|".join(["---"] + ["---:"] * (len(FIELDS) - 1)) + "|")
        for limit in limits:
            for protocol in PROTOCOLS:
                for jobs, loops in ((1, 1), (16, 1), (16, 2), (64, 1), (64, 2)):
                    good &= bytes_a_second(bench, protocol, jobs, loops, limit)
        for rate in rates:
            for protocol in PROTOCOLS:
                for jobs, loops in ((16, 1), (64, 1), (64, 2)):
                    good &= requests_a_second(bench, protocol, jobs, loops, rate)
        print(f"All within {OFF:g} %." if good else f"Not all are within {OFF:g} %.")
    finally:
        bench.stop()


if __name__ == "__main__":
    main()
