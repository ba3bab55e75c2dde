#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Verifies the vectors in this folder without the code that made them: derives all
keys from the private values, opens each message, and looks at what is inside.

    /usr/bin/python3 tests/vectors/verify.py

Prints a TAP report.  Needs Debian's python3-cryptography.
"""
import hashlib
import os
import struct
import sys

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
except ImportError:
    print("1..0 # SKIP python3-cryptography is missing: apt-get install python3-cryptography")
    sys.exit(0)

from wire import (
    AUTH,
    DELETE,
    GSA,
    GSA_AUTH,
    GSA_REKEY,
    Header,
    IDG,
    INBAND_REKEY,
    INFORMATIONAL,
    IkeSa,
    KD,
    NOTIFY,
    REGISTRATION,
    REGISTRATION_FAILED,
    SA,
    SK,
    VENDOR,
    Wrong,
    attributes,
    notifies,
    only,
    open_sk,
    payloads,
    prf,
    proposals,
    read,
    same,
    selector,
    substructures,
    transforms,
    true,
    unwrap,
)

HERE = os.path.dirname(os.path.abspath(__file__))
VENDOR_ID = hashlib.sha256(b"frr-mrkm profile 1").digest()[:16]
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
KEY_LENGTHS = {1: 16, 2: 20, 3: 32, 4: 48, 5: 64}
ED25519 = bytes.fromhex("300506032b6570")

# -------------------------------------------------------------- policies of OSPFv2


def ospfv2_policy(body):
    """(Key ID, Auth algo, lifetime)"""
    key_id, reserved, algo = struct.unpack(">BBH", body[:4])
    same("reserved", reserved, 0)
    attrs = attributes(body[4:])
    same("attributes of a policy", [kind for kind, _ in attrs], [1])
    return key_id, algo, struct.unpack(">I", attrs[0][1])[0]


class Download:
    """GSA and KD of one message."""

    def __init__(self, inner, kwk, v):
        self.keys, self.delays, self.lifetimes = [], {}, {}
        self.rekey_sa, self.auth_key = None, None
        self.v = v
        self.bags = substructures(only(inner, KD))
        self.path = {0: kwk}
        # the RFC does not say that there is one member key bag at the most
        self.take_member_bags(
            [attr for protocol, _, body in self.bags if protocol == 0 for attr in attributes(body)]
        )
        for protocol, size, body in substructures(only(inner, GSA)):
            if protocol == 0:
                true("one group-wide policy", not self.delays)
                self.delays = dict(attributes(body))
            elif protocol == 6:
                self.take_rekey_sa(size, body)
            else:
                same("protocol and SPI size", (protocol, size), (201, 1))
                self.take_key(body)

    def take_member_bags(self, attrs):
        """AUTH_KEY, and the keys between a leaf of the key tree and its root."""
        wrapped = [
            struct.unpack(">II", value[:8]) + (value[8:],) for kind, value in attrs if kind == 1
        ]
        auth_keys = [value for kind, value in attrs if kind == 2]
        true("one AUTH_KEY at the most", len(auth_keys) <= 1)
        self.auth_key = auth_keys[0] if auth_keys else None
        true("Key IDs of WRAP_KEY are not 0", all(ident for ident, _, _ in wrapped))
        while True:
            usable = [
                (ident, by, octets)
                for ident, by, octets in wrapped
                if by in self.path and ident not in self.path
            ]
            if not usable:
                break
            for ident, by, octets in usable:
                self.path[ident] = unwrap(self.path[by], octets)
        same("keys without a way to them", len(self.path) - 1, len(wrapped))

    def bag(self, protocol, spi):
        """(KWK ID, keying material)"""
        found = [body[size:] for p, size, body in self.bags if (p, body[:size]) == (protocol, spi)]
        same("key bags of one policy", len(found), 1)
        ((kind, value),) = attributes(found[0])
        ident, by = struct.unpack(">II", value[:8])
        same("SA_KEY, Key ID", (kind, ident), (1, 0))
        return by, unwrap(self.path[by], value[8:])

    def take_key(self, body):
        key_id, algo, lifetime = ospfv2_policy(body)
        by, key = self.bag(201, bytes([key_id]))
        same("KWK ID of a data SA", by, 0)
        same("key length", len(key), KEY_LENGTHS[algo])
        true("characters of a key string", all(c in ALPHABET for c in key))
        same("key-%d" % key_id, key, self.v["key-%d" % key_id])
        true("Key ID from 1 to 255", 1 <= key_id <= 255)
        true("no two policies of one SPI", key_id not in self.keys)
        self.keys.append(key_id)
        self.lifetimes[key_id] = lifetime

    def take_rekey_sa(self, size, body):
        same("SPI size", size, 16)
        spi, rest = body[:16], body[16:]
        source, rest = selector(rest)
        destination, rest = selector(rest)
        items, rest = transforms(rest)
        true(
            "UDP, one multicast address, one port",
            destination[0] == 17
            and destination[1] == destination[2]
            and destination[3] == destination[4]
            and destination[3][0] >> 4 == 14,
        )
        same("protocol of the source", source[0], 17)
        same("lifetime", [kind for kind, _ in attributes(rest)][0], 1)
        self.rekey_sa = (spi, items, self.bag(6, spi)[1])

    def check_roll(self, under_way):
        """ATD and DTD stand there while a roll is under way, and fit."""
        if not under_way:
            same("delays", self.delays, {})
            return
        atd, dtd = self.delays[1], self.delays[2]
        true("DTD is more than a second longer than ATD", dtd > atd + 1)
        true("each key's life is longer than DTD", min(self.lifetimes.values()) > dtd)


# -------------------------------------------------------------------- transcripts


class Transcript:
    def __init__(self, name):
        self.v = v = read(os.path.join(HERE, name))
        self.sa = IkeSa(v, v["message-1"], v["message-2"])
        self.count = max(int(n.split("-")[1]) for n in v if n.startswith("message-"))
        self.opened = {}

    def message(self, number):
        """(header, [(type, body)])"""
        if number not in self.opened:
            header, first, text = self.sa.open(self.v["message-%d" % number])
            same("inner-%d" % number, self.v["inner-%d" % number], text)
            self.opened[number] = header, payloads(first, text)
        return self.opened[number]

    def profile(self):
        for found in (self.sa.asked, self.sa.answered):
            true(
                "Vendor ID of the profile", VENDOR_ID in [body for k, body in found if k == VENDOR]
            )

    def exchanges(self, wanted):
        """Exchange, direction, Message ID of each message from the third on."""
        found = []
        for number in range(3, self.count + 1):
            header = Header(self.v["message-%d" % number])
            found.append((header.exchange, header.from_initiator, header.response, header.id))
        same("messages", found, wanted)

    def registration_request(self):
        _, inner = self.message(3)
        self.sa.auth(inner, True)
        same("IDg", only(inner, IDG), self.v["id-g"])
        same("GROUP_SENDER", notifies(inner)[16429], struct.pack(">I", 1))
        sag = {
            protocol: (number, spi, items)
            for number, protocol, spi, items in proposals(only(inner, SA))
        }
        true("KWA among what is listed for the Rekey SA", (13, 3, {}) in sag[6][2])
        same("OSPFv2 in SAg", sag[201], (1, b"", [(3, 1024 + algo, {}) for algo in range(1, 6)]))

    def registration_answer(self, keys, under_way):
        _, inner = self.message(4)
        self.sa.auth(inner, False)
        download = Download(inner, self.v["gsk-w"], self.v)
        same("number of keys", len(download.keys), keys)
        download.check_roll(under_way)
        return download

    def rekey(self, number):
        header, inner = self.message(number)
        download = Download(inner, self.v["gsk-w"], self.v)
        same("new policies only", len(download.keys), 1)
        download.check_roll(True)
        return header, inner, download


def inband():
    t = Transcript("ospfv2-inband.txt")
    yield "IKE_SA_INIT: transforms, keys", lambda: None
    yield "IKE_SA_INIT: Vendor ID", t.profile
    yield "IKE_SA_INIT: NAT detection", lambda: nat_detection(t.sa)
    yield "order of messages", lambda: t.exchanges(
        [
            (GSA_AUTH, True, False, 1),
            (GSA_AUTH, False, True, 1),
            (INBAND_REKEY, False, False, 0),
            (INBAND_REKEY, True, True, 0),
            (REGISTRATION, True, False, 2),
            (REGISTRATION, False, True, 2),
            (INFORMATIONAL, True, False, 3),
            (INFORMATIONAL, False, True, 3),
        ]
    )
    yield "GSA_AUTH request", t.registration_request
    yield "GSA_AUTH response: one key, no delays", lambda: t.registration_answer(1, False)

    def rekey():
        old = t.registration_answer(1, False).keys[0]
        _, inner, download = t.rekey(5)
        true("another Key ID", download.keys[0] != old)
        same("D of what is replaced", only(inner, DELETE), struct.pack(">BBHB", 201, 1, 1, old))
        same("ATD, DTD", download.delays, {1: 5, 2: 15})

    yield "GSA_INBAND_REKEY request: a new key, D of the old one", rekey
    yield "GSA_INBAND_REKEY response: empty", lambda: same("payloads", t.message(6)[1], [])
    yield "GSA_REGISTRATION request: IDg, REGISTRATION_FAILED", lambda: same(
        "payloads",
        t.message(7)[1],
        [(IDG, t.v["id-g"]), (NOTIFY, struct.pack(">BBH", 0, 0, REGISTRATION_FAILED))],
    )
    yield "GSA_REGISTRATION response: empty", lambda: same("payloads", t.message(8)[1], [])
    yield "INFORMATIONAL: D of the IKE SA", lambda: same(
        "payloads", t.message(9)[1], [(DELETE, struct.pack(">BBH", 1, 0, 0))]
    )
    yield "INFORMATIONAL response: empty", lambda: same("payloads", t.message(10)[1], [])


def during_roll():
    t = Transcript("ospfv2-during-roll.txt")
    yield "IKE_SA_INIT: transforms, keys", lambda: None
    yield "order of messages", lambda: t.exchanges(
        [(GSA_AUTH, True, False, 1), (GSA_AUTH, False, True, 1)]
    )
    yield "GSA_AUTH request", t.registration_request

    def answer():
        download = t.registration_answer(2, True)
        atd, dtd = download.delays[1], download.delays[2]
        true("what is left of ATD 5, DTD 15", 0 < atd < 5 and atd + 1 < dtd < 15)

    yield "GSA_AUTH response: two keys, delays cut short", answer


def multicast():
    t = Transcript("ospfv2-multicast.txt")
    v = t.v
    yield "IKE_SA_INIT: transforms, keys", lambda: None
    yield "GSA_AUTH request", t.registration_request
    signer = Ed25519PrivateKey.from_private_bytes(v["signing-key"]).public_key()
    spki = signer.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def answer():
        download = t.registration_answer(1, False)
        spi, items, keymat = download.rekey_sa
        same("rekey-spi", v["rekey-spi"], spi)
        same("transforms", items, [(1, 20, {14: 256}), (13, 3, {}), (14, 2, {18: ED25519})])
        same("keying material", keymat, v["rekey-gsk-e"] + v["rekey-gsk-w"])
        same("AUTH_KEY", download.auth_key, spki)

    yield "GSA_AUTH response: Rekey SA, AUTH_KEY, one key", answer
    number = next(n for n in range(5, t.count + 1) if v["message-%d" % n][18] == GSA_REKEY)

    def push():
        message = v["message-%d" % number]
        header = Header(message)
        same("SPIs", header.spi_i + header.spi_r, v["rekey-spi"])
        same("Message ID, flags", (header.id, header.flags), (0, 0x08))
        first, text = open_sk(message, v["rekey-gsk-e"])
        same("inner-%d" % number, v["inner-%d" % number], text)
        verify_signature(header, first, text, signer)
        inner = payloads(first, text)
        Download(inner, v["rekey-gsk-w"], v).check_roll(True)

    yield "GSA_REKEY: signature, a new key", push


def signed_octets(header, first, text, signature_len):
    """A | P of RFC 9838 section 2.4.1.1, and the signature."""
    zeroed = text[:-signature_len] + bytes(signature_len)
    a = (
        header.spi_i
        + header.spi_r
        + struct.pack(
            ">BBBBII", SK, header.version, header.exchange, header.flags, header.id, 32 + len(text)
        )
    )
    a += struct.pack(">BBH", first, 0, 4 + len(text))
    return a, zeroed, text[-signature_len:]


def verify_signature(header, first, text, signer):
    inner = payloads(first, text)
    same("AUTH stands last", inner[-1][0], AUTH)
    same("method, algorithm", inner[-1][1][:12], struct.pack(">BBHB", 14, 0, 0, 7) + ED25519)
    a, p, signature = signed_octets(header, first, text, 64)
    try:
        signer.verify(signature, a + p)
    except InvalidSignature:
        raise Wrong("the signature is wrong") from None
    return a, p, signature


def nat_detection(sa):
    """Both sides tell where they believe to be, and there is no NAT."""
    for found, spi_r, near, far in (
        (sa.asked, bytes(8), "address-i", "address-r"),
        (sa.answered, sa.spi_r, "address-r", "address-i"),
    ):
        for kind, name in ((16388, near), (16389, far)):
            octets = sa.spi_i + spi_r + sa.v[name] + sa.v["port"]
            same("NAT detection", notifies(found)[kind], hashlib.sha1(octets).digest())


# ------------------------------------------------------------------- rfc9838.txt


def rfc9838():
    v = read(os.path.join(HERE, "rfc9838.txt"))
    sa = IkeSa(v, v["ike-sa-init-request"], v["ike-sa-init-response"])
    yield "IKE_SA_INIT: transforms, keys", lambda: None
    yield "IKE_SA_INIT: NAT detection", lambda: nat_detection(sa)
    signer = Ed25519PrivateKey.from_private_bytes(v["signing-key"]).public_key()

    def request():
        _, first, text = sa.open(v["gsa-auth-request"])
        same("inner octets", v["gsa-auth-request-inner"], text)
        inner = payloads(first, text)
        same("auth-i", v["auth-i"], sa.auth(inner, True))
        same("psk-padded", v["psk-padded"], prf(v["psk"], b"Key Pad for IKEv2"))
        same("IDg", only(inner, IDG), v["id-g"])
        same(
            "protocols in SAg", [(p[0], p[1]) for p in proposals(only(inner, SA))], [(1, 6), (1, 3)]
        )

    yield "GSA_AUTH request", request

    def response():
        _, first, text = sa.open(v["gsa-auth-response"])
        same("inner octets", v["gsa-auth-response-inner"], text)
        inner = payloads(first, text)
        same("auth-r", v["auth-r"], sa.auth(inner, False))
        true("USE_TRANSPORT_MODE", 16391 in notifies(inner))
        same("gsa-body", v["gsa-body"], only(inner, GSA))
        same("kd-body", v["kd-body"], only(inner, KD))

    yield "GSA_AUTH response", response

    def bags():
        rekey, esp, member = substructures(v["kd-body"])
        for bag, name, keymat in (
            (rekey, "sa-key-rekey", v["rekey-gsk-e"] + v["rekey-gsk-w"]),
            (esp, "sa-key-esp", v["esp-keymat-1"]),
        ):
            ((kind, value),) = attributes(bag[2][bag[1] :])
            same(name, (kind, value), (1, v[name]))
            same("keying material", unwrap(v["gsk-w"], value[8:]), keymat)
        same("AUTH_KEY", attributes(member[2]), [(2, v["auth-key"])])
        same(
            "auth-key",
            v["auth-key"],
            signer.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
        )

    yield "KD: keys, AUTH_KEY", bags

    def policies():
        (p1, s1, rekey), (p2, s2, esp), (p3, _, wide) = substructures(v["gsa-body"])
        same("protocols, SPI sizes", (p1, s1, p2, s2, p3), (6, 16, 3, 4, 0))
        same("delays", attributes(wide), [(1, 10), (2, 20)])
        for body, size, items, attrs in (
            (
                rekey,
                16,
                [(1, 20, {14: 256}), (13, 3, {}), (14, 2, {18: ED25519})],
                [(1, struct.pack(">I", 86400)), (2, struct.pack(">I", 7))],
            ),
            (esp, 4, [(1, 11, {}), (3, 12, {}), (5, 2, {})], [(1, struct.pack(">I", 3600))]),
        ):
            _, rest = selector(body[size:])
            _, rest = selector(rest)
            found, rest = transforms(rest)
            same("transforms", found, items)
            same("attributes", attributes(rest), attrs)

    yield "GSA: policies", policies

    def push():
        header = Header(v["gsa-rekey"])
        same("SPIs", header.spi_i + header.spi_r, substructures(v["gsa-body"])[0][2][:16])
        first, text = open_sk(v["gsa-rekey"], v["rekey-gsk-e"])
        a, p, signature = verify_signature(header, first, text, signer)
        same("A", v["gsa-rekey-a"], a)
        same("P", v["gsa-rekey-p"], p)
        same("signature", v["gsa-rekey-signature"], signature)
        ((_, size, bag),) = substructures(only(payloads(first, text), KD))
        ((_, value),) = attributes(bag[size:])
        same("keying material", unwrap(v["rekey-gsk-w"], value[8:]), v["esp-keymat-2"])

    yield "GSA_REKEY", push
    yield "key hierarchy", lambda: hierarchy(v)


def hierarchy(v):
    """From each leaf of the tree there is a way to the Rekey SA, but for F."""

    def key(number):
        return hashlib.sha256(b"lkh-key-%d" % number).digest()

    (_, size, group), (_, _, member) = substructures(v["lkh-kd-body"])
    sa_keys = [value for _, value in attributes(group[size:])]
    wrapped = [value for _, value in attributes(member)]
    paths = {}
    for value in wrapped:
        ident, by = struct.unpack(">II", value[:8])
        same("key %d under key %d" % (ident, by), unwrap(key(by), value[8:]), key(ident))
        paths.setdefault(ident, []).append(by)
    same("keys under keys", paths, {15: [6, 16], 16: [11]})
    roots = []
    for value in sa_keys:
        ident, by = struct.unpack(">II", value[:8])
        same("Key ID", ident, 0)
        same("Rekey SA under key %d" % by, unwrap(key(by), value[8:]), v["lkh-rekey-keymat"])
        roots.append(by)
    same("keys over the Rekey SA", roots, [1, 15])


# ---------------------------------------------------------------------------- TAP


def main():
    suites = {
        "rfc9838": rfc9838,
        "ospfv2-inband": inband,
        "ospfv2-during-roll": during_roll,
        "ospfv2-multicast": multicast,
    }
    number = failed = 0
    for name, suite in suites.items():
        tests = suite()
        while True:
            number += 1
            what = "the keys of the IKE SA"
            try:
                what, check = next(tests)
                check()
                print("ok %d - %s: %s" % (number, name, what))
            except StopIteration:
                number -= 1
                break
            except (Wrong, KeyError, IndexError, ValueError, struct.error) as error:
                failed += 1
                print("not ok %d - %s: %s" % (number, name, what))
                print("# %s: %s" % (type(error).__name__, error))
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
