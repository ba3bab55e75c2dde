# SPDX-License-Identifier: GPL-2.0-or-later
"strongSwan's charon on a router, with SAs of its own in the same kernel."

import os
import shutil
import subprocess
import tempfile
import time

from lab import namespaces

import ipsec
from vici import Vici

CONFIG = """
charon {{
	load = random nonce openssl hmac kdf vici kernel-netlink socket-default
	filelog {{ stderr {{ default = 1 knl = 2 flush_line = yes }} }}
	plugins {{ vici {{ socket = unix://{socket} }} }}
}}
"""
CHILD = "hosts"


class Swan:
    "One daemon; `with` ends it."

    def __init__(self, node):
        self.node, self.vici = node, None
        # the daemon has a /run of its own, for the file with its process ID
        self.dir = tempfile.mkdtemp(dir="/var/tmp")
        path = os.path.join(self.dir, "vici")
        config = os.path.join(self.dir, "strongswan.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(socket=path))
        with open(node.log_file("charon"), "w", encoding="ascii") as log:
            self._process = subprocess.Popen(
                ["nsenter", "-a", "-t", str(node.pid), "unshare", "--mount", "sh", "-c"]
                + [f"mount -t tmpfs tmpfs /run && STRONGSWAN_CONF={config} exec $0"]
                + [os.environ["CHARON"]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            namespaces.wait_until("charon", lambda: self._connect(path), 60)
        except namespaces.LabError:
            self.close()
            raise

    def _connect(self, path):
        try:
            self.vici = Vici(path)
        except OSError:
            return False
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.vici:
            self.vici.close()
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self.dir)

    def configure(self, local, remote):
        "ESP in transport mode between the two addresses."
        self.vici.call(
            "load-shared", {"id": "psk", "type": "IKE", "data": "not a secret"}
        )
        connection = {
            "version": 2,
            "local_addrs": [local],
            "remote_addrs": [remote],
            "local": {"auth": "psk"},
            "remote": {"auth": "psk"},
            "children": {
                CHILD: {
                    "mode": "transport",
                    "local_ts": [f"{local}/32"],
                    "remote_ts": [f"{remote}/32"],
                    "esp_proposals": ["aes256gcm16"],
                }
            },
        }
        self.vici.call("load-conn", {"hosts": connection})

    def initiate(self):
        self.vici.call("initiate", {"child": CHILD, "timeout": 60000})

    def rekey(self):
        self.vici.call("rekey", {"child": CHILD})


def _blocks(text):
    "What `ip xfrm` lists, object by object."
    blocks = []
    for line in text.splitlines():
        if line.startswith("\t") and blocks:
            blocks[-1] += "\n" + line
        else:
            blocks.append(line)
    return blocks


def of_others(node):
    "(SAs, policies) that are not marked as ours, as `ip xfrm` has them."
    states = {str(s) for s in ipsec.states(node) if s.reqid >> 8 != 0x6D726B}
    policies = {
        block
        for block in _blocks(ipsec.policies(node))
        if not any(f"reqid {0x6D726B00 + kind} " in block for kind in range(3))
    }
    return states, policies


def wait_rekeyed(node, before, timeout=60):
    "Until charon's SAs are other ones than those of_others() has named."
    end = time.monotonic() + timeout
    while of_others(node)[0] & before[0] or not of_others(node)[0]:
        assert time.monotonic() < end, of_others(node)
        time.sleep(0.2)
