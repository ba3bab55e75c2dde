# SPDX-License-Identifier: GPL-2.0-or-later
"A certification authority for the lab; what it makes is as PEM."

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ORGANIZATION = "Lab"

KEYS = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
}


def _now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def _hours(count):
    return datetime.timedelta(hours=count)


def _name(common_name):
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name),
        ]
    )


def _pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _alternative(name):
    if "@" in name:
        return x509.RFC822Name(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Certificate:
    "What a router has: .certificate and .key, and the .serial number."

    def __init__(self, certificate, key):
        self.serial = certificate.serial_number
        self.certificate = certificate.public_bytes(
            serialization.Encoding.PEM
        ).decode()
        self.key = _pem(key)


class Authority:
    "Signs with Ed25519."

    def __init__(self, common_name="CA"):
        self._key = ed25519.Ed25519PrivateKey.generate()
        self._name = _name(common_name)
        builder = self._builder(self._name, self._key.public_key(), -1, 48)
        self._x509 = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        ).sign(self._key, None)
        self.certificate = self._x509.public_bytes(serialization.Encoding.PEM).decode()

    def _builder(self, subject, public_key, start, end):
        now = _now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + _hours(start))
            .not_valid_after(now + _hours(end))
        )

    def issue(self, name, kind="Ed25519", start=-1, end=24):
        """
        For a domain name, a mailbox or an address; valid from and until so many
        hours from now.
        """
        key = KEYS[kind]()
        builder = self._builder(_name(name), key.public_key(), start, end)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_alternative(name)]), critical=False
        ).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        return Certificate(builder.sign(self._key, None), key)

    def crl(self, *revoked):
        "The list of these certificates."
        now = _now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - _hours(1))
            .next_update(now + _hours(24))
        )
        for certificate in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial)
                .revocation_date(now)
                .build()
            )
        signed = builder.sign(self._key, None)
        return signed.public_bytes(serialization.Encoding.PEM).decode()
