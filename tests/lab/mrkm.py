# SPDX-License-Identifier: GPL-2.0-or-later
"""
What mrkmd and its module in routing daemons say.

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


def rekey_sa(vtysh, server=False, name=config.GROUP):
    "The Rekey SA, as a member or as the key server has it; None."
    command = "show mrkm key-server" if server else "show mrkm group"
    return _json(vtysh, command).get(name, {}).get("rekeySa")


def registered(vtysh):
    return group(vtysh).registered


Proof = namedtuple("Proof", "local remote ppk key_exchanges")


def proof(vtysh, name=config.GROUP):
    "How router and key server proved who they are; None before that."
    said = _json(vtysh, "show mrkm group").get(name, {}).get("authentication")
    return said and Proof(
        said["local"], said["remote"], said["ppk"], said["keyExchanges"]
    )


def credentials(vtysh):
    "Certificates, trust anchors and CRLs, as mrkmd has them."
    return _json(vtysh, "show mrkm")["credentials"]


Receiver = namedtuple("Receiver", "state resyncs")


def receivers(vtysh):
    "{daemon: Receiver} of the key channel, as mrkmd has it."
    return {
        r["daemon"]: Receiver(r["state"], r["resyncs"])
        for r in _json(vtysh, "show mrkm")["receivers"]
    }


# --------------------------------------------------------------- key server


def rekey(vtysh, name=config.GROUP):
    "Has the key server roll; its complaint, if any, is an error."
    said = vtysh(f"mrkm rekey group {name}", daemon="mrkmd").strip()
    assert not said, said


def exclude(vtysh, member, name=config.GROUP, readmit=False):
    "Shuts a router out of the group, or lets it in again; what was said."
    verb = "readmit" if readmit else "exclude"
    return vtysh(
        f"mrkm {verb} group {name} member fqdn {config.identity(member)}",
        daemon="mrkmd",
    ).strip()


def members(vtysh, name=config.GROUP):
    "Identities of the registered members, without their type."
    said = _json(vtysh, "show mrkm key-server members").get(name, {})
    return [
        identity.split()[-1]
        for identity, member in said.items()
        if member["registered"]
    ]


def held_back(vtysh, name=config.GROUP):
    "[(protocol, its first choice, how many members cannot do it, one of them)]"
    said = _json(vtysh, "show mrkm key-server").get(name, {})
    return [
        (entry["protocol"], entry["algorithm"], entry["members"], entry["member"])
        for entry in said["heldBack"]
    ]


def refusal_of(vtysh, identity, name=config.GROUP):
    """
    Why the key server refused whoever has this identity, with its type, the last
    time; None: it did not.
    """
    said = _json(vtysh, "show mrkm key-server members").get(name, {})
    return said.get(identity, {}).get("refused", {}).get("reason")


def refusal(vtysh, member, name=config.GROUP):
    "The same of one of the lab's routers by its usual identity."
    return refusal_of(vtysh, f"fqdn {config.identity(member)}", name)


def exclusion(vtysh, member, name=config.GROUP):
    "Why that router is excluded; None: it is not."
    said = _json(vtysh, "show mrkm key-server members").get(name, {})
    return said.get(f"fqdn {config.identity(member)}", {}).get("excludedFor")


def member_addresses(vtysh, name=config.GROUP):
    "{identity of a registered member, without its type: where it is}"
    said = _json(vtysh, "show mrkm key-server members").get(name, {})
    return {
        identity.split()[-1]: member["address"]
        for identity, member in said.items()
        if member["registered"]
    }


def reasons(vtysh):
    "{reason: how many datagrams were dropped or exchanges failed for it}"
    return _json(vtysh, "show mrkm statistics")["reasons"]


def half_open(vtysh):
    "How many IKE SAs the key server remembers that are only begun."
    return _json(vtysh, "show mrkm statistics")["halfOpen"]


# ---------------------------------------------------------- the module's end

# Milliseconds from now; None: no such moment ahead.
Key = namedtuple("Key", "id algorithm sends accepts send_start send_end")


def _key_chain(vtysh, daemon, name):
    "What the module in `daemon` says of the key chain; {} before it has it."
    return _json(vtysh, "show mrkm keys", daemon).get("keyChains", {}).get(name, {})


def keys(vtysh, daemon="ospfd", name=config.KEY_CHAIN):
    "{key ID: Key} that the daemon's key chain holds and that are not over."
    return {
        key["keyId"]: Key(
            key["keyId"],
            key["algorithm"],
            key["sends"],
            key["accepts"],
            key.get("sendStartMsec"),
            key.get("sendEndMsec"),
        )
        for key in _key_chain(vtysh, daemon, name).get("keys", [])
        if key["state"] != "retired"
    }


def key_in_use(vtysh, daemon="ospfd", name=config.KEY_CHAIN):
    """
    (ID of the key that the daemon sends with, (ID, seconds until then) of the
    one that it will send with next); None for what there is not.
    """
    chain = _key_chain(vtysh, daemon, name)
    waiting = [
        (-(-key["sendStartMsec"] // 1000), key["keyId"])
        for key in chain.get("keys", [])
        if "sendStartMsec" in key and key["state"] != "retired"
    ]
    coming = min(waiting)[::-1] if waiting else None
    return chain.get("sendingKeyId"), coming


def obstacle(vtysh, daemon="ospfd", name=config.KEY_CHAIN):
    "Why our keys in the key chain are not used; None: they are."
    return _key_chain(vtysh, daemon, name).get("obstacle")


def last_resort(vtysh, daemon="ospfd", name=config.KEY_CHAIN):
    "Whether the daemon sends with the key that nobody else has."
    return _key_chain(vtysh, daemon, name).get("lastResort", False)
