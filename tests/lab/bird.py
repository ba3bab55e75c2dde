# SPDX-License-Identifier: GPL-2.0-or-later
"""
BIRD as a router of the lab, and a member of the group beside it that learns the
keys, as an operator's script would: BIRD is told each key in its configuration.
"""

import json
import os
import subprocess
import time
from datetime import datetime

from . import config

# Names of algorithms in BIRD's configuration.
ALGORITHMS = {
    "md5": "keyed md5",
    "hmac-sha-1": "hmac sha1",
    "hmac-sha-256": "hmac sha256",
    "hmac-sha-384": "hmac sha384",
    "hmac-sha-512": "hmac sha512",
}

# Protocol: (BIRD's version of OSPF, its channel)
OSPF = {"ospfv2": ("v2", "ipv4"), "ospfv3": ("v3", "ipv6")}


def _moment(seconds):
    text = datetime.fromtimestamp(time.time() + seconds).isoformat(" ", "milliseconds")
    return f'"{text}"'


def _password(key):
    "A key with its windows, which BIRD takes as dates."
    lines = [f"id {key['id']};", f"algorithm {ALGORITHMS[key['algorithm']]};"]
    for does, name in (("accept", "accept"), ("generate", "send")):
        for word, end in (("from", "start"), ("to", "end")):
            if f"{name}_{end}" in key:
                lines.append(f"{does} {word} {_moment(key[f'{name}_{end}'])};")
    return f"password \"{key['key']}\" {{ {' '.join(lines)} }};\n"


def _protocol(name, interface, keys):
    version, channel = OSPF[name]
    passwords = "".join(_password(k) for k in keys if k["protocol"] == name)
    return f"""
protocol ospf {version} {name} {{
  {channel} {{ import all; export all; }};
  area 0 {{
    interface "lo" {{ stub; }};
    interface "{interface}" {{
      type broadcast;
      hello {config.HELLO_INTERVAL};
      dead {config.DEAD_INTERVAL};
      authentication cryptographic;
      {passwords}
    }};
  }};
}}
"""


def bird_config(name, keys):
    return (
        "log stderr all;\n"
        f"router id {config.router_id(name)};\n"
        "protocol device { scan time 1; }\n"
        'protocol direct { ipv4; ipv6; interface "lo"; }\n'
        "protocol kernel { ipv4 { export all; }; }\n"
        "protocol kernel { ipv6 { export all; }; }\n"
        + "".join(_protocol(protocol, "core", keys) for protocol in OSPF)
    )


class Bird:
    """
    BIRD and the group member (tests/interop/peer) in the namespaces of a node
    that runs no FRR.  `popen` starts a program there.
    """

    def __init__(self, popen, name, directory, programs, member):
        self.name = name
        self.directory = directory
        self._programs, self._member_program = programs, member
        self._popen = popen
        self._running = []
        self._keys_file = self._path("keys")
        self._seen = 0
        self.keys = []
        self.keylog = self._path("keylog")
        self._member = None

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _start(self, *command):
        log = open(
            self._path(os.path.basename(command[0]) + ".log"), "w", encoding="ascii"
        )
        self._running.append(
            self._popen(
                list(command), stdin=subprocess.PIPE, stdout=log, stderr=log, text=True
            )
        )
        log.close()
        return self._running[-1]

    def join(self, keylog=False):
        """
        Registers in the group, for OSPFv2 and OSPFv3 with all algorithms; with
        `keylog` the file of that name gets the keys of its SAs.
        """
        self._member = self._start(
            self._member_program,
            f"identity=fqdn:{config.identity(self.name)}",
            f"address={config.mgmt_address(self.name)}",
            f"server={config.SERVER_ADDRESS}",
            f"psk={config.psk(self.name).strip()}",
            f"keys={self._keys_file}",
            "offer=201/62",
            "offer=204/60",
            *([f"keylog={self.keylog}"] if keylog else []),
        )
        self._tell_member("join")

    def _tell_member(self, command):
        self._member.stdin.write(command + "\n")
        self._member.stdin.flush()

    def leave(self):
        "Leaves the group, and its IKE SA ends."
        self._tell_member("leave")

    def news(self):
        "True when the group's keys are others than those that BIRD was told."
        try:
            changed = os.stat(self._keys_file).st_mtime_ns
            with open(self._keys_file, encoding="ascii") as file:
                found = json.load(file)
        except FileNotFoundError:
            return False
        if changed == self._seen or not found:
            return False
        # The file says how long after it was made things happen.
        age = time.time() - changed / 1e9
        for key in found:
            for instant in ("accept_start", "accept_end", "send_start", "send_end"):
                if instant in key:
                    key[instant] -= age
        self._seen, self.keys = changed, found
        return True

    def tell(self):
        "BIRD gets the keys that news() has found."
        path = self._path("bird.conf")
        with open(path, "w", encoding="ascii", opener=_private) as file:
            file.write(bird_config(self.name, self.keys))
        if len(self._running) == 1:
            self._start(
                f"{self._programs}/bird", "-f", "-c", path, "-s", self._path("bird.ctl")
            )
            return
        said = self._ask("configure")
        assert "Reconfigured" in said or "Reconfiguration in progress" in said, said

    def follow(self):
        "BIRD is told what is new, if anything is."
        if self.news():
            self.tell()

    def _ask(self, command):
        client = self._popen(
            [f"{self._programs}/birdcl", "-s", self._path("bird.ctl"), command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return client.communicate(timeout=10)[0]

    def not_full(self, protocol, neighbors):
        "None when BIRD is Full with all `neighbors` (router IDs)."
        said = self._ask(f"show ospf neighbors {protocol}")
        lines = {line.split()[0]: line for line in said.splitlines() if "Full" in line}
        missing = set(neighbors) - set(lines)
        return said if missing else None

    def log(self):
        with open(self._path("bird.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        for process in reversed(self._running):
            process.kill()
            process.wait()


def _private(path, flags):
    return os.open(path, flags, 0o600)
