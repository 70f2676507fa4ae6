# SPDX-License-Identifier: MIT
"""A server whose every byte the test says: handler(connection, number) runs for each connection.

    def handler(connection, number):
        while connection.request():
            connection.send("HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi")
"""

import socket
import ssl
import struct
import threading


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self._rest = b""

    def request(self):
        """The target of the next request, None if there is none. Requests have no bodies here."""
        while b"\r\n\r\n" not in self._rest:
            try:
                more = self.sock.recv(65536)
            except OSError:
                return None
            if not more:
                return None
            self._rest += more
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        return head.split(b" ")[1].decode("latin-1")

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class RawServer:
    def __init__(self, handler, context=None):
        self._handler, self._context = handler, context
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self._listener.getsockname()[1]
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path="/a", scheme="http", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port}{path}"

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(sock, self.accepted), daemon=True).start()

    def _serve(self, sock, number):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
            with sock:
                self._handler(Connection(sock), number)
        except (OSError, ssl.SSLError):
            pass

    def stop(self):
        self._listener.close()
