# SPDX-License-Identifier: GPL-2.0-or-later
"All algorithms of OSPFv2, one after the other, without losing an adjacency."

import pytest

from lab import config
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 1, 3
FIRST = "md5"
OTHERS = ("hmac-sha-1", "hmac-sha-256", "hmac-sha-384", "hmac-sha-512")


@pytest.fixture(scope="module")
def tgen():
    tgen = topology.start_lab(
        "mrkm_ospf_algorithms", algorithms={"ospfv2": FIRST}, atd=ATD, dtd=DTD
    )
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
    yield tgen
    tgen.stop_topology()


def on_the_wire(tgen, key_id, algorithm):
    "Every router sends with that key, and digests of that algorithm's length."
    for packet in topology.hear_everyone(tgen).values():
        assert packet.key_id == key_id, str(packet)
        topology.check_digest(packet, algorithm)


def test_first(tgen):
    on_the_wire(tgen, topology.sender(tgen), FIRST)


@pytest.mark.parametrize("algorithm", OTHERS)
def test_change(tgen, algorithm):
    "A change of the group's algorithm rolls at once, and is hitless too."
    watch = topology.Steady(tgen)
    before = topology.sender(tgen)
    topology.configure(
        tgen.gears[config.SERVER],
        "mrkm",
        "key-server",
        f"group {config.GROUP}",
        f"protocol ospfv2 algorithm {algorithm} lifetime 3600",
    )
    topology.wait_until("roll", lambda: topology.not_rolled_from(tgen, before), ATD + 5)
    on_the_wire(tgen, topology.sender(tgen), algorithm)
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), DTD + 5)
    watch.check()
