# SPDX-License-Identifier: MIT
"""An HTTP server that goes wrong on request.

What a request gets is said by its URL's query, so that a test reads as one line:

    faults.url("/a.bin", size=1000, cut=400)          1000 bytes promised, 400 sent, then closed
    faults.url("/a.bin", status="503,503,200")        two failures, then the file

reply
    size=N seed=S       the body: body(N, S); default 100 bytes
    text=T              the body in words instead
    status=A,B,...      one a request with the same key, the last repeated; error bodies are short
    key=K               whom status, fail and delay count for; default the path
    header=N:V          repeatable
    location=URL|self   for redirects
    retry_after=V       sent with every status of 400 and above
    etag=E modified=D   validators; conditional requests get 304
    version=A,B,...     one a request with the same key, the last repeated ("*": another each time):
                        it is the seed, and {v} in etag and seed stands for it; "server": the
                        server's own; seed, size, etag, modified and date may be lists, too, by "|"
    ranges=1            Range and If-Range are honoured; more, and what goes wrong there: ranges.py
    date=D              instead of the true Date; "none": no Date
    auth=USER:PW        401 without it
    echo=1              the request as JSON: method, target, headers, body
    gzip=1 | corrupt    the body as Content-Encoding: gzip
    gzip=short | long   the same without its last 20 bytes, or with more
    chunked=1 | bad     the body in chunks
    no_length=1         neither length nor chunks: the end is the connection's
    lengths=A,B         these Content-Length fields instead of the true one
    proto=V             HTTP/V in the status line; close=1: Connection: close
faults (fail=N: only for the first N requests of a key)
    drop=1              closed without a reply
    cut=N               closed after N bytes of the body; cut=header: in mid-header
    reset=N | header    the same with a reset
    stall=N | header | start   nothing more comes after that
    garbage=1           no HTTP;  endless=1: headers without an end
    big_header=N        a header of N bytes
    extra=N             N bytes more than the length says
pace
    delay=S             before the reply
    drip=N,S            N bytes at a time, S seconds between
    gate=NAME           the reply waits until the test opens the gate
    gate_at=N           the gate is after N bytes of the body instead
    gate_from=N         it is for the N-th request with the same key, and all that follow
"""

import asyncio
import base64
import gzip
import json
import socket
import struct
import threading
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import ranges
import sockets

ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]
REASONS = {200: "OK", 204: "No Content", 206: "Partial Content", 304: "Not Modified"}


