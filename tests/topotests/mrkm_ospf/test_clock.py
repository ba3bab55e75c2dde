# SPDX-License-Identifier: GPL-2.0-or-later
"""
r1's clock steps a day forward, and two days back: keys are not a matter of
the wall clock, in any daemon.

libfaketime makes the step, for r1's routing daemons and mrkmd alone.
"""

import os
import tempfile
import time

import pytest

from lab import config, mrkm
from lab.protocols import ALL, OSPFV2, OSPFV3
import topology

pytestmark = [pytest.mark.ospfd, pytest.mark.ospf6d, pytest.mark.ripd]

# The roll is to take longer than a step is waited for.
ATD, DTD = 5, 10
DAY = 86400


class Clock:
    "A wall clock of their own for the processes started in its environment."

    def __init__(self, path):
        self.path = path
        self.step(0)

    def environment(self):
        return {
            "LD_PRELOAD": topology.faketime_library(),
            "FAKETIME_TIMESTAMP_FILE": self.path,
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def step(self, seconds):
        "From now on the clock is `seconds` ahead of the machine's."
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write(f"{seconds:+d}\n")
        os.chmod(self.path + ".new", 0o644)
        os.rename(self.path + ".new", self.path)


@pytest.fixture(scope="module")
def directory():
    "A directory that user frr can read, as pytest's own are not."
    with tempfile.TemporaryDirectory(prefix="mrkm-clock.") as path:
        os.chmod(path, 0o755)
        yield path


@pytest.fixture(scope="module")
def lab(directory):
    clock = Clock(os.path.join(directory, "offset"))
    daemons = [p.daemon for p in ALL] + ["mrkmd"]
    tgen = topology.start_lab(
        "mrkm_ospf_clock",
        protocols=ALL,
        routing={OSPFV3.name: {"debug": "message hello recv"}},
        atd=ATD,
        dtd=DTD,
        environment={("r1", d): clock.environment() for d in daemons},
    )
    topology.wait_for_full(tgen, *ALL)
    yield tgen, clock
    tgen.stop_topology()


def ahead(tgen, daemon):
    "Seconds that r1's daemon, by the date of its last log line, is ahead."
    last = topology.log(tgen.gears["r1"], daemon).splitlines()[-1]
    stamp = time.strptime(last[:19], "%Y/%m/%d %H:%M:%S")
    return time.mktime(stamp) - time.time()


def step(lab, seconds):
    "Steps the clock, and waits until all have seen it; they log what they hear."
    tgen, clock = lab
    clock.step(seconds)

    def not_seen(daemon):
        found = ahead(tgen, daemon)
        return None if abs(found - seconds) < 60 else f"{daemon} is {found} s ahead"

    for protocol in ALL:
        topology.wait_until(
            "step", lambda p=protocol: not_seen(p.daemon), protocol.interval, 0.05
        )


def steady(tgen):
    return [topology.Steady(tgen, p) for p in ALL]


def test_step_forward(lab):
    "ospfd's packets follow the clock with their sequence numbers, nothing else."
    tgen, _ = lab
    watches = steady(tgen)
    with topology.capture_of(tgen, OSPFV2) as capture:
        step(lab, DAY)
        seen = capture.wait_for(
            lambda p: p.sender == config.router_id("r1")
            and p.sequence > p.time + DAY - 10,
            config.DEAD_INTERVAL,
        )
    assert seen, "r1's OSPF packets do not follow the fake clock"
    for watch in watches:
        watch.check()


def test_roll_after_step_forward(lab):
    tgen, _ = lab
    watches = steady(tgen)
    topology.roll(tgen, ATD, DTD, *ALL)
    for watch in watches:
        watch.check()


def not_two_keys(tgen):
    for protocol in ALL:
        held = topology.keys(tgen, "r1", protocol)
        if len(held) != 2:
            return f"r1 holds for {protocol.name}: {held}"
    return None


def test_step_during_roll(lab):
    "Between the new key's arrival and the old one's end, two days back."
    tgen, _ = lab
    watches = steady(tgen)
    before = {p: topology.sender(tgen, p) for p in ALL}
    mrkm.rekey(tgen.gears[config.SERVER].vtysh_cmd)
    topology.wait_until("new keys", lambda: not_two_keys(tgen), 5, 0.05)
    step(lab, -DAY)
    for protocol in ALL:
        topology.wait_until(
            "roll",
            lambda p=protocol: topology.not_rolled_from(tgen, before[p], p),
            ATD + 5,
        )
        topology.wait_until(
            "one key", lambda p=protocol: topology.not_one_key(tgen, p), DTD + 5
        )
    for watch in watches:
        watch.check()


def test_roll_after_step_back(lab):
    tgen, _ = lab
    watches = steady(tgen)
    topology.roll(tgen, ATD, DTD, *ALL)
    step(lab, 0)
    topology.roll(tgen, ATD, DTD, *ALL)
    for watch in watches:
        watch.check()
