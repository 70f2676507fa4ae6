# SPDX-License-Identifier: MIT
"""What garner keeps in memory of a long list: its peak at 10,000 entries and at 1,000,000 (or at
the numbers that are given), read from a pipe.

Once with --if-exists overwrite and names that come again (nothing is kept of an entry), and once
with the default and a name for each entry (its name is remembered)."""

import os
import subprocess
import sys
import shutil

import server as servers
from run import Bench

AGAIN = (r's|^(.*)(....)$|{url}\1/f\2|', ["--if-exists", "overwrite"])
EACH = (r's|^|{url}f|', [])


def peak(bench, count, script, flags):
    """Seconds and peak KiB of garner for a list of count entries."""
    os.mkdir(bench.out)
    report = os.path.join(bench.dir, "report")
    width = len(str(count))
    seq = subprocess.Popen(["seq", f"-f%0{max(width, 5)}.0f", "1", str(count)], stdout=subprocess.PIPE)
    sed = subprocess.Popen(["sed", "-E", script.format(url=bench.server.url("/any/"))],
                           stdin=seq.stdout, stdout=subprocess.PIPE)
    garner = [bench.programs.garner.path, "-q", "-d", bench.out, "-j", "64", *flags, "-i", "-"]
    ran = subprocess.run([bench.measure, report, *garner], stdin=sed.stdout, env=bench.env, check=True)
    assert ran.returncode == 0
    for feeder in (seq, sed):
        feeder.stdout.close()
        feeder.wait()
    files = len(os.listdir(bench.out))
    shutil.rmtree(bench.out)
    with open(report, encoding="ascii") as file:
        seconds, _, _, kib, status = file.read().split()
    wanted = min(count, 10000) if flags else count
    if status != "0" or files != wanted:
        raise SystemExit(f"memory: exit status {status}, {files} files of {wanted}")
    return float(seconds), int(kib)


def main():
    counts = [int(word.replace(",", "")) for word in sys.argv[1:]] or [10000, 1000000]
    bench = Bench()
    try:
        bench.scale = 0
        bench.start(False)
        for title, (script, flags) in (("overwrite, names again", AGAIN), ("default, a name each", EACH)):
            peaks = []
            for count in counts:
                seconds, kib = peak(bench, count, script, flags)
                peaks.append(kib)
                print(f"{title:<24} {count:>10,} entries  VmHWM {kib:>7} KiB  {seconds:7.2f} s", flush=True)
            if len(counts) > 1:
                each = (peaks[-1] - peaks[0]) * 1024 / (counts[-1] - counts[0])
                print(f"{title:<24} {each:.1f} bytes an entry between the first and the last", flush=True)
    finally:
        bench.stop()


if __name__ == "__main__":
    main()
