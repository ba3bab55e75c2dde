#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Makes crypto_vectors.h: known answers for which no published vector exists,
computed without the code under test.

    /usr/bin/python3 tests/unit/crypto_vectors.py > tests/unit/crypto_vectors.h

Needs Debian's python3-cryptography.  The same input gives the same output.
"""
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding

HASHES = {12: ("sha256", 32, 16), 13: ("sha384", 48, 24), 14: ("sha512", 64, 32)}
PRFS = {5: "sha256", 6: "sha384", 7: "sha512"}
CURVES = {
    19: (ec.SECP256R1(), 32),
    20: (ec.SECP384R1(), 48),
    21: (ec.SECP521R1(), 66),
}


def octets(label, length):
    """Octets that look random and are always the same."""
    return hashlib.shake_128(label.encode()).digest(length)


def c_string(data):
    text = data.hex()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)] or [""]
    return "\n\t  ".join('"%s"' % line for line in lines)


def table(struct, name, rows):
    print("\nstatic const struct %s %s[] = {" % (struct, name))
    for row in rows:
        cells = [c_string(c) if isinstance(c, bytes) else str(c) for c in row]
        print("\t{ " + ",\n\t  ".join(cells) + " },")
    print("};")


# ------------------------------------------------------------- sealed messages


def seal(encr, bits, integ, text_len):
    label = "seal %d %d %d" % (encr, bits, integ)
    aad = octets(label + " aad", 32)
    text = octets(label + " text", text_len)
    if encr == 12:
        name, key_len, icv_len = HASHES[integ]
        key, sk_a = octets(label + " e", bits // 8), octets(label + " a", key_len)
        iv = octets(label + " iv", 16)
        cbc = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        sealed = aad + iv + cbc.update(text) + cbc.finalize()
        sealed += hmac.new(sk_a, sealed, name).digest()[:icv_len]
    else:
        sk_a = b""
        key = octets(label + " e", (bits or 256) // 8 + 4)
        iv = octets(label + " iv", 8)
        aead = AESGCM(key[:-4]) if encr == 20 else ChaCha20Poly1305(key[:-4])
        sealed = aad + iv + aead.encrypt(key[-4:] + iv, text, aad)
    return (encr, bits, integ, len(aad), key, sk_a, aad + iv + text, sealed)


def seal_rows():
    for bits in (128, 192, 256):
        for integ in HASHES:
            yield seal(12, bits, integ, 80)
    for bits in (128, 192, 256):
        yield seal(20, bits, 0, 77)
    yield seal(28, 0, 0, 77)


# ------------------------------------------------------------------------ prf+


def prf_plus(name, key, seed, length):
    out, t, n = b"", b"", 1
    while len(out) < length:
        t = hmac.new(key, t + seed + bytes([n]), name).digest()
        out, n = out + t, n + 1
    return out[:length]


def prf_plus_rows():
    """The whole output is hashed, since 255 blocks would fill pages."""
    for prf, name in PRFS.items():
        block = hashlib.new(name).digest_size
        for key_len in (0, 200):
            for length in (1, block, block + 1, 168, 255 * block):
                key = octets("prf+ %d key" % prf, key_len)
                seed = octets("prf+ %d seed" % prf, 80)
                out = prf_plus(name, key, seed, length)
                yield prf, length, key, seed, hashlib.sha256(out).digest()


# -------------------------------------------------------------------- key wrap


def wrap_rows():
    for kwa, bits in ((1, 128), (2, 192), (3, 256)):
        for length in (1, 8, 9, 20, 68, 100):
            kwk = octets("kwk %d" % kwa, bits // 8)
            plain = octets("plain %d %d" % (kwa, length), length)
            yield kwa, kwk, plain, aes_key_wrap_with_padding(kwk, plain)


# ---------------------------------------------------------------- key exchange


def arctan_of_inverse(x, unity):
    """unity * arctan(1 / x) by its power series."""
    total = term = unity // x
    n, sign = 3, -1
    while term:
        term //= x * x
        total += sign * (term // n)
        n, sign = n + 2, -sign
    return total


def modp_prime(bits, offset):
    """RFC 3526: the primes come from the digits of pi."""
    guard = 64
    unity = 1 << (bits - 130 + guard)
    pi = 4 * (4 * arctan_of_inverse(5, unity) - arctan_of_inverse(239, unity))
    return (
        2**bits - 2 ** (bits - 64) - 1 + 2**64 * ((pi >> guard) + offset)
    )


def modp(group, prime, length, private_len, label):
    size = prime.bit_length() // 8
    i = octets("%s i %d" % (label, group), private_len)
    r = octets("%s r %d" % (label, group), private_len)
    xi, xr = int.from_bytes(i, "big"), int.from_bytes(r, "big")
    yi, yr = pow(2, xi, prime), pow(2, xr, prime)
    shared = pow(yr, xi, prime)
    assert shared == pow(yi, xr, prime) and size == length
    cut = [y.to_bytes(length, "big") for y in (yi, yr, shared)]
    return group, i, r, cut[0], cut[1], cut[2]


def ecp(group, label):
    curve, size = CURVES[group]
    number = lambda who: int.from_bytes(octets(label + who, size - 1), "big")
    i, r = (ec.derive_private_key(number(who), curve) for who in (" i", " r"))
    point = lambda key: key.public_key().public_numbers()
    public = lambda key: point(key).x.to_bytes(size, "big") + point(key).y.to_bytes(
        size, "big"
    )
    private = lambda key: key.private_numbers().private_value.to_bytes(size, "big")
    shared = i.exchange(ec.ECDH(), r.public_key())
    return group, private(i), private(r), public(i), public(r), shared


def first_with_leading_zero(make):
    """Where a missing pad on the left would show."""
    n = 0
    while True:
        row = make("zero %d" % n)
        if row[5][0] == 0:
            return row
        n += 1


def ke_rows():
    groups = ((14, 2048, 124476, 32), (15, 3072, 1690314, 36), (16, 4096, 240904, 42))
    for group, bits, offset, private_len in groups:
        prime = modp_prime(bits, offset)
        yield modp(group, prime, bits // 8, private_len, "modp")
        yield first_with_leading_zero(
            lambda label: modp(group, prime, bits // 8, private_len, label)
        )
    for group in (19, 20):
        yield first_with_leading_zero(lambda label: ecp(group, label))
    yield ecp(21, "ecp")


def main():
    print("// SPDX-License-Identifier: GPL-2.0-or-later")
    print("/* Made by crypto_vectors.py; do not edit.  All strings are hex. */")
    table("seal_vector", "computed_seals", seal_rows())
    table("prf_plus_vector", "computed_prf_plus", prf_plus_rows())
    table("wrap_vector", "computed_wraps", wrap_rows())
    table("ke_vector", "computed_kes", ke_rows())


main()
