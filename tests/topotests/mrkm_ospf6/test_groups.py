# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two groups of one key server: routers with the same credentials for both register
over one IKE SA, and each group rolls by itself.
"""

import json

import pytest

from lab import config, mrkm
from lab.protocols import OSPFV2, OSPFV3
import topology

pytestmark = [pytest.mark.ospfd, pytest.mark.ospf6d]

ATD, DTD = 1, 3
SECOND = "EDGE"
GROUPS = {config.GROUP: OSPFV2, SECOND: OSPFV3}


def member_text(name):
    "As for one group, with OSPFv3 in a group of its own."
    text = topology.member_text(name, GROUPS.values())
    line = f"  protocol {OSPFV3.name} key-chain {OSPFV3.key_chain}\n"
    assert line in text
    text = text.replace(line, "")
    begin = text.index(f" group {config.GROUP}\n")
    end = text.index(" exit\n", begin) + len(" exit\n")
    second = text[begin:end].replace(f"group {config.GROUP}", f"group {SECOND}")
    second = second.replace(f"  protocol {OSPFV2.name} key-chain {OSPFV2.key_chain}\n", line)
    return text[:end] + second + text[end:]


def server_text():
    text = topology.server_text(GROUPS.values(), atd=ATD, dtd=DTD)
    begin = text.index(f"  group {config.GROUP}\n")
    end = text.index("  exit\n", begin) + len("  exit\n")
    lines = text[begin:end].splitlines(keepends=True)
    groups = "".join(
        line.replace(f"group {config.GROUP}", f"group {group}")
        for group, protocol in GROUPS.items()
        for line in lines
        if "protocol" not in line or f"protocol {protocol.name} " in line
    )
    return text[:begin] + groups + text[end:]


@pytest.fixture(scope="module")
def tgen():
    texts = {name: member_text(name) for name in config.ROUTERS}
    texts[config.SERVER] = server_text()
    tgen = topology.start_lab(
        "mrkm_ospf6_groups", texts=texts, protocols=tuple(GROUPS.values())
    )
    yield tgen
    tgen.stop_topology()


def ike_sas(tgen, name):
    said = tgen.gears[name].vtysh_cmd("show mrkm statistics json", daemon="mrkmd")
    return json.loads(said)["ikeSas"]


def not_registered(tgen):
    wanted = {config.identity(r) for r in config.ROUTERS}
    for group in GROUPS:
        members = mrkm.members(tgen.gears[config.SERVER].vtysh_cmd, group)
        if set(members) != wanted:
            return f"{group} has {members}"
        for name in config.ROUTERS:
            if not mrkm.group(tgen.gears[name].vtysh_cmd, group).registered:
                return f"{name} is not registered in {group}"
    return None


def wait_for_all(tgen):
    topology.wait_until("registered", lambda: not_registered(tgen), 30)


def test_one_sa(tgen):
    wait_for_all(tgen)
    assert ike_sas(tgen, config.SERVER) == len(config.ROUTERS)
    assert [ike_sas(tgen, name) for name in config.ROUTERS] == [1, 1, 1]
    topology.wait_for_full(tgen, *GROUPS.values())


@pytest.mark.parametrize("group", GROUPS)
def test_roll_of_one(tgen, group):
    "The other one's key stays."
    other = next(p for g, p in GROUPS.items() if g != group)
    watches = [topology.Steady(tgen, p) for p in GROUPS.values()]
    stays = topology.sender(tgen, other)
    for _ in range(3):
        old = topology.sender(tgen, GROUPS[group])
        mrkm.rekey(tgen.gears[config.SERVER].vtysh_cmd, group)
        topology.wait_until(
            "roll",
            lambda old=old: topology.not_rolled_from(tgen, old, GROUPS[group]),
            ATD + 10,
        )
        topology.wait_until(
            "one key", lambda: topology.not_one_key(tgen, GROUPS[group]), DTD + 5
        )
    assert topology.sender(tgen, other) == stays
    for watch in watches:
        watch.check()


def test_one_group_leaves(tgen):
    "The SA serves the other one on."
    r1 = tgen.gears["r1"]
    before = mrkm.group(r1.vtysh_cmd).registrations
    topology.configure(r1, "mrkm", f"no group {SECOND}")

    def check():
        members = mrkm.members(tgen.gears[config.SERVER].vtysh_cmd, SECOND)
        return None if config.identity("r1") not in members else f"members {members}"

    topology.wait_until("r1 left", check, 10)
    assert ike_sas(tgen, "r1") == 1
    assert mrkm.group(r1.vtysh_cmd).registrations == before
    topology.configure(
        r1,
        "mrkm",
        f"group {SECOND}",
        f"key-server {config.SERVER_ADDRESS}",
        f"pre-shared-key file {config.psk_file('r1')}",
        f"protocol {OSPFV3.name} key-chain {OSPFV3.key_chain}",
    )
    wait_for_all(tgen)
    assert ike_sas(tgen, "r1") == 1
    topology.wait_for_full(tgen, *GROUPS.values())


def test_another_secret(tgen):
    "A group that wants another key is not joined by the proof for the first."
    server, r2 = tgen.gears[config.SERVER], tgen.gears["r2"]
    other = f"{config.PSK_DIR}/edge.psk"
    for router in (server, r2):
        topology.put_secret(router, other, "lab key of r2 in EDGE: not a secret\n")
    topology.configure(
        server,
        "mrkm",
        "key-server",
        f"group {SECOND}",
        f"member fqdn {config.identity('r2')} pre-shared-key file {other}",
    )
    r2.vtysh_cmd(f"clear mrkm group {SECOND}")
    topology.wait_until(
        "refusal",
        lambda: None
        if mrkm.group(r2.vtysh_cmd, SECOND).problem
        else "r2 has no problem",
        30,
    )
    assert mrkm.registered(r2.vtysh_cmd)
    topology.configure(r2, "mrkm", f"group {SECOND}", f"pre-shared-key file {other}")
    wait_for_all(tgen)
    assert ike_sas(tgen, "r2") == 2
    topology.wait_for_full(tgen, *GROUPS.values())
