# SPDX-License-Identifier: GPL-2.0-or-later
"""
One group keys OSPFv2, OSPFv3 and RIPv2 at once: twenty rolls that none of them
notices, and OSPFv3 with all its algorithms.
"""

from contextlib import ExitStack

import pytest

from lab import config, mrkm
from lab.protocols import ALL, OSPFV3
import topology

pytestmark = [pytest.mark.ospfd, pytest.mark.ospf6d, pytest.mark.ripd]

ATD, DTD = 1, 3
ROLLS = 20
FIRST = "hmac-sha-256"
OTHERS = ("hmac-sha-1", "hmac-sha-384", "hmac-sha-512")
SHORT_LIFETIME = 30  # a key is replaced when 13 seconds of it are left


@pytest.fixture(scope="module")
def tgen():
    tgen = topology.start_lab(
        "mrkm_ospf6_rollover",
        protocols=ALL,
        algorithms={OSPFV3.name: FIRST},
        atd=ATD,
        dtd=DTD,
    )
    yield tgen
    tgen.stop_topology()


def test_registration(tgen):
    "Every router registers once for all, and each daemon gets its own key."
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 15)
    for protocol in ALL:
        topology.wait_until(
            f"keys, {protocol.name}",
            lambda p=protocol: topology.not_one_sender(tgen, p),
            15,
        )
    members = mrkm.members(tgen.gears[config.SERVER].vtysh_cmd)
    assert {config.identity(r) for r in config.ROUTERS} == set(members)


def test_adjacencies(tgen):
    topology.wait_for_full(tgen, *ALL)


def test_keys_are_not_shown(tgen):
    "No key is in the configuration or in any show, of any daemon."
    for name in config.ROUTERS:
        shown = "".join(
            tgen.gears[name].vtysh_cmd(command)
            for command in ("show running-config", "show mrkm", "show mrkm keys")
        )
        for protocol in ALL:
            assert f"{protocol.daemon}, mrkmd connected" in shown, shown
        assert "key-string" not in shown


def test_twenty_rolls(tgen):
    """
    All keys of the group roll together.  Nothing is lost or rejected, and each
    router sends with the keys in their order and with nothing else.
    """
    watches = [topology.Steady(tgen, p) for p in ALL]
    senders = {p: [topology.sender(tgen, p)] for p in ALL}
    with ExitStack() as stack:
        captures = {p: stack.enter_context(topology.capture_of(tgen, p)) for p in ALL}
        for _ in range(ROLLS):
            topology.roll(tgen, ATD, DTD, *ALL)
            for protocol in ALL:
                senders[protocol].append(topology.sender(tgen, protocol))
    for watch in watches:
        watch.check()
    for protocol in ALL:
        topology.check_key_order(
            captures[protocol].packets,
            senders[protocol],
            protocol.algorithm,
            protocol,
        )


@pytest.mark.parametrize("algorithm", OTHERS)
def test_algorithm(tgen, algorithm):
    "A change of OSPFv3's algorithm rolls at once, and is hitless for all."
    watches = [topology.Steady(tgen, p) for p in ALL]
    before = topology.sender(tgen, OSPFV3)
    topology.configure(
        tgen.gears[config.SERVER],
        "mrkm",
        "key-server",
        f"group {config.GROUP}",
        f"protocol ospfv3 algorithm {algorithm} lifetime 3600",
    )
    topology.wait_until(
        "roll", lambda: topology.not_rolled_from(tgen, before, OSPFV3), ATD + 5
    )
    for packet in topology.hear_everyone(tgen, protocol=OSPFV3).values():
        assert packet.key_id == topology.sender(tgen, OSPFV3), str(packet)
        topology.check_digest(packet, algorithm)
    topology.wait_until("one key", lambda: topology.not_one_key(tgen, OSPFV3), DTD + 5)
    for watch in watches:
        watch.check()


def test_rolls_by_itself(tgen):
    "The key server replaces all keys before the shortest life of one ends."
    watches = [topology.Steady(tgen, p) for p in ALL]
    before = {p: topology.sender(tgen, p) for p in ALL}
    topology.configure(
        tgen.gears[config.SERVER],
        "mrkm",
        "key-server",
        f"group {config.GROUP}",
        f"protocol ripv2 algorithm md5 lifetime {SHORT_LIFETIME}",
    )
    for protocol in ALL:
        topology.wait_until(
            f"roll, {protocol.name}",
            lambda p=protocol: topology.not_rolled_from(tgen, before[p], p),
            SHORT_LIFETIME,
        )
    for watch in watches:
        watch.check()
