# SPDX-License-Identifier: MIT
"""What the kernel knows of a server's connections (proc(5), /proc/net/tcp)."""

ESTABLISHED = "01"


def queued(port):
    """Bytes that the server on a port of this machine sent and that no client on it has read yet."""
    total = 0
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            here, there, state, queues = line.split()[1:5]
            sending, receiving = (int(n, 16) for n in queues.split(":"))
            if state == ESTABLISHED and int(here.split(":")[1], 16) == port:
                total += sending
            elif state == ESTABLISHED and int(there.split(":")[1], 16) == port:
                total += receiving
    return total
