# SPDX-License-Identifier: GPL-2.0-or-later
"""
The key server is gone for good: keys live on until their lifetime is over, and
after that nothing is sent that anybody would believe.  Of any protocol.
"""

import time
from contextlib import ExitStack

import pytest

from lab import config, mrkm
from lab.protocols import ALL
import topology

pytestmark = [pytest.mark.ospfd, pytest.mark.ospf6d, pytest.mark.ripd]

ATD, DTD = 1, 3

# The members give up on the key server about 65 seconds after its end: the keys
# live on for a while after that.
LIFETIME = 90


@pytest.fixture(scope="module")
def tgen():
    tgen = topology.start_lab(
        "mrkm_ospf_expiry", protocols=ALL, atd=ATD, dtd=DTD, lifetime=LIFETIME
    )
    topology.wait_for_full(tgen, *ALL)
    yield tgen
    tgen.stop_topology()


def not_alarmed(tgen):
    for name in config.ROUTERS:
        status = mrkm.group(tgen.gears[name].vtysh_cmd)
        if not status.problem:
            return f"{name} says nothing of it: {status}"
    return None


def not_expired(tgen, protocol):
    found = topology.senders(tgen, protocol)
    return f"senders {found}" if any(found.values()) else None


def end_of_key(tgen, name, protocol):
    "When (Unix time) the router's daemon is to stop sending with its one key."
    held = topology.keys(tgen, name, protocol)
    assert len(held) == 1, held
    return time.time() + next(iter(held.values())).send_end / 1000


def check_until(end, key, packets, protocol):
    "The key is used until its end, and something that nobody knows after that."
    slack = 0.1
    for packet in packets:
        topology.check_digest(packet, protocol.algorithm)
        if packet.time < end - slack:
            assert packet.key_id == key, f"{end - packet.time} s too early: {packet}"
        elif packet.time > end + slack:
            assert packet.key_id == 0, f"{packet.time - end} s too late: {packet}"
    assert packets[0].key_id == key and packets[-1].key_id == 0


def test_unreachable(tgen):
    """
    Until the last key's end everything stays as it was, but for an alarm.
    Then no packet is without a digest, or has one of a key that is over; none
    is believed, and the adjacencies go.
    """
    # However long the start took, the key is young.
    topology.roll(tgen, ATD, DTD, *ALL)
    watches = [topology.Steady(tgen, p) for p in ALL]
    keys = {p: topology.sender(tgen, p) for p in ALL}
    topology.stop_daemon(tgen.gears[config.SERVER], "mrkmd", "KILL")
    ends = {(p, r): end_of_key(tgen, r, p) for p in ALL for r in config.ROUTERS}
    with ExitStack() as stack:
        captures = {p: stack.enter_context(topology.capture_of(tgen, p)) for p in ALL}
        topology.wait_until("alarm", lambda: not_alarmed(tgen), LIFETIME)
        for watch in watches:
            assert topology.sender(tgen, watch.protocol) == keys[watch.protocol]
            watch.check()
        for protocol in ALL:
            topology.wait_until(
                "expiry", lambda p=protocol: not_expired(tgen, p), LIFETIME
            )
        for protocol in ALL:
            topology.wait_until(
                f"end of adjacencies, {protocol.name}",
                lambda p=protocol: topology.all_adjacencies(tgen, p) or None,
                protocol.forgets,
            )
        # Hellos to nobody in particular are as mute.
        for protocol in ALL:
            topology.hear_everyone(tgen, captures[protocol], protocol)
    for (protocol, name), end in ends.items():
        sender = protocol.sender(name)
        sent = [p for p in captures[protocol].packets if p.sender == sender]
        check_until(end, keys[protocol], sent, protocol)


def test_alarm_is_logged(tgen):
    for name in config.ROUTERS:
        text = topology.log(tgen.gears[name], "mrkmd")
        assert "key server does not answer" in text, name
        assert "last key expired" in text, name


def test_recovery(tgen):
    "The key server comes back, and the adjacencies with it."
    tgen.gears[config.SERVER].startDaemons(["mrkmd"])
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 60)
    topology.wait_for_full(tgen, *ALL)
