# SPDX-License-Identifier: GPL-2.0-or-later
"Tokens of SoftHSM's, what a daemon needs to use them, and certificates for keys."

import os
import random
import shutil

from lab.namespaces import run

MODULE = "/usr/lib/softhsm/libsofthsm2.so"

SOFTHSM_CONF = """\
directories.tokendir = {tokens}
objectstore.backend = file
"""

# Without no-deinit, a program that ends can crash in SoftHSM, which uses OpenSSL
# itself and is told to clean up after that has.
OPENSSL_CNF = """\
openssl_conf = openssl_init
[openssl_init]
providers = provider_sect
[provider_sect]
default = default_sect
pkcs11 = pkcs11_sect
[default_sect]
activate = 1
[pkcs11_sect]
pkcs11-module-path = {module}
pkcs11-module-quirks = no-deinit
{pin}activate = 1
[req]
distinguished_name = name
[name]
"""


def put(path, text, mode=0o644, owner="root"):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)
    shutil.chown(path, owner)


class Token:
    "Its PIN is in a file of the daemons' user."

    def __init__(self, folder, label):
        self.label = label
        self.pin = "".join(random.choices("0123456789", k=16))
        os.mkdir(folder)
        self.folder = folder
        self.tokens = self.path("tokens")
        os.mkdir(self.tokens)
        put(self.path("softhsm2.conf"), SOFTHSM_CONF.format(tokens=self.tokens))
        self.put_pin(self.pin)
        self.environment = self.uses(self.write_cnf("openssl.cnf"))
        self._run(
            *("softhsm2-util", "--init-token", "--free", "--label", label),
            *("--pin", self.pin, "--so-pin", self.pin),
        )
        self.give_to("frr")

    def path(self, name):
        return os.path.join(self.folder, name)

    def put_pin(self, pin, **options):
        put(self.path("pin"), pin + "\n", **{"mode": 0o600, "owner": "frr", **options})

    def write_cnf(self, name, module=MODULE, pin=False):
        "An openssl.cnf that names the PIN file, or does not."
        line = f"pkcs11-module-token-pin = file:{self.path('pin')}\n" if pin else ""
        put(self.path(name), OPENSSL_CNF.format(module=module, pin=line))
        return self.path(name)

    def uses(self, cnf):
        "The environment of a daemon that is to use the token by this openssl.cnf."
        return (f"OPENSSL_CONF={cnf}", f"SOFTHSM2_CONF={self.path('softhsm2.conf')}")

    def give_to(self, user):
        for folder, _, files in os.walk(self.tokens):
            for path in [folder] + [os.path.join(folder, name) for name in files]:
                shutil.chown(path, user)

    def uri(self, name, kind, pin=True):
        "Of a key (kind \"private\") or a certificate (\"cert\")."
        source = f";pin-source=file:{self.path('pin')}" if pin else ""
        return f"pkcs11:token={self.label};object={name};type={kind}{source}"

    def _run(self, *command, provider=False):
        "Not with the provider unless it must be: it would call SoftHSM in SoftHSM."
        environment = self.environment if provider else self.environment[1:]
        return run(["env", *environment, *command])

    def _tool(self, name, *command):
        "The provider finds a key's public half by the ID that they share."
        self._run(
            *("pkcs11-tool", "--module", MODULE, "--token-label", self.label),
            *("--login", "--pin", self.pin, "--label", name),
            *("--id", name.encode().hex(), *command),
        )
        self.give_to("frr")

    def make_key(self, name, kind):
        self._tool(name, "--keypairgen", "--key-type", kind)

    def put_certificate(self, name, certificate):
        der = self.path("der")
        run(["openssl", "x509", "-in", certificate, "-outform", "DER", "-out", der])
        self._tool(name, "--write-object", der, "--type", "cert")

    def certify(self, authority, name, identity):
        "A certificate for the key, which goes into the token beside it."
        request, certificate = self.path("csr"), self.path("pem")
        self._run(
            *("openssl", "req", "-new", "-subj", f"/CN={identity}", "-out", request),
            *("-addext", f"subjectAltName=DNS:{identity}"),
            *("-key", self.uri(name, "private")),
            provider=True,
        )
        authority.sign(request, certificate)
        self.put_certificate(name, certificate)


class Authority:
    "Its key is in a file, as is its .certificate."

    def __init__(self, folder):
        self._key = os.path.join(folder, "ca.key")
        self.certificate = os.path.join(folder, "ca.pem")
        run(
            ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2"]
            + ["-subj", "/CN=CA", "-keyout", self._key, "-out", self.certificate]
            + ["-addext", "basicConstraints=critical,CA:true"]
        )

    def sign(self, request, certificate):
        run(
            ["openssl", "x509", "-req", "-in", request, "-out", certificate]
            + ["-CA", self.certificate, "-CAkey", self._key, "-days", "1"]
            + ["-copy_extensions", "copy"]
        )
