#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Makes sign_vectors.h: signatures computed with Python's integers and hashlib
alone, so by nothing that the code under test stands on.

    /usr/bin/python3 tests/unit/sign_vectors.py > tests/unit/sign_vectors.h

ECDSA is that of RFC 6979 appendices A.2.5 and A.2.6, and the answers printed
there for "sample" are asserted.  RSASSA-PSS and PKCS#1 v1.5 follow RFC 8017
with a fixed key and fixed salts.  The same input gives the same output.
"""
import hashlib
import hmac

MESSAGE = b"sample"
HASHES = ("sha256", "sha384", "sha512")

# ----------------------------------------------------------------------- ECDSA


class Curve:
    def __init__(self, p, b, n, gx, gy):
        self.p, self.a, self.b, self.n, self.g = p, p - 3, b, n, (gx, gy)

    def add(self, p, q):
        if p is None:
            return q
        if q is None:
            return p
        if p[0] == q[0]:
            if (p[1] + q[1]) % self.p == 0:
                return None
            slope = (3 * p[0] * p[0] + self.a) * pow(2 * p[1], -1, self.p)
        else:
            slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, self.p)
        x = (slope * slope - p[0] - q[0]) % self.p
        return x, (slope * (p[0] - x) - p[1]) % self.p

    def mul(self, k, p):
        total = None
        while k:
            if k & 1:
                total = self.add(total, p)
            p = self.add(p, p)
            k >>= 1
        return total


P256 = Curve(
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
P384 = Curve(
    2**384 - 2**128 - 2**96 + 2**32 - 1,
    0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
    0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
)

# RFC 6979: private keys, and r of "sample" with the hash of the curve's length
KEYS = (
    (
        "P-256",
        P256,
        0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721,
        "3059301306072a8648ce3d020106082a8648ce3d03010703420004",
        "sha256",
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
    ),
    (
        "P-384",
        P384,
        0x6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5,
        "3076301006072a8648ce3d020106052b8104002203620004",
        "sha384",
        0x94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46,
    ),
)


def bits2int(octets, n):
    value = int.from_bytes(octets, "big")
    return value >> max(0, len(octets) * 8 - n.bit_length())


def nonces(n, private, digest, name):
    """RFC 6979 section 3.2"""
    width = (n.bit_length() + 7) // 8
    seed = private.to_bytes(width, "big")
    seed += (bits2int(digest, n) % n).to_bytes(width, "big")
    v, k = b"\1" * len(digest), b"\0" * len(digest)
    for octet in (b"\0", b"\1"):
        k = hmac.new(k, v + octet + seed, name).digest()
        v = hmac.new(k, v, name).digest()
    while True:
        t = b""
        while len(t) < width:
            v = hmac.new(k, v, name).digest()
            t += v
        yield bits2int(t[:width], n)
        k = hmac.new(k, v + b"\0", name).digest()
        v = hmac.new(k, v, name).digest()


def der_int(value):
    octets = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(octets)]) + octets


def ecdsa(curve, private, name):
    digest = hashlib.new(name, MESSAGE).digest()
    n = curve.n
    for k in nonces(n, private, digest, name):
        if not 0 < k < n:
            continue
        r = curve.mul(k, curve.g)[0] % n
        s = pow(k, -1, n) * (bits2int(digest, n) + r * private) % n
        if r and s:
            return r, s
    raise AssertionError


def ecdsa_rows():
    for label, curve, private, head, own_hash, published in KEYS:
        point = curve.mul(private, curve.g)
        width = (curve.p.bit_length() + 7) // 8
        spki = bytes.fromhex(head) + b"".join(c.to_bytes(width, "big") for c in point)
        for last, name in enumerate(HASHES, 2):
            r, s = ecdsa(curve, private, name)
            assert name != own_hash or r == published
            body = der_int(r) + der_int(s)
            yield (
                '"%s %s"' % (label, name),
                spki,
                bytes.fromhex("300a06082a8648ce3d0403%02x" % last),
                b"\x30" + bytes([len(body)]) + body,
            )


# ------------------------------------------------------------------------- RSA


def octets(label, length):
    """Octets that look random and are always the same."""
    return hashlib.shake_128(label.encode()).digest(length)


def is_prime(n):
    if any(n % p == 0 for p in range(3, 2000, 2)):
        return False
    d, twos = n - 1, 0
    while d % 2 == 0:
        d, twos = d // 2, twos + 1
    for i in range(40):
        x = pow(int.from_bytes(octets("witness %d" % i, 64), "big"), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(label, bits):
    n = int.from_bytes(octets(label, bits // 8), "big") | 3 << (bits - 2) | 1
    while not is_prime(n) or (n - 1) % E == 0:
        n += 2
    return n


E = 65537
P, Q = prime("p", 1024), prime("q", 1024)
N = P * Q
D = pow(E, -1, (P - 1) * (Q - 1))
WIDTH = 256


def der(tag, body):
    size = len(body).to_bytes(2 if len(body) > 255 else 1, "big")
    if len(body) > 127:
        size = bytes([0x80 + len(size)]) + size
    return bytes([tag]) + size + body


def rsa_spki():
    integers = b""
    for value in (N, E):
        integers += der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))
    oid = bytes.fromhex("300d06092a864886f70d0101010500")
    return der(0x30, oid + der(3, b"\0" + der(0x30, integers)))


def rsa_private(encoded):
    return pow(int.from_bytes(encoded, "big"), D, N).to_bytes(WIDTH, "big")


def mgf1(seed, length, name):
    mask = b""
    for i in range(length // hashlib.new(name).digest_size + 1):
        mask += hashlib.new(name, seed + i.to_bytes(4, "big")).digest()
    return mask[:length]


def pss(name, salt_len, mgf_name=None):
    """RFC 8017 section 9.1.1; modulus of a multiple of 8 bits"""
    salt = octets("salt " + name, salt_len)
    digest = hashlib.new(name, MESSAGE).digest()
    h = hashlib.new(name, bytes(8) + digest + salt).digest()
    db = bytes(WIDTH - len(h) - salt_len - 2) + b"\1" + salt
    mask = mgf1(h, len(db), mgf_name or name)
    masked = bytes(a ^ b for a, b in zip(db, mask))
    masked = bytes([masked[0] & 0x7F]) + masked[1:]
    return rsa_private(masked + h + b"\xbc")


def pkcs1(name):
    arc = {"sha256": 1, "sha384": 2, "sha512": 3}[name]
    digest = hashlib.new(name, MESSAGE).digest()
    head = bytes.fromhex("300d060960864801650304020%d0500" % arc)
    info = der(0x30, head + der(4, digest))
    return rsa_private(b"\0\1" + b"\xff" * (WIDTH - len(info) - 3) + b"\0" + info)


def pss_id(name, trailer):
    arc = HASHES.index(name) + 1
    sha2 = "300d060960864801650304020%d0500" % arc
    mgf = "301a06092a864886f70d010108" + sha2
    params = "a00f" + sha2 + "a11c" + mgf
    params += "a2030201%02x" % hashlib.new(name).digest_size
    params += "a303020101" if trailer else ""
    params = bytes.fromhex("06092a864886f70d01010a") + der(0x30, bytes.fromhex(params))
    return der(0x30, params)


def pkcs1_id(name):
    return bytes.fromhex("300d06092a864886f70d0101%02x0500" % (11 + HASHES.index(name)))


def rsa_rows():
    for name in HASHES:
        size = hashlib.new(name).digest_size
        short, long = pss_id(name, False), pss_id(name, True)
        assert len(short) == 67 and len(long) == 72
        yield '"PSS %s"' % name, rsa_spki(), short, pss(name, size)
        yield '"PSS %s, trailer"' % name, rsa_spki(), long, pss(name, size)
        yield '"PKCS#1 %s"' % name, rsa_spki(), pkcs1_id(name), pkcs1(name)


def bad_rows():
    """Made with the key, but not as the AlgorithmIdentifier says."""
    short = pss_id("sha256", False)
    for size in (0, 20, 31, 33, 64):
        yield '"salt of %d"' % size, rsa_spki(), short, pss("sha256", size)
    yield '"another MGF1"', rsa_spki(), short, pss("sha256", 32, "sha1")
    yield '"PKCS#1 for PSS"', rsa_spki(), short, pkcs1("sha256")
    yield '"PSS for PKCS#1"', rsa_spki(), pkcs1_id("sha256"), pss("sha256", 32)


# ---------------------------------------------------------------------- output


def c_string(data):
    text = data.hex()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n\t  ".join('"%s"' % line for line in lines)


def table(name, rows):
    print("\nstatic const struct sign_vector %s[] = {" % name)
    for row in rows:
        cells = [c_string(c) if isinstance(c, bytes) else c for c in row]
        print("\t{ " + ",\n\t  ".join(cells) + " },")
    print("};")


print("// SPDX-License-Identifier: GPL-2.0-or-later")
print("/* Made by sign_vectors.py; do not edit.  All strings are hex: SubjectPublicKeyInfo,")
print(' * AlgorithmIdentifier, signature of "sample". */')
table("computed_signatures", list(ecdsa_rows()) + list(rsa_rows()))
table("refused_signatures", bad_rows())
