# SPDX-License-Identifier: GPL-2.0-or-later
"What is on the wire, and what somebody may put there who has no key."

import socket
import struct
from collections import namedtuple

from lab import wire

ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q = 0x0800, 0x86DD, 0x8100
FRAGMENT, ESP, AH, OSPF, PIM = 44, 50, 51, 89, 103
PIM_HELLO = bytes((0x20, 0, 0xDF, 0xFF))

# `spi` is None of a packet without IPsec; `octets` are those of the IP packet.
Packet = namedtuple("Packet", "time source destination protocol spi octets")


def parse(octets, when):
    "A Packet, of IPv4 or IPv6; None when it is neither."
    version = octets[0] >> 4 if len(octets) >= 40 or octets[0] >> 4 == 4 else 0
    if version == 4 and len(octets) >= 20:
        protocol, header = octets[9], (octets[0] & 15) * 4
        source = socket.inet_ntop(socket.AF_INET, octets[12:16])
        destination = socket.inet_ntop(socket.AF_INET, octets[16:20])
    elif version == 6:
        protocol, header = octets[6], 40
        source = socket.inet_ntop(socket.AF_INET6, octets[8:24])
        destination = socket.inet_ntop(socket.AF_INET6, octets[24:40])
    else:
        return None
    spi = None
    if protocol == ESP:
        spi = struct.unpack_from("!I", octets, header)[0]
    elif protocol == AH:
        spi = struct.unpack_from("!I", octets, header + 4)[0]
    return Packet(when, source, destination, protocol, spi, bytes(octets))


class Capture(wire.Capture):
    "All IP packets on an interface of a node, both ways."

    def __init__(self, node, interface="core"):
        super().__init__(node.pid, interface, parse=parse, ethertype=None)

    def clear_text(self):
        "What is PIM or OSPF for everybody to read."
        return [p for p in self.packets if p.protocol in (PIM, OSPF)]

    def protected(self, source=None):
        return [
            p for p in self.packets if p.spi is not None and source in (None, p.source)
        ]


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, destination, protocol, body, ttl=1):
    header = struct.pack(
        "!BBHHHBBH4s4s",
        *(0x45, 0xC0, 20 + len(body), 0, 0, ttl, protocol, 0),
        *(socket.inet_aton(source), socket.inet_aton(destination)),
    )
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return header + body


def ipv6(source, destination, protocol, body, extensions=b""):
    "`extensions` stands between the header, whose next one it names, and the body."
    source = socket.inet_pton(socket.AF_INET6, source)
    destination = socket.inet_pton(socket.AF_INET6, destination)
    first = protocol if not extensions else 60
    return (
        struct.pack("!IHBB", 6 << 28, len(extensions) + len(body), first, 1)
        + source
        + destination
        + extensions
        + body
    )


def pim_hello(hold_time=10):
    body = bytes((0x20, 0, 0, 0)) + struct.pack("!HHH", 1, 2, hold_time)
    body += struct.pack("!HHI", 20, 4, 4711)
    return body


def pim4(source, destination="224.0.0.13"):
    body = pim_hello()
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    return ipv4(source, destination, PIM, body)


def upper_checksum(source, destination, protocol, body):
    "Of an IPv6 packet, with its pseudo header."
    pseudo = socket.inet_pton(socket.AF_INET6, source)
    pseudo += socket.inet_pton(socket.AF_INET6, destination)
    pseudo += struct.pack("!II", len(body), protocol)
    return checksum(pseudo + body)


def pim6(source, destination="ff02::d", extensions=b""):
    body = pim_hello()
    total = upper_checksum(source, destination, PIM, body)
    body = body[:2] + struct.pack("!H", total) + body[4:]
    return ipv6(source, destination, PIM, body, extensions)


def ospf6_hello(source, router_id, hello, dead, destination="ff02::5", extensions=b""):
    body = struct.pack(
        "!BBH4s4sHBB", 3, 1, 36, socket.inet_aton(router_id), bytes(4), 0, 0, 0
    )
    body += struct.pack("!IIHH4s4s", 1, 1 << 24 | 0x13, hello, dead, bytes(4), bytes(4))
    total = upper_checksum(source, destination, OSPF, body)
    body = body[:12] + struct.pack("!H", total) + body[14:]
    return ipv6(source, destination, OSPF, body, extensions)


def destination_options(protocol):
    "An extension header that says nothing, in front of `protocol`."
    return bytes((protocol, 0, 1, 4, 0, 0, 0, 0))


def behind_options(packet):
    "An IPv6 packet with an extension header in front of what it carries."
    options = destination_options(packet[6])
    (length,) = struct.unpack_from("!H", packet, 4)
    head = packet[:4] + struct.pack("!HB", length + len(options), 60) + packet[7:40]
    return head + options + packet[40:]


def renamed(packet, source=None):
    """
    The same from another source.  Over IPv6 that is one of the same checksum, so
    that what is inside stays right: two of its numbers change places.
    """
    if packet[0] >> 4 == 4:
        packet = packet[:12] + socket.inet_aton(source) + packet[16:]
        total = checksum(packet[:10] + bytes(2) + packet[12:20])
        return packet[:10] + struct.pack("!H", total) + packet[12:]
    address = packet[8:24]
    swapped = address[:12] + address[14:16] + address[12:14]
    assert swapped != address
    return packet[:8] + swapped + packet[24:]


def send(node, interface, packet, priorities=0):
    "Puts an IP packet on the wire, to everybody there, behind so many tags of VLAN 0."
    kind = ETH_P_IP if packet[0] >> 4 == 4 else ETH_P_IPV6
    for _ in range(priorities):
        packet = struct.pack("!HH", 0, kind) + packet
        kind = ETH_P_8021Q

    def make():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        sock.bind((interface, kind))
        return sock

    with wire.in_netns(node.pid, make) as sock:
        sock.sendto(packet, (interface, kind, 0, 0, b"\xff" * 6))