def body(size, seed=0):
    """Bytes that differ with seed and never repeat in step with a block."""
    unit = b"".join(struct.pack(">I", (i * 2654435761 + seed * 40503) & 0xFFFFFFFF) for i in range(1021))
    return (unit * (size // len(unit) + 1))[:size]


class Request:
    """One request as it was received. headers: lower-case names, the last value of each."""

    def __init__(self, method, target, headers, data, connection, address):
        self.method, self.target = method, target
        self.path = urlsplit(target).path
        self.query = {k: v[-1] for k, v in parse_qs(urlsplit(target).query, True).items()}
        self.header_list = headers
        self.headers = {k.lower(): v for k, v in headers}
        self.body = data
        self.connection = connection
        self.address = address
        self.time = time.monotonic()
        self.sent = 0  # bytes of the body that were given to the connection

    def __repr__(self):
        return f"<{self.method} {self.target}>"


class Gone(Exception):
    """The reply ended on purpose before its end; args[0]: reset rather than close."""


class Counter:
    def __init__(self):
        self.now = self.peak = 0

    def enter(self):
        self.now += 1
        self.peak = max(self.peak, self.now)

    def leave(self):
        self.now -= 1


class FaultServer:
    """Runs on an event loop in a thread; the methods without underscore are for the test's thread."""

    def __init__(self, loop, port=None, version=1):
        self._loop = loop
        self.version = version
        self.files = {}  # what is under a path (with its query or for any) in place of the usual body
        self._lock = threading.Condition()
        self._requests = []
        self._counts = {}
        self._gates = {}
        self._open_gates = set()
        self._all_open = False
        self._load = {}
        self._connections = 0
        self._tasks = set()
        self._writers = set()
        self._servers = []
        self.port = port
        asyncio.run_coroutine_threadsafe(self._start(), loop).result(10)

    # -- for tests -------------------------------------------------------------------------

    def url(self, path="/file.bin", host="127.0.0.1", user=None, **query):
        """A URL of this server; a value that is a list is repeated."""
        pairs = [(k, v) for k, vs in query.items() for v in (vs if isinstance(vs, list) else [vs])]
        tail = "?" + urlencode(pairs) if pairs else ""
        who = user + "@" if user else ""
        return f"http://{who}{host}:{self.port}{path}{tail}"

    @staticmethod
    def body(size=100, seed=0):
        return body(size, seed)

    def requests(self, path=None):
        with self._lock:
            return [r for r in self._requests if path is None or r.path == path]

    def wait_requests(self, count, path=None, timeout=20):
        """Waits until so many requests have come; gives them."""
        with self._lock:
            done = self._lock.wait_for(
                lambda: len([r for r in self._requests if path is None or r.path == path]) >= count,
                timeout)
        got = self.requests(path)
        assert done, f"{len(got)} of {count} requests came in {timeout} s: {got}"
        return got

    def wait_gate(self, name, count=1, timeout=20):
        """Waits until so many requests wait at a gate."""
        with self._lock:
            done = self._lock.wait_for(lambda: self._gates.get(name, 0) >= count, timeout)
        assert done, f"{self._gates.get(name, 0)} of {count} wait at gate {name}: {self.requests()}"

    def waiting(self, name):
        with self._lock:
            return self._gates.get(name, 0)

    def open(self, name):
        """Opens a gate, for those that wait and all that come later."""
        with self._lock:
            self._open_gates.add(name)

    def peak(self, address=None):
        """The most requests that were ever in progress at once, in all or at one address."""
        with self._lock:
            return self._load.get(address, Counter()).peak

    def connections(self):
        with self._lock:
            return self._connections

    def taken(self, since=0):
        """How many bytes of the bodies that were sent, from a request on, the clients have read, who
        stand still meanwhile (are stopped, or gone)."""
        async def count():
            time.sleep(0.06)  # so does the server; by then all that arrived is acknowledged
            waiting = sum(w.transport.get_write_buffer_size() for w in self._writers)
            return sum(r.sent for r in self._requests[since:]) - waiting - sockets.queued(self.port)
        return asyncio.run_coroutine_threadsafe(count(), self._loop).result(10)

    def stop(self):
        self._all_open = True
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)

    # -- connections -----------------------------------------------------------------------

    async def _start(self):
        for attempt in range(20):
            if attempt > 0 or self.port is None:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", 0))
                    self.port = probe.getsockname()[1]
            try:
                self._servers = [await asyncio.start_server(self._serve, a, self.port, backlog=2000, limit=1 << 22)
                                 for a in ADDRESSES]
                return
            except OSError:
                pass
        raise RuntimeError("no free port")

    async def _stop(self):
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        self._writers.add(writer)
        writer.transport.set_write_buffer_limits(0)
        with self._lock:
            self._connections += 1
            number = self._connections
        address = writer.get_extra_info("sockname")[0]
        try:
            while await self._exchange(reader, writer, number, address):
                pass
        except Gone as gone:
            if gone.args[0]:
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._writers.discard(writer)
            self._tasks.discard(task)

    async def _exchange(self, reader, writer, number, address):
        """One request and its reply; false when the connection is over."""
        request = await self._read(reader, number, address)
        if request is None:
            return False
        with self._lock:
            loads = [self._load.setdefault(a, Counter()) for a in (None, address)]
            for load in loads:
                load.enter()
            key = request.query.get("key", request.path)
            nth = self._counts[key] = self._counts.get(key, 0) + 1
            self._requests.append(request)
            self._lock.notify_all()
        try:
            return await Reply(self, request, nth, reader, writer).send()
        finally:
            with self._lock:
                for load in loads:
                    load.leave()

    async def _read(self, reader, number, address):
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = [tuple(x.strip() for x in line.split(":", 1)) for line in lines[1:] if line]
        length = next((int(v) for k, v in headers if k.lower() == "content-length"), 0)
        data = await reader.readexactly(length)
        return Request(method, target, headers, data, number, address)

    async def _wait_at(self, name):
        with self._lock:
            self._gates[name] = self._gates.get(name, 0) + 1
            self._lock.notify_all()
        try:
            while not (self._all_open or name in self._open_gates):
                await asyncio.sleep(0.005)
        finally:
            with self._lock:
                self._gates[name] -= 1


class Reply:
    """One reply, made from the request's query."""

    def __init__(self, server, request, nth, reader, writer):
        self.server, self.request, self.nth = server, request, nth
        self.reader, self.writer = reader, writer
        self.multi = parse_qs(urlsplit(request.target).query, True)
        self.q = dict(request.query)
        for name in ("seed", "size", "etag", "modified", "date"):
            if "|" in self.q.get(name, ""):
                self.q[name] = self.turn(name, "|")
        if "version" in self.q:
            version = {"*": str(nth), "server": str(server.version)}.get(self.q["version"]) or self.turn("version")
            self.q["seed"] = self.q.get("seed", "{v}").replace("{v}", version)
            self.q["etag"] = self.q.get("etag", '"{v}"').replace("{v}", version)
        self.faulty = nth <= int(self.q.get("fail", 1 << 30))

    def turn(self, name, mark=","):
        """Of the values of a list the one for this request."""
        values = self.q[name].split(mark)
        return values[min(self.nth, len(values)) - 1]

    def fault(self, name):
        """The value of a fault if this request is to have it."""
        return self.q.get(name) if self.faulty else None

    def gated(self):
        return self.nth >= int(self.q.get("gate_from", 1))

    async def send(self):
        q = self.q
        if "delay" in q:
            await asyncio.sleep(float(q["delay"]))
        if "gate" in q and "gate_at" not in q and self.gated():
            await self.server._wait_at(q["gate"])
        if self.fault("drop"):
            raise Gone(False)
        if self.fault("stall") == "start":
            await self.stall()
        if self.fault("garbage"):
            await self.write(b"\x00\xff this is no protocol \x01\x02\r\n\r\n" * 4)
            raise Gone(False)
        status, headers, data = self.content()
        if self.request.method == "HEAD" or status in (204, 304):
            await self.write(self.head(status, headers, data))
            return "close" not in q
        await self.send_head(self.head(status, headers, data))
        await self.send_body(data)
        return not any(name in q for name in ("no_length", "close", "lengths"))

    # -- what is sent ----------------------------------------------------------------------

    def content(self):
        """Status, extra headers, body."""
        q, request = self.q, self.request
        status = int(self.turn("status")) if "status" in q else 302 if "location" in q else 200
        headers = [tuple(h.split(":", 1)) for h in self.multi.get("header", [])]
        if "location" in q and 300 <= status < 400:
            headers.append(("Location", request.target if q["location"] == "self" else q["location"]))
        if "auth" in q:
            want = "Basic " + base64.b64encode(q["auth"].encode()).decode()
            if request.headers.get("authorization") != want:
                return 401, headers + [("WWW-Authenticate", 'Basic realm="x"')], b"who?\n"
        if "retry_after" in q and status >= 400:
            headers.append(("Retry-After", q["retry_after"]))
        if status >= 300:
            return status, headers, b"" if status == 304 else f"status {status}\n".encode()
        for name, field in (("etag", "ETag"), ("modified", "Last-Modified")):
            if name in q:
                headers.append((field, q[name]))
        if "etag" in q and request.headers.get("if-none-match") == q["etag"]:
            return 304, headers, b""
        if "modified" in q and "etag" not in q and request.headers.get("if-modified-since") == q["modified"]:
            return 304, headers, b""
        return self.encoded(*ranges.answer(q, request.headers, status, headers, self.full_body(),
                                           q.get("etag"), q.get("modified")))

    def full_body(self):
        q, request = self.q, self.request
        if "echo" in q:
            return json.dumps({"method": request.method, "target": request.target,
                               "headers": request.headers, "header_list": request.header_list,
                               "body": request.body.decode("latin-1")}).encode()
        if "text" in q:
            return q["text"].encode()
        for name in (request.target, request.path):
            if name in self.server.files:
                return self.server.files[name]
        return body(int(q.get("size", 100)), int(q.get("seed", 0)))

    def encoded(self, status, headers, data):
        if "gzip" in self.q:
            data = gzip.compress(data)
            if self.q["gzip"] == "corrupt":
                data = data[:len(data) // 2] + bytes(8) + data[len(data) // 2 + 8:]
            data = {"short": data[:-20], "long": data + b"more"}.get(self.q["gzip"], data)
            headers.append(("Content-Encoding", "gzip"))
        return status, headers, data

    def head(self, status, headers, data):
        q = self.q
        date = q.get("date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))
        fields = ([] if date == "none" else [("Date", date)]) + headers
        if "lengths" in q:
            fields += [("Content-Length", n) for n in q["lengths"].split(",")]
        elif "chunked" in q and status not in (204, 304):
            fields.append(("Transfer-Encoding", "chunked"))
        elif "no_length" not in q and status not in (204, 304):
            fields.append(("Content-Length", str(len(data))))
        if "close" in q or "no_length" in q:
            fields.append(("Connection", "close"))
        if self.fault("big_header"):
            fields.append(("X-Big", "x" * int(q["big_header"])))
        start = f"HTTP/{q.get('proto', '1.1')} {status} {REASONS.get(status, 'Status')}\r\n"
        return (start + "".join(f"{k}: {v}\r\n" for k, v in fields) + "\r\n").encode("latin-1")

    # -- how it is sent --------------------------------------------------------------------

    async def send_head(self, head):
        half = head[:len(head) // 2]
        if self.fault("endless"):
            await self.write(head[:-2])
            while True:
                await self.write(b"X-More: and so on, and so on, and so on\r\n" * 100)
        for name in ("cut", "reset", "stall"):
            if self.fault(name) == "header":
                await self.write(half)
                await self.end_by(name)
        await self.write(head)

    async def send_body(self, data):
        if self.q.get("chunked") == "bad":
            await self.write(b"zz\r\nno chunk\r\n")
            raise Gone(False)
        if self.fault("extra"):
            data = data + bytes(int(self.q["extra"]))
        sent = 0
        for stop, name in sorted((int(self.fault(n)), n) for n in ("cut", "reset", "stall", "gate_at")
                                 if (self.fault(n) or "").isdigit()):
            await self.pieces(data[sent:stop])
            sent = max(sent, stop)
            if name == "gate_at":
                if self.gated():
                    await self.server._wait_at(self.q["gate"])
            else:
                await self.end_by(name)
        await self.pieces(data[sent:])
        if "chunked" in self.q:
            await self.write(b"0\r\n\r\n")

    async def pieces(self, data):
        size, pause = len(data), 0.0
        if "drip" in self.q:
            step, _, wait = self.q["drip"].partition(",")
            size, pause = int(step), float(wait or 0.01)
        for at in range(0, len(data), max(size, 1)):
            piece = data[at:at + size]
            self.request.sent += len(piece)
            if "chunked" in self.q:
                piece = b"%x\r\n%s\r\n" % (len(piece), piece)
            await self.write(piece)
            if pause:
                await asyncio.sleep(pause)

    async def end_by(self, name):
        if name == "stall":
            await self.stall()
        raise Gone(name == "reset")

    async def stall(self):
        """Nothing more, until the client goes away."""
        await self.reader.read(1)
        raise Gone(False)

    async def write(self, data):
        self.writer.write(data)
        await self.writer.drain()


class LoopThread:
    """An event loop in a thread of its own, for any number of fault servers."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
