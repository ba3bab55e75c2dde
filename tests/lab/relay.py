# SPDX-License-Identifier: GPL-2.0-or-later
"""
A NAT for UDP, without a kernel that has one: relay.py ADDRESS SERVER PORT:PORT...

What arrives at the first port of ADDRESS goes on to the second port of SERVER,
from a port of ADDRESS that belongs to this client alone, and so do the answers.
Prints what passes: port of the server, length, first octets.
"""

import selectors
import socket
import sys


def udp(address, port=0):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    return sock


def main():
    address, server, *pairs = sys.argv[1:]
    watch = selectors.DefaultSelector()
    fronts = {}  # port of the server: socket towards clients
    backs = {}  # (port of the server, client): socket towards the server
    for pair in pairs:
        near, far = map(int, pair.split(":"))
        fronts[far] = udp(address, near)
        watch.register(fronts[far], selectors.EVENT_READ, (far, None))
    while True:
        for key, _ in watch.select():
            port, client = key.data
            datagram, sender = key.fileobj.recvfrom(65536)
            if client:
                fronts[port].sendto(datagram, client)
                continue
            if (port, sender) not in backs:
                backs[port, sender] = udp(address)
                watch.register(
                    backs[port, sender], selectors.EVENT_READ, (port, sender)
                )
            backs[port, sender].sendto(datagram, (server, port))
            print(port, len(datagram), datagram[:4].hex(), flush=True)


if __name__ == "__main__":
    main()
