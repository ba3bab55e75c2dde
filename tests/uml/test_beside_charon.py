# SPDX-License-Identifier: GPL-2.0-or-later
"""
strongSwan's charon has SAs and policies in the same kernels: neither it nor zebra
touches what is the other's, and both protect what they have to.
"""
import os

import pytest

import frames
import ipsec
from lab import config

if "CHARON" not in os.environ:
    pytest.skip("there is no charon: CHARON_DIR is not set", allow_module_level=True)

import swan  # noqa: E402

ROUTERS = ("r1", "r2")
KEY = (256, "0123456789abcdefghijklmnopqrstuv", "hmac-sha-256")
FIRST, SECOND = (config.core_address(name) for name in ROUTERS)


@pytest.fixture(scope="module", name="lab", params=("pim", "ospf6"))
def fixture_lab(request):
    with ipsec.Lab(os.environ["FRR_PREFIX"], request.param) as lab:
        for name in ROUTERS:
            lab.start_router(name, ipsec.by_hand(KEY))
        ipsec.wait_until("neighbours", lambda: lab.not_all_there(ROUTERS), 90)
        with swan.Swan(lab["r1"]) as lab.swan, swan.Swan(lab["r2"]) as other:
            lab.swan.configure(FIRST, SECOND)
            other.configure(SECOND, FIRST)
            lab.swan.initiate()
            yield lab


def ours(lab):
    "Our own SAs."
    return {s for s in ipsec.states(lab["r1"]) if s.reqid >> 8 == 0x6D726B}


def is_charons(lab):
    "Whether a captured packet is protected by an SA of charon's."
    spis = {
        s.spi for s in ipsec.states(lab["r1"]) if s.destination in (FIRST, SECOND)
    }
    return lambda p: p.spi in spis and {p.source, p.destination} == {FIRST, SECOND}


def ping(lab):
    "What charon protects is protected, and arrives."
    with frames.Capture(lab["r1"]) as capture:
        lab["r1"].run("ping", "-c", "2", "-i", "0.2", "-W", "5", SECOND)
        assert capture.wait_for(is_charons(lab), 10)
    assert not [p for p in capture.packets if p.protocol == 1]


def line(lab):
    return f"{ipsec.COMMAND[lab.protocol]} ipsec key-chain {config.KEY_CHAIN}"


def test_side_by_side(lab):
    states, policies = swan.of_others(lab["r1"])
    assert len(states) == 2 and policies
    watch = ipsec.Steady(lab, ROUTERS)
    ping(lab)
    watch.check()


def test_charon_rekeys(lab):
    "Its SAs are others then; ours are what they were."
    mine, before = ours(lab), swan.of_others(lab["r1"])
    watch, restored = ipsec.Steady(lab, ROUTERS), ipsec.guard(lab["r1"])["restored"]
    lab.swan.rekey()
    swan.wait_rekeyed(lab["r1"], before)
    assert ours(lab) == mine
    assert ipsec.guard(lab["r1"])["restored"] == restored
    ping(lab)
    watch.check()


def test_ours_go_and_come(lab):
    "Charon's are still there when there is nothing of ours any more."
    before = swan.of_others(lab["r1"])
    ipsec.configure(lab["r1"], "interface core", f"no {line(lab)}")
    ipsec.wait_until("end of ours", lambda: ours(lab) or None, 10)
    assert swan.of_others(lab["r1"]) == before
    ping(lab)
    ipsec.configure(lab["r1"], "interface core", line(lab))
    ipsec.wait_until("neighbours", lambda: lab.not_all_there(ROUTERS), 90)
    assert swan.of_others(lab["r1"]) == before
    ping(lab)


def test_flush(lab):
    "What somebody flushes is put back: ours, and nothing else."
    mine, before = ours(lab), swan.of_others(lab["r1"])
    watch = ipsec.Steady(lab, ROUTERS)
    lab["r1"].run("ip", "xfrm", "state", "flush")
    ipsec.wait_until(
        "our SAs", lambda: None if ours(lab) >= mine else f"{ours(lab)}", 10
    )
    assert swan.of_others(lab["r1"]) == (set(), before[1])
    watch.check()
    # it is charon that answers its own question
    lab["r1"].run("sh", "-c", f"ping -c 20 -i 0.5 -W 1 {SECOND} || true")
    states, policies = swan.of_others(lab["r1"])
    assert states and policies
    assert ours(lab) >= mine
    watch.check()
