# SPDX-License-Identifier: GPL-2.0-or-later
"""
The lab itself, with key chains typed by hand: what all other tests stand on,
and that their checks can fail.
"""

import pytest

from lab import config, wire
import topology

pytestmark = [pytest.mark.ospfd]


@pytest.fixture(scope="module")
def tgen():
    texts = {
        name: config.router_config(name, keys=config.static_keys_config())
        for name in config.ROUTERS
    }
    daemons = {name: topology.STATIC_DAEMONS for name in config.ROUTERS}
    tgen = topology.start("mrkm_ospf_static", texts, daemons)
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
    yield tgen
    tgen.stop_topology()


def test_steady(tgen):
    watch = topology.Steady(tgen)
    topology.check_key_order(topology.hear_everyone(tgen).values(), [1], "hmac-sha-256")
    watch.check()


def test_wrong_key_is_noticed(tgen):
    "A key with the same ID but other octets: rejected, and then the neighbour is lost."
    watch = topology.Steady(tgen)
    topology.configure(
        tgen.gears["r1"], f"key chain {config.KEY_CHAIN}", "key 1", "key-string another"
    )
    noticed = lambda: None if any(topology.rejections(tgen).values()) else "none"
    topology.wait_until("rejections", noticed, config.DEAD_INTERVAL)
    with pytest.raises(AssertionError, match="rejected"):
        watch.check_rejections()
    topology.configure(
        tgen.gears["r1"],
        f"key chain {config.KEY_CHAIN}",
        "key 1",
        f"key-string {config.STATIC_KEY}",
    )


def test_reset_is_noticed(tgen):
    "An adjacency that was lost and found again is not steady."
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
    watch = topology.Steady(tgen)
    tgen.gears["r1"].vtysh_cmd("clear ip ospf neighbor")
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
    with pytest.raises(AssertionError):
        watch.check_adjacencies()


def test_missing_digest_is_noticed(tgen):
    "Without a key ospfd sends packets whose digest is missing."
    topology.configure(tgen.gears["r1"], f"key chain {config.KEY_CHAIN}", "no key 1")
    with wire.Capture(tgen.gears["r1"].net.pid, "core") as capture:
        mute = capture.wait_for(
            lambda p: p.sender == config.router_id("r1") and p.key_id == 0,
            config.DEAD_INTERVAL,
        )
    assert mute, "r1 does not send without a key"
    with pytest.raises(AssertionError):
        topology.check_digest(mute, "hmac-sha-256")
