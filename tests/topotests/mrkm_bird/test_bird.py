# SPDX-License-Identifier: GPL-2.0-or-later
"""
BIRD as an OSPFv2 and OSPFv3 neighbour of FRR, with the very octets that the key
server handed out: Full, and through rolls, with all algorithms.
"""

import os

import pytest

from lab import config, mrkm
from lab.bird import Bird
from lab.protocols import OSPFV2, OSPFV3
import topology

pytestmark = [pytest.mark.ospfd, pytest.mark.ospf6d]

PROTOCOLS = (OSPFV2, OSPFV3)
FRR, BIRD = ("r1", "r2"), "r3"
ATD, DTD = 3, 6


def programs():
    "(folder of BIRD's programs, the group member's program)"
    folder, member = os.environ.get("BIRD_DIR"), os.environ.get("PEER")
    assert member and folder, "PEER and BIRD_DIR are not set: run 'make topotest'"
    assert os.path.exists(f"{folder}/bird"), f"there is no BIRD in {folder}"
    return folder, member


@pytest.fixture(scope="module")
def lab():
    folder, member = programs()
    texts = {name: topology.member_text(name, PROTOCOLS) for name in FRR}
    texts[config.SERVER] = topology.server_text(PROTOCOLS, atd=ATD, dtd=DTD)
    daemons = {name: topology.member_daemons(PROTOCOLS) for name in FRR}
    daemons[config.SERVER] = topology.SERVER_DAEMONS
    psks = {
        (name, path): content
        for name in texts
        for path, content in config.psk_files(name).items()
    }
    tgen = topology.start("mrkm_bird", texts, daemons, psks)
    node = tgen.gears[BIRD]
    for interface, address in (
        ("lo", f"{config.router_id(BIRD)}/32"),
        ("lo", f"{config.router_id6(BIRD)}/128"),
        ("mgmt", f"{config.mgmt_address(BIRD)}/24"),
        ("core", f"{config.core_address(BIRD)}/24"),
    ):
        node.cmd_raises(f"ip address add {address} dev {interface}")
    bird = Bird(node.net.popen, BIRD, node.gearlogdir, folder, member)
    bird.join()
    topology.wait_until("keys", lambda: None if bird.news() else "none", 20)
    bird.tell()
    yield tgen, bird
    bird.stop()
    tgen.stop_topology()


def not_full(tgen, bird, protocol):
    neighbors = [config.router_id(name) for name in FRR]
    return topology.not_all_full(tgen, protocol, FRR) or bird.not_full(
        protocol.name, neighbors
    )


def test_full(lab):
    "Everybody with everybody, by both protocols, and routes to what BIRD has."
    tgen, bird = lab
    for protocol in PROTOCOLS:
        topology.wait_until(
            f"Full, {protocol.name}",
            lambda p=protocol: not_full(tgen, bird, p),
            protocol.patience,
        )
    for name in FRR:
        for command in (
            f"ping -c 1 -W 5 {config.router_id(BIRD)}",
            f"ping -c 1 -W 5 {config.router_id6(BIRD)}",
        ):
            topology.wait_until(
                command,
                lambda n=name, c=command: (
                    tgen.gears[n].net.cmd_status(c, warn=False)[1]
                    if tgen.gears[n].net.cmd_status(c, warn=False)[0]
                    else None
                ),
                20,
                1,
            )


def hear_new_key(tgen, protocol):
    "BIRD's clock and ours may differ by the time that a message takes."
    key = topology.sender(tgen, protocol, FRR)
    with topology.capture_of(tgen, protocol) as capture:
        for name in FRR + (BIRD,):
            heard = capture.wait_for(
                lambda p, sender=protocol.sender(name): p.sender == sender
                and p.key_id == key,
                protocol.interval,
            )
            assert heard, f"{name} does not send with key {key}"


def told(bird, check):
    "Goes on telling BIRD what its member hears while `check` is waited for."

    def told_and_checked():
        bird.follow()
        return check()

    return told_and_checked


def roll(tgen, bird, before):
    for protocol in PROTOCOLS:
        topology.wait_until(
            f"roll, {protocol.name}",
            told(
                bird,
                lambda p=protocol: topology.not_rolled_from(tgen, before[p], p, FRR),
            ),
            ATD + 10,
        )
    for protocol in PROTOCOLS:
        hear_new_key(tgen, protocol)
    for protocol in PROTOCOLS:
        topology.wait_until(
            f"one key, {protocol.name}",
            told(bird, lambda p=protocol: topology.not_one_key(tgen, p, FRR)),
            DTD + 5,
        )


class Watch:
    "FRR and BIRD keep their adjacencies, and reject nothing."

    def __init__(self, tgen, bird):
        self.bird = bird
        self.said = len(bird.log())
        self.frr = [topology.Steady(tgen, p, FRR) for p in PROTOCOLS]

    def check(self):
        for watch in self.frr:
            watch.check()
        said = self.bird.log()[self.said :]
        assert "Reconfigured" in said, "BIRD has not been told"
        assert "uthentication failed" not in said, said


def test_rolls(lab):
    tgen, bird = lab
    watch = Watch(tgen, bird)
    for _ in range(2):
        before = {p: topology.sender(tgen, p, FRR) for p in PROTOCOLS}
        mrkm.rekey(tgen.gears[config.SERVER].vtysh_cmd)
        roll(tgen, bird, before)
    watch.check()


@pytest.mark.parametrize("algorithm", ["hmac-sha-1", "hmac-sha-384", "hmac-sha-512"])
def test_algorithm(lab, algorithm):
    "Two changes of the configuration, and two rolls at the same time."
    tgen, bird = lab
    watch = Watch(tgen, bird)
    before = {p: topology.sender(tgen, p, FRR) for p in PROTOCOLS}
    topology.configure(
        tgen.gears[config.SERVER],
        "mrkm",
        "key-server",
        f"group {config.GROUP}",
        *(f"protocol {p.name} algorithm {algorithm} lifetime 3600" for p in PROTOCOLS),
    )
    roll(tgen, bird, before)
    watch.check()
