# SPDX-License-Identifier: GPL-2.0-or-later
"""
IKEv2 messages and what they are made of, as far as verify.py needs them.
"""
import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

SA, KE, IDI, IDR = 33, 34, 35, 36
AUTH, NONCE, NOTIFY, DELETE, VENDOR = 39, 40, 41, 42, 43
SK, IDG, GSA, KD = 46, 50, 51, 52
IKE_SA_INIT, INFORMATIONAL = 34, 37
GSA_AUTH, REGISTRATION, GSA_REKEY, INBAND_REKEY = 39, 40, 41, 42
REGISTRATION_FAILED = 49


class Wrong(Exception):
    """What is in the file is not what the rules make of it."""


def same(what, found, wanted):
    if found != wanted:
        raise Wrong(
            "%s is %s, not %s"
            % (
                what,
                found.hex() if isinstance(found, bytes) else found,
                wanted.hex() if isinstance(wanted, bytes) else wanted,
            )
        )


def true(what, condition):
    if not condition:
        raise Wrong(what)


# ------------------------------------------------------------------------ files


def read(path):
    """name = hex, and hex on lines that begin with a tab."""
    values, name = {}, None
    with open(path, encoding="ascii") as file:
        for line in file:
            if line.startswith("\t") and name:
                values[name] += line.strip()
            elif "=" in line and not line.startswith("#"):
                name, value = (part.strip() for part in line.split("=", 1))
                if name in values:
                    raise Wrong("%s stands there twice" % name)
                values[name] = value
    return {name: bytes.fromhex(value) for name, value in values.items()}


# ------------------------------------------------------------------ cryptography


def prf(key, *data):
    return hmac.new(key, b"".join(data), "sha256").digest()


def prf_plus(key, seed, length):
    out = block = b""
    count = 1
    while len(out) < length:
        block = prf(key, block, seed, bytes([count]))
        out += block
        count += 1
    return out[:length]


def public_value(private):
    return (
        X25519PrivateKey.from_private_bytes(private)
        .public_key()
        .public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    )


def unwrap(kwk, wrapped):
    try:
        return aes_key_unwrap_with_padding(kwk, wrapped)
    except InvalidUnwrap:
        raise Wrong("a key does not unwrap") from None


# ------------------------------------------------------------------------ parsing


class Header:
    def __init__(self, message):
        self.spi_i, self.spi_r = message[:8], message[8:16]
        self.next, self.version, self.exchange, self.flags, self.id, self.length = struct.unpack(
            ">BBBBII", message[16:28]
        )
        same("length in the header", self.length, len(message))
        same("version", self.version, 0x20)

    @property
    def from_initiator(self):
        return bool(self.flags & 0x08)

    @property
    def response(self):
        return bool(self.flags & 0x20)


def payloads(first, octets):
    """[(type, body)]"""
    found = []
    while first:
        following, critical, length = struct.unpack(">BBH", octets[:4])
        true("payload length", 4 <= length <= len(octets))
        same("critical bit", critical, 0)
        found.append((first, octets[4:length]))
        first, octets = following, octets[length:]
    true("octets behind the last payload", not octets)
    return found


def only(found, kind):
    bodies = [body for k, body in found if k == kind]
    same("number of payloads of type %d" % kind, len(bodies), 1)
    return bodies[0]


def notifies(found):
    return {
        struct.unpack(">H", body[2:4])[0]: body[4 + body[1] :] for k, body in found if k == NOTIFY
    }


def attributes(octets):
    """[(type, value)]: an integer for TV, octets for TLV"""
    found = []
    while octets:
        kind, value = struct.unpack(">HH", octets[:4])
        if kind & 0x8000:
            found.append((kind & 0x7FFF, value))
            octets = octets[4:]
        else:
            true("attribute length", 4 + value <= len(octets))
            found.append((kind, octets[4 : 4 + value]))
            octets = octets[4 + value :]
    return found


def transforms(octets):
    """[(type, ID, attributes)] of a chain, and what is behind it"""
    found = []
    while True:
        more, _, length, kind, _, ident = struct.unpack(">BBHBBH", octets[:8])
        found.append((kind, ident, dict(attributes(octets[8:length]))))
        octets = octets[length:]
        if not more:
            return found, octets
        same("marker of a transform", more, 3)


def proposals(octets):
    """[(number, protocol, SPI, transforms)]"""
    found = []
    while True:
        more, _, length, number, protocol, size, count = struct.unpack(">BBHBBBB", octets[:8])
        items, rest = transforms(octets[8 + size : length])
        true("octets behind the transforms", not rest)
        same("number of transforms", len(items), count)
        found.append((number, protocol, octets[8 : 8 + size], items))
        octets = octets[length:]
        if not more:
            true("octets behind the proposals", not octets)
            return found
        same("marker of a proposal", more, 2)


