# SPDX-License-Identifier: GPL-2.0-or-later
"""
RIPv2, keyed by one entry in the table of protocols: restart of ripd, keys by
hand, and an interface that would give the key away.  Rolls, expiry and clock
steps are tested along with OSPF's.
"""

import time

import pytest

from lab import config, mrkm, wire
from lab.protocols import RIPV2
import topology

pytestmark = [pytest.mark.ripd]

ATD, DTD = 1, 3
PLACE = (RIPV2.daemon, RIPV2.key_chain)


@pytest.fixture(scope="module")
def tgen():
    tgen = topology.start_lab("mrkm_rip", protocols=(RIPV2,), atd=ATD, dtd=DTD)
    topology.wait_for_full(tgen, RIPV2)
    yield tgen
    tgen.stop_topology()


def updates_of_r1(capture, start=0.0):
    "ripd asks for routes without authentication, but tells none."
    sender, response = RIPV2.sender("r1"), 2
    return [
        p
        for p in capture.packets
        if p.sender == sender and p.type == response and p.time > start
    ]


def not_reported(router, obstacle):
    found = mrkm.obstacle(router.vtysh_cmd, *PLACE)
    return None if found == obstacle else f"obstacle: {found}"


def routes_without_r1(tgen):
    "What r2 and r3 still have of r1."
    prefix = RIPV2.neighbor("r1")
    return [a for a in topology.all_adjacencies(tgen, RIPV2) if a[1] == prefix] or None


def test_registration(tgen):
    "ripd can Keyed-MD5 alone, and says so."
    topology.roll(tgen, ATD, DTD, RIPV2)
    for packet in topology.hear_everyone(tgen, protocol=RIPV2).values():
        topology.check_digest(packet, "md5")
        assert packet.key_id == topology.sender(tgen, RIPV2)


def test_algorithm_that_ripd_cannot_do(tgen):
    "It is refused where it is typed."
    said = topology.configure_in_vain(
        tgen.gears[config.SERVER],
        "mrkm",
        "key-server",
        f"group {config.GROUP}",
        "protocol ripv2 algorithm hmac-sha-256 lifetime 3600",
    )
    assert "ripv2" in said, said


@pytest.mark.parametrize("how", ["TERM", "KILL"])
def test_restart(tgen, how):
    "ripd has its key back before it tells anything, and its neighbours hear it."
    r1, key = tgen.gears["r1"], topology.sender(tgen, RIPV2)
    with topology.capture_of(tgen, RIPV2) as capture:
        topology.stop_daemon(r1, "ripd", how)
        start = time.time()
        r1.startDaemons(["ripd"])
        topology.wait_for_full(tgen, RIPV2)
        topology.hear_everyone(tgen, capture, RIPV2)
    packets = updates_of_r1(capture, start)
    assert packets, "r1 is silent"
    for packet in packets:
        topology.check_digest(packet, "md5")
        assert packet.key_id in (0, key), str(packet)
    topology.roll(tgen, ATD, DTD, RIPV2)


def test_hand_made_key(tgen):
    "The operator's key, which others reject; that is noticed. Then ours again."
    r1, chain = tgen.gears["r1"], f"key chain {RIPV2.key_chain}"
    watch = topology.Steady(tgen, RIPV2)
    topology.configure(r1, chain, "key 7", f"key-string {config.STATIC_KEY}")
    topology.wait_until("conflict", lambda: not_reported(r1, "conflict"), 5)
    topology.wait_until("loss", lambda: routes_without_r1(tgen), RIPV2.forgets)
    with pytest.raises(AssertionError, match="rejected"):
        watch.check_rejections()
    with pytest.raises(AssertionError):
        watch.check_adjacencies()
    topology.configure(r1, f"no {chain}")
    topology.wait_until("peace", lambda: not_reported(r1, None), 5)
    topology.wait_for_full(tgen, RIPV2)


def test_key_is_not_a_password(tgen):
    """
    With "mode text" ripd would send the key as it is.  It gets none, says so,
    and sends no updates at all; then the mode is mended.
    """
    r1 = tgen.gears["r1"]
    mode = "ip rip authentication mode"
    with topology.capture_of(tgen, RIPV2) as capture:
        topology.configure(r1, "interface core", f"{mode} text")
        topology.wait_until("refusal", lambda: not_reported(r1, "exposed"), 5, 0.05)
        start = time.time()
        topology.wait_until(
            "problem",
            lambda: (
                None
                if "password" in (mrkm.group(r1.vtysh_cmd).problem or "")
                else "mrkmd knows of none"
            ),
            5,
        )
        topology.wait_until("loss", lambda: routes_without_r1(tgen), RIPV2.forgets)
        assert not updates_of_r1(capture, start)
        topology.configure(r1, "interface core", f"{mode} md5 auth-length rfc")
        topology.wait_for_full(tgen, RIPV2)
    for packet in updates_of_r1(capture):
        assert packet.auth_type != wire.AUTH_SIMPLE, str(packet)
    assert mrkm.group(r1.vtysh_cmd).problem is None
