# SPDX-License-Identifier: GPL-2.0-or-later
"""
r1's clock steps a day forward, and two days back: keys are not a matter of
the wall clock.

libfaketime makes the step, for r1's ospfd and mrkmd alone.
"""

import glob
import os

import pytest

from lab import config, mrkm, wire
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 1, 3
DAY = 86400


def faketime_library():
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    assert found, "libfaketime is missing: apt-get install libfaketime"
    return found[0]


class Clock:
    "A wall clock of their own for the processes started in its environment."

    def __init__(self, path):
        self.path = path
        self.step(0)

    def environment(self):
        return {
            "LD_PRELOAD": faketime_library(),
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
def lab(tmp_path_factory):
    directory = tmp_path_factory.mktemp("clock")
    for parent in (directory, directory.parent):
        os.chmod(parent, 0o755)
    clock = Clock(str(directory / "offset"))
    tgen = topology.start_lab(
        "mrkm_ospf_clock", atd=ATD, dtd=DTD,
        environment={("r1", d): clock.environment() for d in ("ospfd", "mrkmd")},
    )
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
    yield tgen, clock
    tgen.stop_topology()


def roll(tgen):
    before = topology.sender(tgen)
    mrkm.rekey(tgen.gears[config.SERVER].vtysh_cmd)
    topology.wait_until("roll", lambda: topology.not_rolled_from(tgen, before), ATD + 5)
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), DTD + 5)


def test_processes_see_the_step(lab):
    "The step is real to ospfd: its log and its sequence numbers follow it."
    tgen, clock = lab
    watch = topology.Steady(tgen)
    r1 = tgen.gears["r1"]
    with wire.Capture(r1.net.pid, "core") as capture:
        clock.step(DAY)
        seen = capture.wait_for(
            lambda p: p.sender == config.router_id("r1")
            and p.sequence > p.time + DAY - 10,
            config.DEAD_INTERVAL,
        )
    assert seen, "r1's OSPF packets do not follow the fake clock"
    watch.check()


def test_roll_after_step_forward(lab):
    tgen, _ = lab
    watch = topology.Steady(tgen)
    roll(tgen)
    watch.check()


def test_step_during_roll(lab):
    "Between the new key's arrival and the old one's end, two days back."
    tgen, clock = lab
    watch = topology.Steady(tgen)
    before = topology.sender(tgen)
    mrkm.rekey(tgen.gears[config.SERVER].vtysh_cmd)
    topology.wait_until("new key", lambda: not_two_keys(tgen), 5, 0.05)
    clock.step(-DAY)
    topology.wait_until("roll", lambda: topology.not_rolled_from(tgen, before), ATD + 5)
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), DTD + 5)
    watch.check()


def not_two_keys(tgen):
    held = mrkm.keys(tgen.gears["r1"].vtysh_cmd)
    return None if len(held) == 2 else f"r1 holds {held}"


def test_roll_after_step_back(lab):
    tgen, clock = lab
    watch = topology.Steady(tgen)
    roll(tgen)
    clock.step(0)
    roll(tgen)
    watch.check()
