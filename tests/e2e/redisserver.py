# SPDX-License-Identifier: MIT
"""A real redis-server on a Unix socket and a free port, with an append-only file; and a client for it."""

import shutil
import signal
import socket
import subprocess
import time

from nginx import free_port


def program():
    return shutil.which("redis-server")


class RedisError(Exception):
    pass


class Client:
    """redis("XLEN", "jobs"): replies as int, str, list, None."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rb")

    def __call__(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self._socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        return self._reply()

    def _reply(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis is gone")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"$":
            return self._file.read(int(rest) + 2)[:-2].decode("utf-8", "surrogateescape")
        return [self._reply() for _ in range(int(rest))]

    def close(self):
        self._file.close()
        self._socket.close()


class Redis:
    """The server. Its commands go over a connection of their own: server("XLEN", "jobs")."""

    def __init__(self, directory, *arguments, host="127.0.0.1"):
        self.dir, self.arguments, self.host = directory, arguments, host
        self.socket = directory / "redis.sock"
        self.port = free_port()
        self._client = None
        self.start()

    def start(self):
        self._process = subprocess.Popen(
            [program(), "--bind", self.host, "--port", str(self.port), "--unixsocket", str(self.socket), "--dir",
             str(self.dir), "--appendonly", "yes", "--save", "", "--logfile", str(self.dir / "log"), *self.arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            try:
                self._client = Client(self.socket)
                if self._client("PING") == "PONG":
                    return
            except RedisError as e:
                if "LOADING" not in str(e):
                    return  # it wants a password
            except OSError:
                pass
            assert time.monotonic() < end and self._process.poll() is None, (self.dir / "log").read_text()
            time.sleep(0.02)

    def __call__(self, *words):
        return self._client(*words)

    def stop(self, signum=signal.SIGTERM):
        if self._client:
            self._client.close()
            self._client = None
        self._process.send_signal(signum)
        self._process.wait(20)

    def url(self, stream="jobs", user="", query=""):
        return f"redis://{user}{self.host}:{self.port}/{stream}{query}"

    def local(self, stream="jobs"):
        return f"redis+unix://{self.socket}?stream={stream}"

    def entries(self, stream):
        """Every entry of a stream: (ID, fields)."""
        return [(i, dict(zip(f[::2], f[1::2]))) for i, f in self("XRANGE", stream, "-", "+")]

    def add(self, stream="jobs", **fields):
        return self("XADD", stream, "*", *[w for pair in fields.items() for w in pair])

    def pending(self, stream="jobs", group="garner"):
        """Of each pending entry: (ID, consumer, idle milliseconds, deliveries)."""
        return [tuple(p) for p in self("XPENDING", stream, group, "-", "+", 100000)]
