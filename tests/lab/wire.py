# SPDX-License-Identifier: GPL-2.0-or-later
"Routing packets as they are on the wire, seen from inside a router's namespace."

import ctypes
import os
import socket
import struct
import threading
import time
from collections import namedtuple

CLONE_NEWNET = 0x40000000
ETH_P_IP, ETH_P_IPV6, ETH_P_ALL = 0x0800, 0x86DD, 0x0003
IPPROTO_UDP, IPPROTO_OSPF = 17, 89
PORT_RIP, PORT_GIKEV2 = 520, 848
SO_TIMESTAMPNS = 35
SCM_TIMESTAMPNS = SO_TIMESTAMPNS
AUTH_NULL, AUTH_SIMPLE, AUTH_CRYPTOGRAPHIC = 0, 1, 2
TYPES = {1: "Hello", 2: "DD", 3: "LS-Req", 4: "LS-Upd", 5: "LS-Ack"}

_libc = ctypes.CDLL(None, use_errno=True)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def in_netns(pid, function):
    """
    Calls `function` in the network namespace of process `pid`.  A socket made
    there stays there; this thread does not.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        _setns(there)
        try:
            return function()
        finally:
            _setns(home)
    finally:
        os.close(there)
        os.close(home)


def packet_socket(interface):
    "A socket that sees every packet of an interface, both ways (ETH_P_ALL)."
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.bind((interface, ETH_P_ALL))
    return sock


class OspfPacket(
    namedtuple(
        "OspfPacket",
        "time sender source type auth_type key_id sequence digest checksum",
    )
):
    """
    `time` is a Unix time, `sender` a router ID, `digest` the octets behind the
    packet that the header announces and that are really there.
    """

    def __str__(self):
        return (
            f"{self.time:.6f} {self.source} {TYPES.get(self.type, self.type)}"
            f" AuType {self.auth_type} key {self.key_id}"
            f" sequence {self.sequence} digest {len(self.digest)} octets"
        )


def parse_ospf(octets, when):
    "An OspfPacket from an IPv4 packet; None when it is something else."
    if len(octets) < 20 or octets[9] != IPPROTO_OSPF:
        return None
    header = (octets[0] & 15) * 4
    total = struct.unpack_from("!H", octets, 2)[0]
    ospf = octets[header:total]
    if len(ospf) < 24 or ospf[0] != 2:
        return None
    kind, length = ospf[1], struct.unpack_from("!H", ospf, 2)[0]
    checksum, auth_type = struct.unpack_from("!HH", ospf, 12)
    key_id, announced, sequence = struct.unpack_from("!xxBBI", ospf, 16)
    return OspfPacket(
        when,
        socket.inet_ntoa(ospf[4:8]),
        socket.inet_ntoa(octets[12:16]),
        kind,
        auth_type,
        key_id,
        sequence,
        bytes(ospf[length : length + announced]),
        checksum,
    )


def parse_ospf6(octets, when):
    """
    An OspfPacket from an IPv6 packet.  The trailer (RFC 7166) takes the place
    of OSPFv2's authentication; a packet without one is of AuType 0.
    """
    if len(octets) < 40 or octets[6] != IPPROTO_OSPF:
        return None
    ospf = octets[40 : 40 + struct.unpack_from("!H", octets, 4)[0]]
    if len(ospf) < 16 or ospf[0] != 3:
        return None
    length, checksum = struct.unpack_from("!2xH8xH", ospf)
    trailer = bytes(ospf[length:])
    auth_type, key_id, sequence, digest = AUTH_NULL, 0, 0, b""
    if len(trailer) >= 16:
        kind, announced, key_id, sequence = struct.unpack_from("!HH2xHQ", trailer)
        digest = trailer[16:announced]
        auth_type = AUTH_CRYPTOGRAPHIC if kind == 1 else AUTH_SIMPLE
    return OspfPacket(
        when,
        socket.inet_ntoa(ospf[4:8]),
        socket.inet_ntop(socket.AF_INET6, octets[8:24]),
        ospf[1],
        auth_type,
        key_id,
        sequence,
        digest,
        checksum,
    )


def parse_rip(octets, when):
    "The same from a RIPv2 packet (RFC 4822), whose sender is its source."
    if len(octets) < 20 or octets[9] != IPPROTO_UDP:
        return None
    udp = octets[(octets[0] & 15) * 4 :]
    if len(udp) < 12 or struct.unpack_from("!H", udp, 2)[0] != PORT_RIP:
        return None
    rip = udp[8:]
    auth_type, key_id, sequence, digest = AUTH_NULL, 0, 0, b""
    if rip[4:6] == b"\xff\xff":
        kind, length, key_id, _, sequence = struct.unpack_from("!HHBBI", rip, 6)
        auth_type = AUTH_CRYPTOGRAPHIC if kind == 3 else AUTH_SIMPLE
        digest = bytes(rip[length + 4 : length + 20])
    source = socket.inet_ntoa(octets[12:16])
    return OspfPacket(
        when, source, source, rip[0], auth_type, key_id, sequence, digest, 0
    )


class IkeMessage(namedtuple("IkeMessage", "source spis flags exchange id octets")):
    "An IKE message; `spis` are both, one behind the other."

    def key(self):
        "What may say one thing only: a Message ID, in one direction of one SA."
        return self.spis, self.flags, self.id

    def iv(self):
        "The keys that encrypt it, and their IV; None: it is in the clear."
        if self.octets[16] not in (PAYLOAD_SK, PAYLOAD_SKF):
            return None
        at = 32 + 4 * (self.octets[16] == PAYLOAD_SKF)
        return self.spis, self.flags, self.octets[at : at + 8]


PAYLOAD_SK, PAYLOAD_SKF = 46, 53


def parse_ike(octets, _):
    "An IkeMessage from an IPv4 packet; None when it is something else."
    if len(octets) < 20 or octets[9] != IPPROTO_UDP:
        return None
    udp = octets[(octets[0] & 15) * 4 :]
    if len(udp) < 8 + 28 or PORT_GIKEV2 not in struct.unpack_from("!HH", udp):
        return None
    ike = bytes(udp[8:])
    exchange, flags, message_id = struct.unpack_from("!18xBBI", ike)
    return IkeMessage(
        socket.inet_ntoa(octets[12:16]), ike[:16], flags, exchange, message_id, ike
    )


def _timestamp(ancillary):
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SCM_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("qq", data[:16])
            return seconds + nanoseconds / 1e9
    return time.time()


class Capture:
    """
    Collects what `parse` makes of the packets on an interface in the network
    namespace of process `pid`, from start to stop:

        with Capture(pid, "core") as capture:
            ...
        for packet in capture.packets: ...

    Of other types than `ethertype` it sees nothing; None: it sees all.
    """

    def __init__(self, pid, interface, parse=parse_ospf, ethertype=ETH_P_IP):
        self.parse = parse
        self.ethertype = ethertype
        self.packets = []
        self._arrived = threading.Condition()
        self._socket = in_netns(pid, lambda: packet_socket(interface))
        self._socket.settimeout(0.2)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping = True
        self._thread.join()
        self._socket.close()

    def _run(self):
        while not self._stopping:
            try:
                octets, ancillary, _, address = self._socket.recvmsg(65536, 256)
            except socket.timeout:
                continue
            if self.ethertype and address[1] != self.ethertype:
                continue
            packet = self.parse(octets, _timestamp(ancillary))
            if packet is not None:
                with self._arrived:
                    self.packets.append(packet)
                    self._arrived.notify_all()

    def wait_for(self, wanted, timeout):
        "The first packet that `wanted` is true of; None when time is up."
        end = time.monotonic() + timeout
        seen = 0
        with self._arrived:
            while True:
                for packet in self.packets[seen:]:
                    if wanted(packet):
                        return packet
                seen = len(self.packets)
                left = end - time.monotonic()
                if left <= 0 or not self._arrived.wait(left):
                    return None
