# SPDX-License-Identifier: GPL-2.0-or-later
"""
A kernel without ESP and AH: it is said, nothing passes, and all is well when the
modules are there at last.
"""
import os
import time

import pytest

import frames
import ipsec
from lab import config, mrkm

MODULES = ("esp4", "esp6", "ah4", "ah6")
KEY_CHAINS = {"pim-ipsec": config.KEY_CHAIN}


@pytest.fixture(scope="module", name="lab")
def fixture_lab():
    modules = ipsec.Modules(MODULES)
    modules.remove()
    try:
        with ipsec.Lab(os.environ["FRR_PREFIX"], "pim") as lab:
            lab.modules = modules
            lab.put_keys()
            with frames.Capture(lab["r1"]) as lab.capture:
                # the key server does not run: nobody is even asked
                lab.start_router("r1", config.member_config("r1", KEY_CHAINS))
                yield lab
    finally:
        modules.load()


def problem(lab):
    return mrkm.group(lab["r1"].vtysh).problem or ""


def test_it_is_said(lab):
    def complaint():
        said = problem(lab)
        return None if "it has no ESP or AH" in said else said

    ipsec.wait_until("problem of the group", complaint, 30)
    assert "pim-ipsec" in problem(lab)
    assert problem(lab) in lab["r1"].vtysh("show mrkm", "mrkmd")
    assert "not available" in lab["r1"].vtysh("show mrkm ipsec", "zebra")
    assert not ipsec.guard(lab["r1"])["ipsec"]


def test_closed(lab):
    "Nothing leaves, and nothing gets in."
    r1 = lab["r1"]
    ipsec.wait_until(
        "closed interface",
        lambda: ipsec.not_in_state(r1, config.KEY_CHAIN, "core", "no-key"),
        10,
    )
    assert "block" in ipsec.policies(r1)
    begin = time.time()
    for _ in range(3):
        frames.send(lab["r2"], "core", frames.pim4(config.core_address("r2")))
    time.sleep(2 * ipsec.HELLO_INTERVAL)
    source = config.core_address("r1")
    sent = [p for p in lab.capture.packets if p.source == source and p.time > begin]
    assert not sent
    assert not lab.neighbors("r1")


def test_key_by_hand(lab):
    "A key is refused, with the reason, and the interface stays closed."
    r1 = lab["r1"]
    ipsec.configure(
        r1, "key chain HAND", "key 300", "cryptographic-algorithm hmac-sha-256",
        "key-string 0123456789abcdefghijklmnopqrstuv",
    )  # fmt: skip
    ipsec.configure(r1, "interface core", "ip pim ipsec key-chain HAND")
    ipsec.wait_until(
        "refusal", lambda: ipsec.not_in_state(r1, "HAND", "core", "kernel"), 10
    )
    assert "it has no ESP or AH" in r1.vtysh("show mrkm ipsec", "zebra")
    assert "block" in ipsec.policies(r1)


def test_modules_are_loaded(lab):
    "Within half a minute all is found out; nobody has to restart anything."
    lab.modules.load()
    ipsec.wait_until(
        "protection",
        lambda: ipsec.not_in_state(lab["r1"], "HAND", "core", "ok"),
        40,
    )

    def complaint():
        return problem(lab) if "ESP" in problem(lab) else None

    ipsec.wait_until("offers of the group", complaint, 40)
    assert ipsec.guard(lab["r1"])["ipsec"]