def selector(octets):
    """(protocol, first port, last port, first address, last address), rest"""
    kind, protocol, length, low, high = struct.unpack(">BBHHH", octets[:8])
    size = {7: 4, 8: 16}[kind]
    same("selector length", length, 8 + 2 * size)
    return (protocol, low, high, octets[8 : 8 + size], octets[8 + size : length]), octets[length:]


def substructures(octets):
    """[(first octet, second octet, rest of the body)]"""
    found = []
    while octets:
        first, second, length = struct.unpack(">BBH", octets[:4])
        true("length of a substructure", 4 <= length <= len(octets))
        found.append((first, second, octets[4:length]))
        octets = octets[length:]
    return found


# ------------------------------------------------------------------------- IKE SA


class IkeSa:
    """What follows from the private values and the two IKE_SA_INIT messages."""

    def __init__(self, v, request, response):
        self.v = v
        self.request, self.response = request, response
        asked, answered = Header(request), Header(response)
        same("exchange", (asked.exchange, answered.exchange), (IKE_SA_INIT, IKE_SA_INIT))
        same("flags", (asked.flags, answered.flags), (0x08, 0x20))
        same("SPIr of the request", asked.spi_r, bytes(8))
        same("SPIi of the response", answered.spi_i, asked.spi_i)
        self.spi_i, self.spi_r = answered.spi_i, answered.spi_r
        self.asked = payloads(asked.next, request[28:])
        self.answered = payloads(answered.next, response[28:])
        self.ni, self.nr = only(self.asked, NONCE), only(self.answered, NONCE)
        self.check_suite()
        self.derive()
        self.ivs = set()

    def check_suite(self):
        wanted = [(1, 20, {14: 256}), (2, 5, {}), (4, 31, {}), (13, 3, {})]
        (number, protocol, spi, chosen), *rest = proposals(only(self.answered, SA))
        true("one proposal in the answer", not rest)
        same("protocol, SPI", (protocol, spi), (1, b""))
        same("chosen transforms", chosen, wanted)
        offered = {p[0]: p[3] for p in proposals(only(self.asked, SA))}
        true("chosen from the proposal of that number", all(t in offered[number] for t in chosen))
        ke_i, ke_r = only(self.asked, KE), only(self.answered, KE)
        same(
            "KE of the initiator",
            ke_i,
            struct.pack(">HH", 31, 0) + public_value(self.v["private-i"]),
        )
        same(
            "KE of the responder",
            ke_r,
            struct.pack(">HH", 31, 0) + public_value(self.v["private-r"]),
        )

    def derive(self):
        v = self.v
        own = X25519PrivateKey.from_private_bytes(v["private-i"])
        shared = own.exchange(X25519PublicKey.from_public_bytes(public_value(v["private-r"])))
        same("shared-secret", v["shared-secret"], shared)
        seed = prf(self.ni + self.nr, shared)
        same("skeyseed", v["skeyseed"], seed)
        material = prf_plus(
            seed, self.ni + self.nr + self.spi_i + self.spi_r, 32 + 36 + 36 + 32 + 32
        )
        at = 0
        for name, length in (
            ("sk-d", 32),
            ("sk-ei", 36),
            ("sk-er", 36),
            ("sk-pi", 32),
            ("sk-pr", 32),
        ):
            same(name, v[name], material[at : at + length])
            at += length
        same("gsk-w", v["gsk-w"], prf_plus(v["sk-d"], b"Key Wrap for G-IKEv2", 32))

    def open(self, message):
        """(header, first payload type, inner octets)"""
        header = Header(message)
        same("SPIs", header.spi_i + header.spi_r, self.spi_i + self.spi_r)
        key = self.v["sk-ei" if header.from_initiator else "sk-er"]
        iv = (header.from_initiator, message[32:40])
        true("an IV that was not used before", iv not in self.ivs)
        self.ivs.add(iv)
        return (header,) + open_sk(message, key)

    def auth(self, inner, of_initiator):
        """The AUTH payload is the one that the pre-shared key makes."""
        v = self.v
        body = only(inner, IDI if of_initiator else IDR)
        same("identity", body, v["id-i" if of_initiator else "id-r"])
        maced = prf(v["sk-pi" if of_initiator else "sk-pr"], body)
        first = self.request if of_initiator else self.response
        nonce = self.nr if of_initiator else self.ni
        wanted = prf(prf(v["psk"], b"Key Pad for IKEv2"), first, nonce, maced)
        same("AUTH", only(inner, AUTH), struct.pack(">BBH", 2, 0, 0) + wanted)
        return wanted


def open_sk(message, key, aad_len=32):
    first, flags, length = struct.unpack(">BBH", message[28:32])
    same("payload of the header", message[16], SK)
    same("length of SK", length, len(message) - 28)
    same("flags of SK", flags, 0)
    try:
        text = AESGCM(key[:32]).decrypt(key[32:] + message[32:40], message[40:], message[:aad_len])
    except InvalidTag:
        raise Wrong("the ICV is wrong") from None
    same("pad length", text[-1], 0)
    return first, text[:-1]
