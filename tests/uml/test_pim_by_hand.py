# SPDX-License-Identifier: GPL-2.0-or-later
"PIM over ESP with a key chain that the operator typed."
import os

import pytest

import ipsec
from lab import config

ROUTERS = ("r1", "r2")
FIRST = (256, "0123456789abcdefghijklmnopqrstuv", "hmac-sha-256")


@pytest.fixture(scope="module", name="lab")
def fixture_lab():
    with ipsec.Lab(os.environ["FRR_PREFIX"], "pim") as lab:
        for name in ROUTERS:
            lab.start_router(name, ipsec.by_hand(FIRST))
        yield lab


def test_neighbors(lab):
    ipsec.wait_until("neighbours", lambda: lab.not_all_there(ROUTERS), 20)
    for name in ROUTERS:
        assert ipsec.sending_spi(lab[name]) == FIRST[0]
        found = ipsec.states(lab[name])
        assert [(s.destination, s.protocol, s.spi) for s in found] == [
            (ipsec.PIM_GROUP, "esp", FIRST[0])
        ]


def test_configuration_is_shown(lab):
    for name in ROUTERS:
        shown = lab[name].vtysh("show running-config")
        assert f" ip pim ipsec key-chain {config.KEY_CHAIN}\n" in shown
        assert "key 256\n" in shown
