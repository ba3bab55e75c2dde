# SPDX-License-Identifier: GPL-2.0-or-later
"""
A group is held back by a member whose kernel cannot do the first choice, and goes
to that when the member has left.
"""
import os
import re

import pytest

import ipsec
from lab import config, mrkm

ATD, DTD = 1, 3
WEAK, STRONG = "r2", ("r1", "r3")
KEY_CHAINS = {"pim-ipsec": config.KEY_CHAIN}
CHOICES = (
    "protocol pim-ipsec esp encryption aes-gcm-256 per-sender lifetime 3600",
    "protocol pim-ipsec fallback 1 esp encryption null integrity hmac-sha-256-128",
)
GCM, NULL = "rfc4106(gcm(aes))", "ecb(cipher_null)"


def server_text():
    text = config.key_server_config(algorithms={"": ""}, atd=ATD, dtd=DTD)
    return re.sub("protocol .*", "\n   ".join(CHOICES), text)


def not_probed(node):
    "None when zebra knows what its kernel can do."
    said = ipsec.guard(node)
    return None if said["ipsec"] else f"{said}"


@pytest.fixture(scope="module", name="lab")
def fixture_lab():
    """
    There is one kernel for all, and what it can do is found out when zebra starts:
    it does so on r2 while GCM is away.
    """
    modules = ipsec.Modules(("gcm",), ("gcm", "rfc4106", "rfc4543"))
    modules.remove()
    try:
        with ipsec.Lab(os.environ["FRR_PREFIX"], "pim") as lab:
            lab.put_keys()
            lab.start(config.SERVER, server_text(), ipsec.BASE)
            lab.start_router(WEAK, config.member_config(WEAK, KEY_CHAINS))
            ipsec.wait_until("probe", lambda: not_probed(lab[WEAK]), 120)
            modules.load()
            for name in STRONG:
                lab.start_router(name, config.member_config(name, KEY_CHAINS))
                ipsec.wait_until(
                    "probe", lambda name=name: not_probed(lab[name]), 120
                )
            yield lab
    finally:
        modules.load()


def server(lab):
    return lab[config.SERVER].vtysh


def not_encrypting(lab, names, algorithm):
    "None when those routers' kernels have SAs of this algorithm alone."
    for name in names:
        state = lab[name].run("ip", "xfrm", "state")
        found = set(re.findall(r"(?:aead|enc) (\S+)", state))
        if found != {algorithm}:
            return f"{name} has {found}"
    return None


def held_back(lab):
    return mrkm.held_back(server(lab))


def test_kernels(lab):
    "Each zebra says what its kernel lacks."
    assert "aes-gcm-256" in ipsec.guard(lab[WEAK])["lacks"]
    assert "without aes-gcm" in lab[WEAK].vtysh("show mrkm ipsec", "zebra")
    for name in STRONG:
        assert not ipsec.guard(lab[name])["lacks"]


def test_held_back(lab):
    "All of them have what the weak one can do, and the key server says whose fault."
    ipsec.wait_until("neighbours", lab.not_all_there, 120)
    ipsec.wait_until(
        "the weaker algorithm", lambda: not_encrypting(lab, config.ROUTERS, NULL), 60
    )
    weak = f"fqdn {config.identity(WEAK)}"
    assert held_back(lab) == [("pim-ipsec", "esp aes-gcm-256", 1, weak)]
    said = server(lab)("show mrkm key-server", daemon="mrkmd")
    (line,) = [line for line in said.splitlines() if "Held back" in line]
    assert config.identity(WEAK) in line and "aes-gcm-256" in line


def test_held_back_through_a_roll(lab):
    watch, before = ipsec.Steady(lab), ipsec.sending_spi(lab["r1"])
    mrkm.rekey(server(lab))
    ipsec.wait_until("roll", lambda: not_rolled(lab, config.ROUTERS, before), ATD + 30)
    assert not_encrypting(lab, config.ROUTERS, NULL) is None
    watch.check()


def not_rolled(lab, names, before):
    for name in names:
        if ipsec.sending_spi(lab[name]) in (None, before):
            return f"{name} sends with {ipsec.sending_spi(lab[name])}"
    return None


def test_goes_up(lab):
    "When the weak one has left, the next roll is to the first choice; nobody is lost."
    ipsec.configure(lab[WEAK], "mrkm", f"no group {config.GROUP}")
    ipsec.wait_until(
        "end of the neighbour", lambda: lab.not_all_there(STRONG), 3 * ipsec.HOLD_TIME
    )
    assert not held_back(lab)
    watch, before = ipsec.Steady(lab, STRONG), ipsec.sending_spi(lab["r1"])
    mrkm.rekey(server(lab))
    ipsec.wait_until("roll", lambda: not_rolled(lab, STRONG, before), ATD + 30)
    ipsec.wait_until(
        "the first choice alone", lambda: not_encrypting(lab, STRONG, GCM), DTD + 30
    )
    watch.check()
    # each of them has its own SA, and the weak one has nothing any more
    assert len({ipsec.sending_spi(lab[name]) for name in STRONG}) == len(STRONG)
    assert not ipsec.states(lab[WEAK])
