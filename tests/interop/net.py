# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two network namespaces and the link between them, and what was on the link.

One is the namespace that the whole run lives in, the other is made here.
"""

import contextlib
import ctypes
import os
import socket
import struct
import subprocess

OTHER = "other"
LINK = "wire"

# (ours, the other's), by IP version
ADDRESSES = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 0x0003
SO_TIMESTAMPNS = 35
LINKTYPE_ETHERNET = 1
LINKTYPE_RAW = 101

_libc = ctypes.CDLL(None, use_errno=True)


def _ip(*words):
    subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL)


def set_up():
    "Makes the other namespace and the link to it."
    _ip("netns", "add", OTHER)
    _ip("link", "add", LINK, "type", "veth", "peer", "name", LINK, "netns", OTHER)
    for i, where in enumerate(((), ("-n", OTHER))):
        for version, bits in ((4, 24), (6, 64)):
            _ip(
                *where, "address", "add", f"{ADDRESSES[version][i]}/{bits}", "dev", LINK
            )
        _ip(*where, "link", "set", "lo", "up")
        _ip(*where, "link", "set", LINK, "up")
    # no waiting for duplicates of addresses that are ours alone
    _wait_for_addresses()


def _wait_for_addresses():
    for where in ((), ("-n", OTHER)):
        while (
            "tentative"
            in subprocess.run(
                ["ip", *where, "-6", "address"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        ):
            pass


@contextlib.contextmanager
def inside(name):
    "What is opened within is of the other namespace."
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if _libc.setns(other, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        if _libc.setns(own, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(own)
        os.close(other)


def write_pcap(path, packets, linktype=LINKTYPE_ETHERNET):
    "Packets are (seconds, nanoseconds, octets)."
    with open(path, "wb") as file:
        file.write(
            struct.pack("=IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, linktype)
        )
        for seconds, nanoseconds, octets in packets:
            head = (seconds, nanoseconds, len(octets), len(octets))
            file.write(struct.pack("=IIII", *head) + octets)


class Capture:
    """
    What passes over the link from now on.  The kernel keeps it until save()
    fetches it, so that nothing is missing, whoever is slow.
    """

    def __init__(self):
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((LINK, 0))
        self._socket.setblocking(False)
        self.packets = []

    def fetch(self):
        "All packets so far, as (seconds, nanoseconds, octets)."
        with contextlib.suppress(BlockingIOError):
            while True:
                octets, control, _, _ = self._socket.recvmsg(65536, 256)
                stamp = next(d for l, t, d in control if t == SO_TIMESTAMPNS)
                self.packets.append((*struct.unpack("@qq", stamp[:16]), octets))
        return self.packets

    def save(self, path):
        write_pcap(path, self.fetch())

    def close(self):
        self._socket.close()


def udp_payload(frame):
    "What an Ethernet frame has inside of UDP; nothing, if it has no UDP."
    kind, at = struct.unpack(">H", frame[12:14])[0], 14
    if kind == 0x0800:
        protocol, at = frame[at + 9], at + 4 * (frame[at] & 15)
    elif kind == 0x86DD:
        protocol, at = frame[at + 6], at + 40
    else:
        return b""
    return frame[at + 8 :] if protocol == socket.IPPROTO_UDP else b""
