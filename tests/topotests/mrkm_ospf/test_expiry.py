# SPDX-License-Identifier: GPL-2.0-or-later
"""
The key server is gone for good: keys live on until their lifetime is over, and
after that nothing is sent that anybody would believe.
"""

import time

import pytest

from lab import config, mrkm, wire
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 1, 3

# The members give up on the key server about 65 seconds after its end, the
# key server would replace the first key after 72: the keys live on in between.
LIFETIME = 90


@pytest.fixture(scope="module")
def tgen():
    tgen = topology.start_lab("mrkm_ospf_expiry", atd=ATD, dtd=DTD, lifetime=LIFETIME)
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
    yield tgen
    tgen.stop_topology()


def not_alarmed(tgen):
    for name in config.ROUTERS:
        status = mrkm.group(tgen.gears[name].vtysh_cmd)
        if not status.problem:
            return f"{name} says nothing of it: {status}"
    return None


def not_expired(tgen):
    found = topology.senders(tgen)
    return f"senders {found}" if any(found.values()) else None


def end_of_key(tgen, name, key):
    "When (Unix time) the router's ospfd is to stop sending with the key."
    held = mrkm.keys(tgen.gears[name].vtysh_cmd)
    assert list(held) == [key], held
    return time.time() + held[key].send_end / 1000


def check_until(end, key, packets):
    "The key is used until its end, and something that nobody knows after that."
    slack = 0.1
    for packet in packets:
        topology.check_digest(packet, "hmac-sha-256")
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
    watch = topology.Steady(tgen)
    key = topology.sender(tgen)
    topology.stop_daemon(tgen.gears[config.SERVER], "mrkmd", "KILL")
    ends = {name: end_of_key(tgen, name, key) for name in config.ROUTERS}
    with wire.Capture(tgen.gears["r1"].net.pid, "core") as capture:
        topology.wait_until("alarm", lambda: not_alarmed(tgen), LIFETIME)
        assert topology.sender(tgen) == key, "the key did not live on"
        watch.check()
        topology.wait_until("expiry", lambda: not_expired(tgen), LIFETIME)
        watch.check_adjacencies()
        topology.wait_until(
            "adjacencies gone",
            lambda: topology.all_adjacencies(tgen) or None,
            config.DEAD_INTERVAL + 5,
        )
        # Hellos to nobody in particular are as mute.
        topology.hear_everyone(tgen, capture)
    for name, end in ends.items():
        sent = [p for p in capture.packets if p.sender == config.router_id(name)]
        check_until(end, key, sent)


def test_alarm_is_logged(tgen):
    for name in config.ROUTERS:
        text = topology.log(tgen.gears[name], "mrkmd")
        assert "key server does not answer" in text, name
        assert "last key expired" in text, name


def test_recovery(tgen):
    "The key server comes back, and the adjacencies with it."
    tgen.gears[config.SERVER].startDaemons(["mrkmd"])
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 60)
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
