# SPDX-License-Identifier: GPL-2.0-or-later
"""
What Wireshark makes of a capture.
"""

import json
import os
import subprocess
import xml.etree.ElementTree as ElementTree

LUA = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../../tools/wireshark/gikev2.lua"
)

# of what Wireshark complains about by itself
COMPLAINTS = ("_ws.malformed", "_ws.short", "_ws.unreassembled")


class Packet:
    "One packet's fields, in the order of the packet."

    def __init__(self, element):
        self.fields = []
        self.texts = []
        for field in element.iter("field"):
            self.fields.append((field.get("name"), field.get("show")))
            self.texts.append(field.get("showname") or "")
        self.protocols = [proto.get("name") for proto in element.iter("proto")]

    def all(self, name):
        return [show for n, show in self.fields if n == name]

    def first(self, name):
        return next(iter(self.all(name)), None)

    def has(self, name):
        return any(n == name for n, _ in self.fields) or name in self.protocols

    def __repr__(self):
        return "\n".join(f"{n}: {s}" for n, s in self.fields)


def _arguments(capture, keys, lua):
    words = ["tshark", "-n", "-r", capture]
    for port in ("848", "500"):
        words += ["-d", f"udp.port=={port},isakmp"]
    if lua:
        words += ["-X", f"lua_script:{LUA}"]
    for line in keys:
        words += ["-o", f"uat:ikev2_decryption_table:{line}"]
    return words


def key_lines(*paths):
    "The lines of key logs, each once."
    lines = {}
    for path in paths:
        with open(path, encoding="ascii") as file:
            for line in file:
                if not line.startswith("#"):
                    lines[line.strip()] = True
    return list(lines)


def dissect(capture, keys=(), lua=False, what="isakmp"):
    "The packets of IKE in a capture, in their order."
    done = subprocess.run(
        [*_arguments(capture, keys, lua), "-T", "pdml", "-Y", what],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    errors = done.stderr.decode(errors="replace")
    assert done.returncode == 0, errors
    complaints = [l for l in errors.splitlines() if l and "Running as user" not in l]
    assert not complaints, complaints
    return [Packet(p) for p in ElementTree.fromstring(done.stdout).iter("packet")]


def assert_sound(packets):
    "Everything is decrypted, and nothing is wrong with any of it."
    assert packets
    for packet in packets:
        for complaint in COMPLAINTS:
            assert not packet.has(complaint), packet
        assert not packet.has("_ws.expert"), packet
        if packet.has("isakmp.enc.iv"):
            assert packet.has("isakmp.enc.decrypted"), packet
            icv = [t for t in packet.texts if t.startswith("Integrity Checksum Data")]
            assert icv and all(t.endswith("[correct]") for t in icv), packet
