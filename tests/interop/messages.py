# SPDX-License-Identifier: GPL-2.0-or-later
"""
Messages that no program sent: those of tests/vectors, and others made to order,
as captures that Wireshark can read.
"""

import os
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import net

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../vectors")
sys.path.append(VECTORS)

from wire import read  # noqa: E402 pylint: disable=wrong-import-position

GSA_AUTH, GSA_REGISTRATION, GSA_REKEY, GSA_INBAND_REKEY = range(39, 43)
SA, IDI, IDR, AUTH, NOTIFY, DELETE, IDG, GSA, KD = 33, 35, 36, 39, 41, 42, 50, 51, 52

SPI_I, SPI_R = b"initiate", b"response"
KEY = bytes(range(36))  # of both directions, with salt

AES_GCM_256 = '"AES-GCM-256 with 16 octet ICV [RFC5282]",,,"NONE [RFC4306]"'


def key_line(spis, sk_i, sk_r):
    "As in a key log."
    return f"{spis[:8].hex()},{spis[8:].hex()},{sk_i.hex()},{sk_r.hex()},{AES_GCM_256}"


OWN_KEY_LINE = key_line(SPI_I + SPI_R, KEY, KEY)


def save(path, messages, port=848):
    "One UDP datagram for each, over IPv4."
    packets = []
    for number, message in enumerate(messages):
        udp = struct.pack(">HHHH", port, port, 8 + len(message), 0) + message
        head = (0x45, 0, 20 + len(udp), number & 0xFFFF, 0, 64, 17, 0)
        addresses = bytes([192, 0, 2, 1, 192, 0, 2, 2])
        packets.append((number, 0, struct.pack(">BBHHHBBH", *head) + addresses + udp))
    net.write_pcap(path, packets, net.LINKTYPE_RAW)


# ----------------------------------------------------------------- made to order


def chain(*payloads):
    "(type, body)... as (first type, octets)"
    types = [kind for kind, _ in payloads] + [0]
    octets = b"".join(
        struct.pack(">BBH", types[i + 1], 0, 4 + len(body)) + body
        for i, (_, body) in enumerate(payloads)
    )
    return types[0], octets


def seal(exchange, first, text, number=0):
    "A message from the initiator with that inside."
    text += b"\0"
    sk_len = 4 + 8 + len(text) + 16
    head = SPI_I + SPI_R
    head += struct.pack(">BBBBII", 46, 0x20, exchange, 0x08, number, 28 + sk_len)
    head += struct.pack(">BBH", first, 0, sk_len)
    iv = struct.pack(">Q", number)
    return head + iv + AESGCM(KEY[:32]).encrypt(KEY[32:] + iv, text, head)


def tv(kind, value):
    return struct.pack(">HH", 0x8000 | kind, value)


def tlv(kind, value):
    return struct.pack(">HH", kind, len(value)) + value


def transforms(*items):
    "(type, ID, attributes...)"
    octets = b""
    for i, (kind, ident, *attributes) in enumerate(items):
        body = struct.pack(">BBH", kind, 0, ident) + b"".join(attributes)
        more = 3 if i + 1 < len(items) else 0
        octets += struct.pack(">BBH", more, 0, 4 + len(body)) + body
    return octets


def selector(protocol, ports, first, last):
    kind = 7 if len(first) == 4 else 8
    head = struct.pack(">BBHHH", kind, protocol, 8 + 2 * len(first), *ports)
    return head + first + last


def element(first, second, body):
    "A policy or a key bag."
    return struct.pack(">BBH", first, second, 4 + len(body)) + body


# ---------------------------------------------------------------------- vectors


class Vector:
    "A file of tests/vectors: its messages, and the keys to read them with."

    def __init__(self, name):
        self.values = read(os.path.join(VECTORS, f"{name}.txt"))
        self.messages = [
            octets
            for key, octets in self.values.items()
            if key.startswith("message-")
            or key in ("gsa-auth-request", "gsa-auth-response", "gsa-rekey")
            or key.startswith("ike-sa-init-re")
        ]
        answer = self.messages[1]
        v = self.values
        self.keys = [key_line(answer[:16], v["sk-ei"], v["sk-er"])]
        if "rekey-gsk-e" in v:
            spi = v.get("rekey-spi") or v["gsa-rekey"][:16]
            self.keys.append(key_line(spi, v["rekey-gsk-e"], v["rekey-gsk-e"]))

    def key_ids(self):
        "Those of routing protocols' keys that are in it."
        return {int(n[4:]) for n in self.values if n.startswith("key-")}
