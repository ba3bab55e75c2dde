# SPDX-License-Identifier: GPL-2.0-or-later
"""
A NAT between a member and the key server: they move on to the NAT-T port.

r1 carries the NAT, a relay between ports of its own and those of the key server,
so that r3 asks a key server at r1's address.  r1 and r2 have no NAT on their way.
"""

import os

import pytest

from lab import config, mrkm
import topology

pytestmark = [pytest.mark.ospfd]

NAT_T = 4500
KEEPALIVE_INTERVAL = 20
LIVENESS_INTERVAL = 60  # nothing else keeps the NAT awake

RELAY = os.path.join(os.path.dirname(__file__), "..", "..", "lab", "relay.py")


def with_nat_t(text):
    text = text.replace(f" liveness-interval {config.LIVENESS_INTERVAL}\n", "")
    return text.replace(
        "\nmrkm\n",
        f"\nmrkm\n nat-traversal port {NAT_T}\n liveness-interval {LIVENESS_INTERVAL}\n",
    )


@pytest.fixture(scope="module")
def relay():
    "What the relay has passed on to the key server: [(port, length, first octets)]."

    class Relay:
        path = None

        def passed(self):
            with open(self.path, encoding="ascii") as file:
                lines = [line.split() for line in file.read().splitlines()]
            return [(int(port), int(size), first) for port, size, first in lines]

    return Relay()


@pytest.fixture(scope="module")
def tgen(relay):
    near = config.mgmt_address("r1")
    texts = {name: with_nat_t(config.router_config(name)) for name in config.ROUTERS}
    texts["r3"] = texts["r3"].replace(
        f"key-server {config.SERVER_ADDRESS}",
        f"key-server {near} port 1848 nat-traversal-port 14500",
    )
    texts[config.SERVER] = with_nat_t(config.key_server_config())
    tgen = topology.start_lab("mrkm_ospf_nat", texts=texts)
    relay.path = os.path.join(tgen.gears["r1"].gearlogdir, "relay.log")
    tgen.gears["r1"].cmd_raises(
        f"/usr/bin/python3 {RELAY} {near} {config.SERVER_ADDRESS}"
        f" 1848:848 14500:{NAT_T} >{relay.path} 2>&1 &"
    )
    yield tgen
    tgen.stop_topology()


def test_registered(tgen):
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)


def test_configuration(tgen):
    "What was configured is what is shown."
    shown = tgen.gears["r3"].vtysh_cmd("show running-config")
    assert f"nat-traversal port {NAT_T}" in shown
    near = config.mgmt_address("r1")
    assert f"key-server {near} port 1848 nat-traversal-port 14500\n" in shown


def test_who_moved(tgen, relay):
    "r3 did, after its first message; the others stay on port 848."
    members = mrkm.member_addresses(tgen.gears[config.SERVER].vtysh_cmd)
    assert members[config.identity("r2")] == f"{config.mgmt_address('r2')}:848"
    assert members[config.identity("r3")].startswith(config.mgmt_address("r1"))
    passed = relay.passed()
    last_init = max(i for i, (port, _, _) in enumerate(passed) if port == 848)
    moved = passed[last_init + 1 :]
    assert moved and {first for _, _, first in moved if first != "ff"} == {"00000000"}


def test_roll(tgen):
    "New keys reach a member behind a NAT."
    watch = topology.Steady(tgen)
    old = topology.sender(tgen)
    tgen.gears[config.SERVER].vtysh_cmd(f"mrkm rekey group {config.GROUP}")
    topology.wait_until("roll", lambda: topology.not_rolled_from(tgen, old), 15)
    watch.check()


def test_keepalive(relay):
    "Who is behind the NAT keeps it awake, with one octet."

    def missing():
        alive = [size for port, size, first in relay.passed() if first == "ff"]
        return None if alive and set(alive) == {1} else f"passed: {relay.passed()}"

    topology.wait_until("keepalive", missing, KEEPALIVE_INTERVAL + 10)
