# SPDX-License-Identifier: GPL-2.0-or-later
"""
strongSwan's charon in the other namespace, with a configuration of its own.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time

from net import ADDRESSES, OTHER
from vici import Vici

CONFIG = """
charon {{
	load = random nonce openssl pem x509 pubkey pkcs1 pkcs8 revocation constraints \
		kdf hmac vici kernel-netlink socket-default
	port = {port}
	port_nat_t = {nat_port}
	retransmit_timeout = 1.0
	retransmit_tries = 3
	filelog {{ stderr {{ {log} flush_line = yes }} }}
	plugins {{ vici {{ socket = unix://{vici} }} }}
	{options}
}}
"""

# what Debian's build can do and the engine does too
PROPOSALS = {
    "encr": {
        "AES_GCM_16_256": "aes256gcm16",
        "AES_GCM_16_128": "aes128gcm16",
        "CHACHA20_POLY1305": "chacha20poly1305",
        "AES_CBC_256": "aes256",
        "AES_CBC_128": "aes128",
    },
    "integ": {
        "HMAC_SHA2_256_128": "sha256",
        "HMAC_SHA2_384_192": "sha384",
        "HMAC_SHA2_512_256": "sha512",
    },
    "prf": {
        "HMAC_SHA2_256": "prfsha256",
        "HMAC_SHA2_384": "prfsha384",
        "HMAC_SHA2_512": "prfsha512",
    },
    "ke": {
        31: "curve25519",
        19: "ecp256",
        20: "ecp384",
        21: "ecp521",
        14: "modp2048",
        15: "modp3072",
        16: "modp4096",
    },
}

DEFAULT_PROPOSALS = ["aes256gcm16-prfsha256-curve25519", "aes128-sha256-ecp256"]


LOG = "default = 1 ike = 2 enc = 1 cfg = 2"


class Charon:
    "One daemon; IKE SAs with us are called 'ours'."

    def __init__(self, directory, port=500, nat_port=4500, options="", level=None):
        "`level`: how much it logs; None: as much as tests look at."
        self.dir = str(directory)
        self.port = port
        self.log = os.path.join(self.dir, "charon.log")
        # the name of a socket must be short
        self._short = tempfile.mkdtemp(prefix="vici.")
        path = os.path.join(self._short, "s")
        config = os.path.join(self.dir, "strongswan.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(
                CONFIG.format(
                    port=port,
                    nat_port=nat_port,
                    vici=path,
                    log=LOG if level is None else f"default = {level}",
                    options=options,
                )
            )
        with open(self.log, "a", encoding="ascii") as log:
            # its libraries know of no other place for the PID file
            self._process = subprocess.Popen(
                ["ip", "netns", "exec", OTHER, "unshare", "--mount", "/bin/sh", "-c"]
                + ['mount -t tmpfs tmpfs /run && exec "$0"', os.environ["CHARON"]],
                env={**os.environ, "STRONGSWAN_CONF": config},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.vici = self._connect(path)
        self.vici.listen("ike-updown", "ike-rekey")

    def _connect(self, path, timeout=20):
        deadline = time.monotonic() + timeout
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                return Vici(path)
            time.sleep(0.02)
        self.close()
        raise AssertionError(f"charon does not start, see {self.log}")

    @property
    def pid(self):
        return self._process.pid

    def kill(self):
        "Ends it without a word to anybody."
        self._process.kill()
        self._process.wait()

    def close(self):
        if getattr(self, "vici", None):
            self.vici.close()
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._short, ignore_errors=True)

    # ---------------------------------------------------------- configuration

    def configure(self, version=4, local=None, remote=None, **settings):
        "The connection 'ours'; `local` and `remote` are the sections of that name."
        ours, others = ADDRESSES[version]
        connection = {
            "version": 2,
            "local_addrs": [others],
            "remote_addrs": [ours],
            "local_port": self.port,
            "remote_port": 500,
            "proposals": DEFAULT_PROPOSALS,
            "childless": "force",
            "mobike": "no",
            "local": local,
            "remote": remote,
            **settings,
        }
        self.vici.call("load-conn", {"ours": connection})

    def share(self, secret, *owners):
        "A pre-shared key."
        self.vici.call(
            "load-shared",
            {"id": "psk", "type": "IKE", "data": secret, "owners": list(owners)},
        )

    def trust(self, pem):
        self.vici.call("load-cert", {"type": "X509", "flag": "CA", "data": pem})

    def revoke(self, pem):
        self.vici.call("load-cert", {"type": "X509_CRL", "flag": "NONE", "data": pem})

    def certify(self, certificates, key):
        "Its own certificate, with those above it, and the private key."
        for pem in certificates:
            self.vici.call("load-cert", {"type": "X509", "flag": "NONE", "data": pem})
        self.vici.call("load-key", {"type": "any", "data": key})

    # ---------------------------------------------------------------- actions

    def initiate(self):
        self.vici.call("initiate", {"ike": "ours", "timeout": 10000, "loglevel": 1})

    def initiate_in_vain(self):
        "Starts an attempt that is to fail; does not wait for it."
        self.vici.call("initiate", {"ike": "ours", "timeout": -1})

    def rekey(self):
        self.vici.call("rekey", {"ike": "ours"})

    def terminate(self):
        self.vici.call("terminate", {"ike": "ours", "timeout": 10000})

    # ----------------------------------------------------------- observations

    def sas(self):
        "The IKE SAs that there are."
        return [sa["ours"] for sa in self.vici.stream("list-sas", "list-sa")]

    def wait_up(self):
        return self.vici.wait("ike-updown", lambda m: m.get("up") == "yes")["ours"]

    def wait_down(self):
        return self.vici.wait("ike-updown", lambda m: "up" not in m)["ours"]

    def wait_rekeyed(self):
        return self.vici.wait("ike-rekey")["ours"]

    def said(self, text):
        "Is that in the log so far?"
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return text in log.read()

    def wait_said(self, text, timeout=20):
        deadline = time.monotonic() + timeout
        while not self.said(text):
            assert time.monotonic() < deadline, f"charon did not say: {text}"
            time.sleep(0.05)
