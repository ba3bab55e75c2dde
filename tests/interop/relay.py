# SPDX-License-Identifier: GPL-2.0-or-later
"""
A third party on the way: both sides see its address in place of the other's, as
behind a NAT, and it can lose what it likes.
"""

import contextlib
import os
import selectors
import socket
import subprocess
import threading

from net import LINK

ADDRESS = "192.0.2.3"
BEHIND = 10000  # what it adds to port numbers, on the responder's side

IKE_HEADER_LEN = 28
MARKER = b"\0\0\0\0"


class Relay:
    """
    Takes the place of `responder` for whoever begins.  `lose(exchange, response,
    number)` says whether to drop a datagram; number counts those alike.
    """

    def __init__(self, responder, ports=(500, 4500), lose=None):
        subprocess.run(
            ["ip", "address", "replace", f"{ADDRESS}/24", "dev", LINK], check=True
        )
        self._responder = responder
        self._lose = lose
        self._seen = {}
        self._selector = selectors.DefaultSelector()
        self._stop_read, self._stop_write = os.pipe()
        self._selector.register(self._stop_read, selectors.EVENT_READ)
        for port in ports:
            self._add(port)
        self.forwarded = 0
        self.lost = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _add(self, port):
        front, back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "fb")
        front.bind((ADDRESS, port))
        back.bind((ADDRESS, port + BEHIND))
        mapping = {"front": front, "back": back, "port": port, "initiator": None}
        for side in (front, back):
            self._selector.register(side, selectors.EVENT_READ, mapping)

    def _is_lost(self, octets):
        if octets.startswith(MARKER):
            octets = octets[len(MARKER) :]
        if not self._lose or len(octets) < IKE_HEADER_LEN:
            return False
        kind = (octets[18], bool(octets[19] & 0x20))
        self._seen[kind] = self._seen.get(kind, 0) + 1
        return self._lose(*kind, self._seen[kind])

    def _pass_on(self, side, mapping):
        octets, sender = side.recvfrom(65536)
        if side is mapping["front"]:
            mapping["initiator"] = sender
            out, to = mapping["back"], (self._responder, mapping["port"])
        else:
            out, to = mapping["front"], mapping["initiator"]
        if self._is_lost(octets):
            self.lost += 1
        elif to:
            self.forwarded += 1
            # nobody there any more, or not yet: lost
            with contextlib.suppress(ConnectionRefusedError):
                out.sendto(octets, to)

    def _run(self):
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                with contextlib.suppress(ConnectionRefusedError):
                    self._pass_on(key.fileobj, key.data)

    def close(self):
        os.write(self._stop_write, b".")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            if key.data:
                key.fileobj.close()
        os.close(self._stop_read)
        os.close(self._stop_write)
        self._selector.close()
