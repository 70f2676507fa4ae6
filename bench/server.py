# SPDX-License-Identifier: MIT
"""What is downloaded, and the nginx (one worker) that serves it on loopback.

    /small/NAME      4 KiB files            /big/NAME        256 MiB files
    /late/NAME       /small/NAME after 50 ms
    /slow/NAME       /big/NAME at 10 MiB/s a connection
    /many/N/NAME     /small/NAME for any N
    /any/ANYTHING    a few bytes without a file
    /requests        how many requests there were

Plain HTTP/1.1 on one port, TLS with HTTP/2 on another, and plain again on the addresses of
HOSTS. A silent host takes connections and never answers.
"""

import os
import shutil
import socket
import subprocess
import time
import urllib.request

ECHO = "/usr/lib/nginx/modules/ngx_http_echo_module.so"
LATE = "location ~ ^/late/(?<name>.*)$ { echo_sleep 0.05; echo_exec /small/$name; }"
SMALL_SIZE, BIG_SIZE = 4096, 256 << 20
HOSTS = [f"127.1.{n // 250}.{n % 250 + 1}" for n in range(999)]
SILENT = "127.2.0.1"

CONFIG = """
{user}
{echo}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {dir}/pid;
error_log {dir}/error.log;
events {{ worker_connections 16000; }}
http {{
    access_log off;
    client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
    uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
    default_type application/octet-stream;
    sendfile on;
    keepalive_requests 100000000;
    keepalive_timeout 600;
    server {{
        {listen}
        ssl_certificate {dir}/server.crt;
        ssl_certificate_key {dir}/server.key;
        root {root};
        location = /requests {{ stub_status; }}
        location ^~ /any/ {{ return 200 "any\n"; }}
        location ^~ /small/ {{ }}
        location ^~ /big/ {{ }}
        location ^~ /slow/ {{ limit_rate 10m; alias {root}/big/; }}
        {late}
        location ~ ^/many/[0-9]+/(?<name>.*)$ {{ alias {root}/small/$name; }}
    }}
}}
"""


def program():
    return shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


def why_not():
    """What is missing for a server, or None."""
    if not program():
        return "nginx is not installed (Debian: nginx-light)"
    if not shutil.which("openssl"):
        return "openssl is not installed (Debian: openssl)"
    return None


def has_late():
    """Whether nginx can answer late (Debian: libnginx-mod-http-echo)."""
    return os.path.exists(ECHO)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Files:
    """The files below root: small ones at once, big ones when they are first asked for."""

    def __init__(self, root, small=10000, big=8, big_size=BIG_SIZE):
        self.root = root
        self.small = [f"f{n:05}.bin" for n in range(small)]
        self.big = [f"b{n}.bin" for n in range(big)]
        self.big_size = big_size
        self._block = None
        for name in ("small", "big"):
            os.makedirs(os.path.join(root, name))
        noise = os.urandom(SMALL_SIZE + small)
        for n, name in enumerate(self.small):
            self._write("small", name, noise[n:n + SMALL_SIZE])

    def need_big(self, count):
        """Each of the big files begins elsewhere in the same noise, so that none is another."""
        for n, name in enumerate(self.big[:count]):
            if not os.path.exists(self.path(name)):
                self._block = self._block or os.urandom(self.big_size)
                at = n * 65537 % self.big_size
                self._write("big", name, self._block[at:], self._block[:at])

    def path(self, name):
        return os.path.join(self.root, "big" if name.startswith("b") else "small", name)

    def _write(self, kind, name, *pieces):
        with open(os.path.join(self.root, kind, name), "wb") as file:
            for piece in pieces:
                file.write(piece)


class Server:
    def __init__(self, directory, root, hosts=()):
        self.dir, self.root, self.hosts = directory, root, hosts
        os.makedirs(directory, exist_ok=True)
        self.cacert = os.path.join(directory, "ca.crt")
        self._process = self._silent = None
        self._make_certificates()
        self._start()

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def tls(self, path):
        return f"https://127.0.0.1:{self.tls_port}{path}"

    def silent(self, path):
        """A URL of the host that takes connections and never answers."""
        if not self._silent:
            self._silent = socket.socket()
            self._silent.bind((SILENT, 0))
            self._silent.listen(4096)
            self._silent.setblocking(False)
        return f"http://{SILENT}:{self._silent.getsockname()[1]}{path}"

    def requests(self):
        """How many requests there were so far, this one included."""
        with urllib.request.urlopen(self.url("/requests")) as reply:
            return int(reply.read().split(b"requests\n")[1].split()[2])

    def hush(self):
        """Ends the connections that the silent host took."""
        while self._silent:
            try:
                self._silent.accept()[0].close()
            except BlockingIOError:
                break

    def stop(self):
        if self._silent:
            self._silent.close()
            self._silent = None
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _make_certificates(self):
        """A certificate authority (ca.crt) and a certificate of 127.0.0.1 that it signed."""

        def openssl(*args):
            subprocess.run(["openssl", *args], cwd=self.dir, check=True, capture_output=True)

        with open(os.path.join(self.dir, "ext"), "w", encoding="ascii") as file:
            file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2",
                "-subj", "/CN=bench CA")
        openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", "ext", "-out", "server.crt")

    def _start(self):
        error_log = os.path.join(self.dir, "error.log")
        config = os.path.join(self.dir, "nginx.conf")
        for _ in range(5):
            self.port, self.tls_port = free_port(), free_port()
            listen = [f"listen 127.0.0.1:{self.port} backlog=4096;",
                      f"listen 127.0.0.1:{self.tls_port} ssl http2 backlog=4096;"]
            listen += [f"listen {host}:{self.port};" for host in self.hosts]
            with open(config, "w", encoding="ascii") as file:
                file.write(CONFIG.format(
                    dir=self.dir, root=self.root, listen="\n".join(listen),
                    user="user root;" if os.geteuid() == 0 else "",
                    echo=f"load_module {ECHO};" if has_late() else "",
                    late=LATE if has_late() else ""))
            self._process = subprocess.Popen(
                [program(), "-p", self.dir, "-e", error_log, "-c", config], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if self._wait_ready():
                return
        with open(error_log, encoding="utf-8", errors="replace") as file:
            raise RuntimeError("nginx did not start: " + file.read())

    def _wait_ready(self):
        for _ in range(300):
            if self._process.poll() is not None:
                return False
            try:
                for port in (self.port, self.tls_port):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        self.stop()
        return False
