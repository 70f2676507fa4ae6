# SPDX-License-Identifier: MIT
"""A real nginx on free loopback ports, as any user, in a directory of its own.

    /f/NAME             the files, with ranges; https is HTTP/2
    /rate/N/NAME        at most N bytes a second (500k)
    /few/N/NAME         the same, and 503 past two requests at once
    /delay/S/NAME       after S seconds
    /small/ANYTHING     a short text at once, without a file
    /wait50/ANYTHING    the same after 50 ms
    /status/N           404, 410, 429 and 503 (Retry-After: 1), 500
    /moved/NAME         302 to /f/NAME
    /auth/NAME          user "anna", password "secret"

Another port serves /f/NAME to who shows a certificate of the CA's only (client.crt, client.key; the same
key with the password "secret" is locked.key; stranger.crt is nobody's).
"""

import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from faultserver import body

MODULE = "/usr/lib/nginx/modules/ngx_http_echo_module.so"
ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]
SIZES = {"empty.bin": 0, "one.bin": 1, "tiny.txt": 100, "page.html": 4096, "odd.dat": 16385,
         "64k.bin": 65536, "256k.bin": 262144, "1m.bin": 1 << 20, "3m.bin": 3 * (1 << 20) + 7}

CONFIG = """
{user}
{load}
daemon off;
worker_processes 1;
worker_rlimit_nofile 8192;
pid {dir}/pid;
error_log {dir}/error.log;
events {{ worker_connections 4096; }}
http {{
    log_format plain '$connection $status $body_bytes_sent $server_protocol $request_uri';
    access_log {dir}/access.log plain;
    client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
    uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
    types {{ text/html html; text/plain txt; }}
    default_type application/octet-stream;
    keepalive_requests 1000000;
    sendfile on;
    limit_conn_zone $server_name zone=few:1m;
    limit_conn_log_level info;
    server {{
        {listen}
        ssl_certificate {dir}/server.crt;
        ssl_certificate_key {dir}/server.key;
        {more}
        location /f/ {{ alias {dir}/root/; }}
        location ~ ^/rate/(?<rate>[0-9]+k?)/(?<name>.*)$ {{ limit_rate $rate; alias {dir}/root/$name; }}
        location ~ ^/few/(?<rate>[0-9]+k?)/(?<name>.*)$ {{ limit_conn few 2; limit_rate $rate; alias {dir}/root/$name; }}
        location ~ ^/delay/(?<secs>[0-9.]+)/(?<name>.*)$ {{ echo_sleep $secs; echo_exec /f/$name; }}
        location /small/ {{ return 200 "small\\n"; }}
        location /wait50/ {{ echo_sleep 0.05; echo "waited"; }}
        location /status/404 {{ return 404; }}
        location /status/410 {{ return 410; }}
        location /status/500 {{ return 500; }}
        location /status/429 {{ add_header Retry-After 1 always; return 429; }}
        location /status/503 {{ add_header Retry-After 1 always; return 503; }}
        location ~ ^/moved/(?<name>.*)$ {{ return 302 /f/$name; }}
        location /auth/ {{ alias {dir}/root/; auth_basic "x"; auth_basic_user_file {dir}/passwords; }}
    }}
    server {{
        listen 127.0.0.1:{mutual} ssl;
        ssl_certificate {dir}/server.crt;
        ssl_certificate_key {dir}/server.key;
        ssl_client_certificate {dir}/ca.crt;
        ssl_verify_client on;
        location /f/ {{ alias {dir}/root/; }}
    }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program():
    return shutil.which("nginx") or ("/usr/sbin/nginx" if os.path.exists("/usr/sbin/nginx") else None)


def make_certificates(directory):
    """A CA (ca.crt) and a certificate of localhost and 127.0.0.1 to .4 that it signed."""

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=directory, check=True, capture_output=True)

    names = "subjectAltName=DNS:localhost,DNS:*.test," + ",".join(f"IP:{a}" for a in ADDRESSES)
    (directory / "ext").write_text(names + "\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=test CA")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "ext", "-out", "server.crt")
    openssl("req", *key, "-keyout", "client.key", "-out", "client.csr", "-subj", "/CN=client")
    openssl("x509", "-req", "-in", "client.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-out", "client.crt")
    openssl("pkey", "-in", "client.key", "-aes256", "-passout", "pass:secret", "-out", "locked.key")
    openssl("req", "-x509", *key, "-keyout", "stranger.key", "-out", "stranger.crt", "-days", "2", "-subj", "/CN=stranger")


class Nginx:
    """more: further lines for the server's configuration."""

    def __init__(self, directory, more=""):
        self.dir, self.more = directory, more
        self.cacert = str(directory / "ca.crt")
        self.digests = {}
        make_certificates(directory)
        (directory / "passwords").write_text("anna:{PLAIN}secret\n")
        (directory / "root").mkdir()
        for number, (name, size) in enumerate(SIZES.items()):
            self.add(name, body(size, number))
        self._start()

    def add(self, name, data):
        (self.dir / "root" / name).write_bytes(data)
        self.digests[name] = hashlib.sha256(data).hexdigest()

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def tls(self, path, host="127.0.0.1"):
        return f"https://{host}:{self.tls_port}{path}"

    def mutual(self, path):
        return f"https://127.0.0.1:{self.mutual_port}{path}"

    def data(self, name):
        return (self.dir / "root" / name).read_bytes()

    def log(self, count):
        """The requests that ended, once there are so many: (connection, status, bytes, protocol, path)."""
        end = time.monotonic() + 10
        while len(lines := (self.dir / "access.log").read_text().splitlines()) < count and time.monotonic() < end:
            time.sleep(0.02)
        return [(w[0], int(w[1]), int(w[2]), w[3], w[4]) for w in map(str.split, lines)]

    def kill_worker(self):
        """Its connections break; another worker takes its place."""
        children = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)

    def stop(self):
        self._process.terminate()
        self._process.wait(10)

    def _start(self):
        for _ in range(5):
            self.port, self.tls_port, self.mutual_port = free_port(), free_port(), free_port()
            listen = " ".join(f"listen {a}:{self.port} backlog=4096; listen {a}:{self.tls_port} ssl http2;" for a in ADDRESSES)
            user = "user root;" if os.geteuid() == 0 else ""
            load = f"load_module {MODULE};" if os.path.exists(MODULE) else ""
            config = self.dir / "nginx.conf"
            config.write_text(CONFIG.format(dir=self.dir, listen=listen, mutual=self.mutual_port, user=user, load=load,
                                            more=self.more))
            self._process = subprocess.Popen(
                [program(), "-p", str(self.dir), "-e", str(self.dir / "error.log"), "-c", str(config)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if self._wait_ready():
                return
        raise RuntimeError("nginx did not start: " + (self.dir / "error.log").read_text())

    def _wait_ready(self):
        for _ in range(200):
            if self._process.poll() is not None:
                return False
            try:
                (self.dir / "pid").stat()  # it is there once the ports are nginx's own
                for port in (self.port, self.tls_port):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        self.stop()
        return False
