# SPDX-License-Identifier: GPL-2.0-or-later
"""
Certification authorities and routers' certificates, made anew for each run.
"""

import datetime
import functools
import ipaddress
import itertools
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOUR = datetime.timedelta(hours=1)

# kinds of key, and the hash that its certificates are signed with
KINDS = {
    "P-256": (lambda: ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, None),
    "RSA": (lambda: rsa.generate_private_key(65537, 2048), hashes.SHA256()),
}

_serial = itertools.count(1)


@functools.lru_cache(maxsize=None)
def _key(kind, subject):
    "Whoever it is has one: those of RSA take long to make."
    del subject
    return KINDS[kind][0]()


class Certificate:
    "A certificate with its private key, and who issued it."

    def __init__(self, kind, subject, issuer, extensions, lifetime=(-HOUR, HOUR)):
        self.kind = kind
        self.issuer = issuer
        self.key = _key(kind, subject)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        signer = issuer or self
        now = datetime.datetime.utcnow()
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(signer.name)
            .public_key(self.key.public_key())
            .serial_number(next(_serial))
            .not_valid_before(now + lifetime[0])
            .not_valid_after(now + lifetime[1])
            .add_extension(_key_id(self.key), critical=False)
            .add_extension(_issuer_key_id(signer.key), critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        self.x509 = builder.sign(signer.key, KINDS[signer.kind][1])

    @property
    def pem(self):
        return self.x509.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def chain(self):
        "Itself and what is above it, but for the root."
        found, at = [], self
        while at.issuer:
            found.append(at)
            at = at.issuer
        return found

    @property
    def root(self):
        return self.issuer.root if self.issuer else self

    def crl(self, *revoked):
        "A CRL of this CA's, as PEM."
        now = datetime.datetime.utcnow()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now - HOUR)
            .next_update(now + HOUR)
            .add_extension(_issuer_key_id(self.key), critical=False)
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        for certificate in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.x509.serial_number)
                .revocation_date(now - HOUR)
                .build()
            )
        return builder.sign(self.key, KINDS[self.kind][1]).public_bytes(
            serialization.Encoding.PEM
        )

    def save(self, folder, name):
        "Key and chain as files: their paths."
        key, chain = (os.path.join(folder, f"{name}.{x}") for x in ("key", "chain"))
        with open(key, "wb", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(self.key_pem)
        with open(chain, "wb") as file:
            file.write(b"".join(certificate.pem for certificate in self.chain))
        return key, chain


def _key_id(key):
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _issuer_key_id(key):
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(*uses):
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{use: use in uses for use in every})


def authority(kind, subject, issuer=None):
    return Certificate(
        kind,
        subject,
        issuer,
        (
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (_usage("key_cert_sign", "crl_sign"), True),
        ),
    )


def router(issuer, name, lifetime=(-HOUR, HOUR), kind=None):
    "For a name of the DNS, or an address."
    try:
        known = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        known = x509.DNSName(name)
    return Certificate(
        kind or issuer.kind,
        f"router {name}",
        issuer,
        (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage("digital_signature"), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.IPSEC_IKE]), False),
            (x509.SubjectAlternativeName([known]), False),
        ),
        lifetime,
    )


@functools.lru_cache(maxsize=None)
def tree(kind, depth=1, name="Example"):
    "A root and CAs below it, one under the other: the last one."
    at = authority(kind, f"{name} root")
    for i in range(depth):
        at = authority(kind, f"{name} CA {i + 1}", at)
    return at
