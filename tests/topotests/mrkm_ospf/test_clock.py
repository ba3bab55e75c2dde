# SPDX-License-Identifier: GPL-2.0-or-later
"""
r1's clock steps a day forward, and two days back: keys are not a matter of
the wall clock.

libfaketime makes the step, for r1's ospfd and mrkmd alone.
"""

import glob
import os
import tempfile
import time

import pytest

from lab import config, mrkm, wire
import topology

pytestmark = [pytest.mark.ospfd]

# The roll is to take longer than a step is waited for.
ATD, DTD = 5, 10
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
def directory():
    "A directory that user frr can read, as pytest's own are not."
    with tempfile.TemporaryDirectory(prefix="mrkm-clock.") as path:
        os.chmod(path, 0o755)
        yield path


@pytest.fixture(scope="module")
def lab(directory):
    clock = Clock(os.path.join(directory, "offset"))
    tgen = topology.start_lab(
        "mrkm_ospf_clock",
        atd=ATD,
        dtd=DTD,
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


def ospfd_ahead(tgen):
    "Seconds that r1's ospfd, by the date of its last log line, is ahead."
    last = topology.log(tgen.gears["r1"], "ospfd").splitlines()[-1]
    stamp = time.strptime(last[:19], "%Y/%m/%d %H:%M:%S")
    return time.mktime(stamp) - time.time()


def step(lab, seconds):
    "Steps the clock, and waits until ospfd has seen it; it logs every Hello."
    tgen, clock = lab
    clock.step(seconds)

    def not_seen():
        ahead = ospfd_ahead(tgen)
        return None if abs(ahead - seconds) < 60 else f"ospfd is {ahead} s ahead"

    topology.wait_until("step", not_seen, config.DEAD_INTERVAL, 0.05)


def test_step_forward(lab):
    "ospfd's packets follow the clock with their sequence numbers, nothing else."
    tgen, _ = lab
    watch = topology.Steady(tgen)
    with wire.Capture(tgen.gears["r1"].net.pid, "core") as capture:
        step(lab, DAY)
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
    tgen, _ = lab
    watch = topology.Steady(tgen)
    before = topology.sender(tgen)
    mrkm.rekey(tgen.gears[config.SERVER].vtysh_cmd)
    topology.wait_until("new key", lambda: not_two_keys(tgen), 5, 0.05)
    step(lab, -DAY)
    topology.wait_until("roll", lambda: topology.not_rolled_from(tgen, before), ATD + 5)
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), DTD + 5)
    watch.check()


def not_two_keys(tgen):
    held = mrkm.keys(tgen.gears["r1"].vtysh_cmd)
    return None if len(held) == 2 else f"r1 holds {held}"


def test_roll_after_step_back(lab):
    tgen, _ = lab
    watch = topology.Steady(tgen)
    roll(tgen)
    step(lab, 0)
    roll(tgen)
    watch.check()
