# SPDX-License-Identifier: GPL-2.0-or-later
"""
What mrkmd and its module in ospfd say.

`vtysh` arguments are functions that run one command, on all daemons or on the
one named by `daemon`, and give back its output.
"""

import json
from collections import namedtuple

from . import config

Group = namedtuple("Group", "state registered registrations failures rekeys problem")


def _json(vtysh, command, daemon="mrkmd"):
    return json.loads(vtysh(f"{command} json", daemon=daemon) or "{}")


# ------------------------------------------------------------------- member


def group(vtysh, name=config.GROUP):
    "The router's membership."
    said = _json(vtysh, "show mrkm group").get(name, {})
    return Group(
        said.get("state"),
        said.get("registered", False),
        said.get("registrations", 0),
        said.get("failures", 0),
        said.get("rekeys", 0),
        said.get("problem"),
    )


def registered(vtysh):
    return group(vtysh).registered


def receivers(vtysh):
    "{daemon: state of its key channel}, as mrkmd has it."
    return {r["daemon"]: r["state"] for r in _json(vtysh, "show mrkm")["receivers"]}


# --------------------------------------------------------------- key server


def rekey(vtysh, name=config.GROUP):
    "Has the key server roll; its complaint, if any, is an error."
    said = vtysh(f"mrkm rekey group {name}", daemon="mrkmd").strip()
    assert not said, said


def members(vtysh, name=config.GROUP):
    "Identities of the registered members, without their type."
    said = _json(vtysh, "show mrkm key-server members").get(name, {})
    return [
        identity.split()[-1]
        for identity, member in said.items()
        if member["registered"]
    ]


def reasons(vtysh):
    "{reason: how many datagrams were dropped or exchanges failed for it}"
    return _json(vtysh, "show mrkm statistics")["reasons"]


# ---------------------------------------------------------------- ospfd's end


def keys(vtysh):
    raise NotImplementedError


def key_in_use(vtysh):
    raise NotImplementedError
