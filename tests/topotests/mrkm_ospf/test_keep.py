# SPDX-License-Identifier: GPL-2.0-or-later
"""
Routers that reboot while the key server is away: who keeps its keys has its
neighbours back, who does not keep them is silent.
"""

import json

import pytest

from lab import config, mrkm
from lab.protocols import OSPFV2
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 1, 3
# Seconds that a key server without memory waits for members of before, of its own accord.
RESTART = 60
KEEPERS = ("r1", "r2")
ANOTHER_CLOCK = "unshare --time --monotonic 500000 --fork"
DAY = 86400


@pytest.fixture(scope="module")
def tgen():
    tgen = topology.start_lab(
        "mrkm_ospf_keep",
        texts={
            name: topology.member_text(name, (OSPFV2,), keep=name in KEEPERS)
            for name in config.ROUTERS
        },
        atd=ATD,
        dtd=DTD,
    )
    topology.wait_for_full(tgen, OSPFV2)
    yield tgen
    tgen.stop_topology()


def not_full_with(router, neighbor):
    "None when the router is Full with that neighbour."
    found = OSPFV2.adjacencies(router.name, router.vtysh_cmd).values()
    states = {a.neighbor: a.state for a in found}
    if states.get(config.router_id(neighbor)) == "Full":
        return None
    return f"{router.name}: {states}"


def keep_problem(router):
    said = json.loads(router.vtysh_cmd("show mrkm json", daemon="mrkmd"))
    return said["keepKeys"].get("problem")


def silent(router):
    "None when the router's ospfd has the key that nobody else has."
    if mrkm.last_resort(router.vtysh_cmd):
        return None
    return f"{router.name} holds {mrkm.keys(router.vtysh_cmd)}"


def server_back(tgen):
    "The key server is there again, and everything is as it was."
    tgen.gears[config.SERVER].startDaemons(["mrkmd"])
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 30)
    topology.wait_until("one sender", lambda: topology.not_one_sender(tgen), 10)
    topology.wait_for_full(tgen, OSPFV2)


def seconds_of_send(router, key_id):
    return mrkm.keys(router.vtysh_cmd)[key_id].send_end / 1000


def test_reboot(tgen):
    """
    r1's clocks both begin anew: the monotonic one is at another point, and
    another boot has another name.  Its keys are those that it had, and end when
    they did.
    """
    r1, r2, r3 = (tgen.gears[name] for name in config.ROUTERS)
    topology.roll(tgen, ATD, DTD)
    key = topology.sender(tgen)
    topology.stop_daemon(tgen.gears[config.SERVER], "mrkmd", "KILL")
    topology.reboot(r3)
    topology.reboot(r1, ANOTHER_CLOCK)
    for router, neighbor in ((r1, "r2"), (r2, "r1")):
        topology.wait_until(
            "Full without a key server",
            lambda r=router, n=neighbor: not_full_with(r, n),
            OSPFV2.patience,
        )
    assert topology.sender(tgen, routers=KEEPERS) == key
    assert not mrkm.registered(r1.vtysh_cmd)
    difference = seconds_of_send(r1, key) - seconds_of_send(r2, key)
    assert abs(difference) < 10, difference
    assert keep_problem(r1) is None
    topology.wait_until("r3 has no key", lambda: silent(r3), 10)
    assert not_full_with(r3, "r2")
    server_back(tgen)


def test_roll_after_reboot(tgen):
    """
    The key server has forgotten everybody, and gives all members that may hold older
    keys the time to come before it has any of them send with a new one.
    """
    watch = topology.Steady(tgen)
    topology.roll(tgen, ATD, DTD, patience=RESTART + 10)
    watch.check()


def test_clock_behind(tgen):
    """
    The clock says that the keys were kept tomorrow: they are not used, and it is
    said what to do.
    """
    r1 = tgen.gears["r1"]
    topology.stop_daemon(tgen.gears[config.SERVER], "mrkmd", "KILL")
    clock = {
        "LD_PRELOAD": topology.faketime_library(),
        "FAKETIME": f"-{DAY}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    topology.reboot(r1, environment={"mrkmd": clock})
    topology.wait_until("no key", lambda: silent(r1), 10)
    assert "forgotten: the clock" in keep_problem(r1)
    server_back(tgen)
    assert keep_problem(r1) is None


def test_forgotten(tgen):
    "What is no longer to be kept is gone, in the file too."
    r1 = tgen.gears["r1"]
    topology.configure(r1, "mrkm", "no keep-keys")
    topology.configure(r1, "mrkm", "keep-keys")
    assert keep_problem(r1) is None
    topology.configure(r1, "mrkm", "no keep-keys")
    topology.stop_daemon(tgen.gears[config.SERVER], "mrkmd", "KILL")
    topology.reboot(r1)
    topology.wait_until("no key", lambda: silent(r1), 10)
    server_back(tgen)


def test_file_that_does_not_work(tgen):
    """
    The router goes on without: a roll is hitless, and what to do is said.  When
    it works again, the keys are kept again.
    """
    r2, path = tgen.gears["r2"], "/var/lib/frr/keys.db"
    watch = topology.Steady(tgen)
    r2.cmd_raises(f"mkdir {path}")
    topology.configure(r2, "mrkm", f"keep-keys file {path}")
    topology.write_config(
        r2,
        topology.member_text("r2", (OSPFV2,), keep=True).replace(
            " keep-keys\n", f" keep-keys file {path}\n"
        ),
    )
    assert path in keep_problem(r2)
    topology.roll(tgen, ATD, DTD)
    watch.check()
    r2.cmd_raises(f"rmdir {path}")
    topology.wait_until("works again", lambda: keep_problem(r2), 20)
    key = topology.sender(tgen)
    topology.stop_daemon(tgen.gears[config.SERVER], "mrkmd", "KILL")
    topology.stop_daemon(r2, "mrkmd", "KILL")
    topology.stop_daemon(r2, "ospfd", "KILL")
    r2.startDaemons(["mrkmd", "ospfd"])
    topology.wait_until("Full", lambda: not_full_with(r2, "r3"), OSPFV2.patience)
    assert topology.sender(tgen, routers=("r2",)) == key
    server_back(tgen)
