# SPDX-License-Identifier: GPL-2.0-or-later
"""
Looks for secrets where they must not be: in texts, in files, in the memory of
processes.
"""

import base64
import os
import re

# A line of zlog_hexdump(): an address, up to eight octets, and their characters.
_DUMP = re.compile(r"[0-9a-f]{16}: ((?:[0-9a-f]{2} ){1,8})")

# Of what a digest is computed with, HMAC's two paddings (RFC 2104).
_PADS = {"inner pad": 0x36, "outer pad": 0x5C}


# Octets that tell a secret, and nobody has by chance.  Of memory that was freed
# the allocator takes the first ones, and a line may end in the middle.
PIECE = 12


def pieces(octets):
    "A secret in parts, any of which would betray it."
    starts = list(range(0, max(len(octets) - PIECE, 0), PIECE))
    starts.append(max(len(octets) - PIECE, 0))
    return [octets[at : at + PIECE] for at in starts]


def forms(octets):
    "{name: octets} of the forms in which octets could be written down."
    digits = octets.hex()
    return {
        "as it is": octets,
        "hex": digits.encode(),
        "HEX": digits.upper().encode(),
        "hex with spaces": octets.hex(" ").encode(),
        "HEX with spaces": octets.hex(" ").upper().encode(),
        "hex with colons": octets.hex(":").encode(),
        "base64": base64.b64encode(octets).rstrip(b"="),
    }


def in_octets(secrets, octets):
    "Names and forms of the `secrets` ({name: octets}) of which a piece is in there."
    return [
        f"{name}, {form}"
        for name, secret in secrets.items()
        for piece in pieces(secret)
        for form, written in forms(piece).items()
        if written in octets
    ]


def dumped(text):
    "The octets that the hex dumps of a log show, one behind the other."
    return b"".join(bytes.fromhex(m.group(1)) for m in _DUMP.finditer(text))


def in_log(secrets, octets):
    "The same in a log; what it shows in hex dumps is looked through as well."
    dumps = dumped(octets.decode("utf-8", "replace"))
    found = in_octets(secrets, octets)
    return found + [f"{name} in a hex dump" for name in in_octets(secrets, dumps)]


def in_file(secrets, path):
    with open(path, "rb") as file:
        return in_octets(secrets, file.read())


def _regions(pid):
    "(start, end, name) of what a process can write to."
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        for line in maps:
            fields = line.split(maxsplit=5)
            start, end = (int(n, 16) for n in fields[0].split("-"))
            name = fields[5].strip() if len(fields) > 5 else "anonymous"
            if fields[1].startswith("rw"):
                yield start, end, name


def _all_of(octets, memory):
    at = memory.find(octets)
    while at >= 0:
        yield at
        at = memory.find(octets, at + 1)


def in_process(pid, secrets):
    """
    Places of the secrets, as they are or padded for HMAC, in the memory that a
    process can write to: "NAME at ADDRESS in REGION".
    """
    wanted = {}
    for name, secret in secrets.items():
        wanted[name] = secret
        for pad, octet in _PADS.items():
            wanted[f"{name}, {pad}"] = bytes(o ^ octet for o in secret)
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, region in _regions(pid):
            try:
                octets = os.pread(memory.fileno(), end - start, start)
            except OSError:
                continue  # what cannot be read, as pages of a device
            for name, secret in wanted.items():
                found += [
                    f"{name} at {start + at:#x} in {region}"
                    for piece in pieces(secret)
                    for at in _all_of(piece, octets)
                ]
    return found
