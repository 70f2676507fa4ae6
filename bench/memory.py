# SPDX-License-Identifier: MIT
"""What garner keeps in memory of a long list: its peak at 10,000 entries and at 1,000,000 (or at
the numbers that are given), read from a pipe.

Once with --if-exists overwrite and names that come again (nothing is kept of an entry), and once
with the default and a name for each entry (its name is remembered).

With --disk: of 64 downloads at once, 1 GiB each (or as many MiB as are given), to a disk that takes
DISK bytes a second (500e6), over HTTP/1.1 and HTTP/2; garner has the words of GARNER_FLAGS too."""

import os
import shlex
import subprocess
import sys
import shutil

import server as servers
from run import Bench, above_zero

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


def slow_disk(bench, mib, url, flags):
    """Seconds and peak KiB of 64 downloads of mib MiB to a slow disk (tests/e2e/slow_disk.c)."""
    os.mkdir(bench.out)
    report, urls = os.path.join(bench.dir, "report"), os.path.join(bench.lists, "disk")
    with open(urls, "w", encoding="ascii") as file:
        file.writelines(f"{url}?{n}\n" for n in range(64))
    env = {**bench.env, "LD_PRELOAD": os.path.abspath("tests/e2e/slow_disk.so"),
           "SLOW_DISK": os.environ.get("DISK") or "500e6"}
    garner = [bench.programs.garner.path, "-q", "-d", bench.out, "-j", "64", "-o", "{index}",
              "--cacert", bench.server.cacert, *flags, *shlex.split(os.environ.get("GARNER_FLAGS", "")), "-i", urls]
    subprocess.run([bench.measure, report, *garner], env=env, check=True)
    files = [os.stat(os.path.join(bench.out, name)) for name in os.listdir(bench.out)]
    sizes, room = {file.st_size for file in files}, sum(file.st_blocks * 512 for file in files)
    shutil.rmtree(bench.out)
    with open(report, encoding="ascii") as file:
        seconds, _, _, kib, status = file.read().split()
    if status != "0" or len(files) != 64 or sizes != {mib << 20} or room > 64 << 16:
        raise SystemExit(f"memory: exit status {status}, {len(files)} files of {sizes} bytes, which take {room}")
    return float(seconds), int(kib)


def slow_disks(bench, mib):
    path = os.path.join(bench.files.root, "big", "disk.bin")

    def serve(size):
        with open(path, "wb") as file:
            file.truncate(size << 20)

    serve(1)  # first a few, which a disk that keeps everything has room for as well
    slow_disk(bench, 1, bench.server.url("/big/disk.bin"), [])
    serve(mib)
    for buffer, most in (("64M", 96), ("16M", 48)):
        for protocol, url in (("HTTP/1.1", bench.server.url), ("HTTP/2", bench.server.tls)):
            seconds, kib = slow_disk(bench, mib, url("/big/disk.bin"), ["--buffer", buffer])
            print(f"64 x {mib} MiB, {protocol}, --buffer {buffer}: peak {kib / 1024:.1f} MiB (at most {most}), "
                  f"{seconds:.1f} s", flush=True)


def main():
    words = sys.argv[1:]
    if words[:1] == ["--disk"]:
        mib = above_zero("MIB", words[1] if words[1:] else 1024)
        bench = Bench()
        try:
            bench.scale = 0
            bench.start(False)
            slow_disks(bench, mib)
        finally:
            bench.stop()
        return
    counts = [above_zero("ENTRIES", word.replace(",", "")) for word in words] or [10000, 1000000]
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
