# SPDX-License-Identifier: GPL-2.0-or-later
"""
What ospf6d sends when it has no key: it is restarted, with and without mrkmd,
let go of, and given keys by hand.  Never a packet without trailer.
"""

import time

import pytest

from lab import config, mrkm
from lab.protocols import OSPFV3
import topology

pytestmark = [pytest.mark.ospf6d]

ATD, DTD = 1, 3


@pytest.fixture(scope="module")
def tgen():
    tgen = topology.start_lab(
        "mrkm_ospf6_ospf6d", protocols=(OSPFV3,), atd=ATD, dtd=DTD
    )
    topology.wait_for_full(tgen, OSPFV3)
    yield tgen
    tgen.stop_topology()


def sent_by_r1(capture, start=0.0):
    sender = OSPFV3.sender("r1")
    return [p for p in capture.packets if p.sender == sender and p.time > start]


def check_trailers(packets):
    assert packets, "r1 is silent"
    for packet in packets:
        topology.check_digest(packet, OSPFV3.algorithm)


def adjacencies_of_r1(tgen):
    found = topology.all_adjacencies(tgen, OSPFV3)
    return [a for (router, _), a in found.items() if router == "r1"] or None


def hear_r1(capture):
    "The next packet of r1 says how it is."
    start, sender = time.time(), OSPFV3.sender("r1")
    packet = capture.wait_for(
        lambda p: p.time > start and p.sender == sender, OSPFV3.interval
    )
    assert packet, "r1 is silent"
    return packet


@pytest.mark.parametrize("how", ["TERM", "KILL"])
def test_restart(tgen, how):
    """
    ospf6d has its key back before its neighbours hear it.  They do not at
    first, keys or not: a restarted ospf6d counts its packets from 0, and its
    neighbours of the same make mind until they have forgotten the old one.
    """
    r1, key = tgen.gears["r1"], topology.sender(tgen, OSPFV3)
    with topology.capture_of(tgen, OSPFV3) as capture:
        topology.stop_daemon(r1, "ospf6d", how)
        start = time.time()
        r1.startDaemons(["ospf6d"])
        topology.wait_until(
            "key", lambda: topology.not_one_sender(tgen, OSPFV3), 10, 0.05
        )
        topology.wait_for_full(tgen, OSPFV3)
    packets = sent_by_r1(capture, start)
    check_trailers(packets)
    assert {p.key_id for p in packets} <= {0, key}
    topology.roll(tgen, ATD, DTD, OSPFV3)


def test_without_mrkmd(tgen):
    "Nobody tells ospf6d whose its key chain is: it takes no chances."
    r1, key = tgen.gears["r1"], topology.sender(tgen, OSPFV3)
    topology.stop_daemon(r1, "mrkmd")
    with topology.capture_of(tgen, OSPFV3) as capture:
        topology.stop_daemon(r1, "ospf6d")
        start = time.time()
        r1.startDaemons(["ospf6d"])
        assert hear_r1(capture).key_id == 0
        topology.wait_until(
            "end of adjacencies",
            lambda: topology.all_adjacencies(tgen, OSPFV3).keys()
            - {("r2", config.router_id("r3")), ("r3", config.router_id("r2"))}
            or None,
            OSPFV3.forgets,
        )
        alone = sent_by_r1(capture, start)
        check_trailers(alone)
        assert {p.key_id for p in alone} == {0}
        r1.startDaemons(["mrkmd"])
        topology.wait_for_full(tgen, OSPFV3)
    check_trailers(sent_by_r1(capture, start))
    assert topology.sender(tgen, OSPFV3) == key


def test_let_go(tgen):
    "mrkmd has no business with the key chain any more, ospf6d still names it."
    r1 = tgen.gears["r1"]
    member = ("mrkm", f"group {config.GROUP}")
    with topology.capture_of(tgen, OSPFV3) as capture:
        topology.configure(r1, *member, "no protocol ospfv3")
        assert hear_r1(capture).key_id == 0
        topology.configure(r1, *member, f"protocol ospfv3 key-chain {OSPFV3.key_chain}")
        topology.wait_until(
            "key", lambda: topology.not_one_sender(tgen, OSPFV3), 10, 0.05
        )
    check_trailers(sent_by_r1(capture))
    topology.wait_for_full(tgen, OSPFV3)


def test_hand_made_key(tgen):
    """
    A key that the operator typed is used, and its neighbours reject it: that is
    noticed, which shows that other tests would notice it too.  Ours is back
    when it is gone.
    """
    r1, chain = tgen.gears["r1"], f"key chain {OSPFV3.key_chain}"
    watch = topology.Steady(tgen, OSPFV3)
    place = (r1.vtysh_cmd, OSPFV3.daemon, OSPFV3.key_chain)
    with topology.capture_of(tgen, OSPFV3) as capture:
        topology.configure(
            r1,
            chain,
            "key 70000",
            f"key-string {config.STATIC_KEY}",
            f"cryptographic-algorithm {OSPFV3.algorithm}",
        )
        topology.wait_until(
            "conflict",
            lambda: None if mrkm.obstacle(*place) == "conflict" else mrkm.keys(*place),
            5,
        )
        assert hear_r1(capture).key_id == 70000 % 65536
        topology.wait_until(
            "end of adjacencies", lambda: adjacencies_of_r1(tgen), OSPFV3.forgets
        )
        with pytest.raises(AssertionError, match="rejected"):
            watch.check_rejections()
        with pytest.raises(AssertionError):
            watch.check_adjacencies()
        topology.configure(r1, chain, "no key 70000")
        topology.configure(r1, f"no {chain}")
        topology.wait_for_full(tgen, OSPFV3)
    check_trailers(sent_by_r1(capture))


def test_named_late(tgen):
    "A key chain of a name that nobody has heard of is closed at once."
    r1 = tgen.gears["r1"]
    command = "ipv6 ospf6 authentication keychain"
    with topology.capture_of(tgen, OSPFV3) as capture:
        topology.configure(r1, "interface core", f"{command} UNHEARD-OF")
        assert mrkm.last_resort(r1.vtysh_cmd, OSPFV3.daemon, "UNHEARD-OF")
        assert hear_r1(capture).key_id == 0
        topology.configure(r1, "interface core", f"{command} {OSPFV3.key_chain}")
        topology.wait_for_full(tgen, OSPFV3)
    check_trailers(sent_by_r1(capture))
    running = r1.vtysh_cmd("show running-config")
    assert f"{command} {OSPFV3.key_chain}" in running and "UNHEARD-OF" not in running
