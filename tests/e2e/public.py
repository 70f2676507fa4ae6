# SPDX-License-Identifier: MIT
"""A network of its own, in which this machine has addresses that look public.

    unshare -rn python3 public.py ADDRESS...     gives these to lo, and prints the port of a fault
                                                 server on all of them and the usual ones; at the
                                                 end of standard input what the server was asked
"""

import ctypes
import json
import os
import pathlib
import subprocess
import sys

import faultserver


class Network:
    """None can be made: OSError."""

    def __init__(self, *addresses):
        self._process = subprocess.Popen(["unshare", "-rn", sys.executable, __file__, *addresses], text=True, bufsize=1,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self._process.stdout.readline()
        if not line:
            raise OSError(self._process.communicate()[1])
        self.port = int(line)

    def enter(self):
        """Called in a child before it runs a program (preexec_fn)."""
        for space in ("user", "net"):
            fd = os.open(f"/proc/{self._process.pid}/ns/{space}", os.O_RDONLY)
            if ctypes.CDLL(None, use_errno=True).setns(fd, 0):
                raise OSError(ctypes.get_errno(), "setns")
            os.close(fd)

    def asked(self):
        """Ends the server; what it was asked: pairs of an address and a path."""
        return [tuple(pair) for pair in json.loads(self._process.communicate()[0])]

    def stop(self):
        self._process.kill()
        self._process.wait()


def main(addresses):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in addresses:
        subprocess.run(["ip", "addr", "add", address, "dev", "lo", *(["nodad"] if ":" in address else [])], check=True)
    faultserver.ADDRESSES = ["127.0.0.1", *addresses]
    thread = faultserver.LoopThread()
    server = faultserver.FaultServer(thread.loop)
    print(server.port, flush=True)
    sys.stdin.read()
    print(json.dumps([(r.address, r.path) for r in server.requests()]))
    server.stop()
    thread.stop()


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    main(sys.argv[1:])
