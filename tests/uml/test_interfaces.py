# SPDX-License-Identifier: GPL-2.0-or-later
"Protected interfaces come late, are renamed, move to a VRF, go away."
import os

import pytest

import frames
import ipsec
from lab import config

ROUTERS = ("r1", "r2")
FIRST = (256, "0123456789abcdefghijklmnopqrstuv", "hmac-sha-256")
SECOND = (257, "vutsrqponmlkjihgfedcba9876543210", "hmac-sha-256")
ADDRESSES = {"r1": "10.0.2.1/24", "r2": "10.0.2.2/24"}


def late_config(name):
    return f"""\
interface late
 ip address {ADDRESSES[name]}
 ip pim
 ip pim hello {ipsec.HELLO_INTERVAL} {ipsec.HOLD_TIME}
 ip pim ipsec key-chain {config.KEY_CHAIN}
exit
"""


@pytest.fixture(scope="module", name="lab")
def fixture_lab():
    with ipsec.Lab(os.environ["FRR_PREFIX"], "pim") as lab:
        for name in ROUTERS:
            keys = ipsec.by_hand(FIRST) + late_config(name)
            lab.start_router(name, keys)
        yield lab


def add_late(lab):
    for name in ROUTERS:
        lab.connect(name, "late")


def not_neighbors_on(lab, interface, vrf="default"):
    for name in ROUTERS:
        found = ipsec.neighbors("pim", lab[name], interface=interface, vrf=vrf)
        if len(found) != 1:
            return f"{name} has {found} on {interface}"
    return None


def state(lab, name, interface):
    chain = ipsec.guard_chain(lab[name])
    return chain and chain["interfaces"].get(interface)


def becomes(lab, name, interface, wanted):
    def complaint():
        found = state(lab, name, interface)
        return None if found == wanted else f"{interface} is {found}"

    ipsec.wait_until(f"{interface} {wanted}", complaint, 10)


def test_not_there_yet(lab):
    ipsec.wait_until("neighbours", lambda: lab.not_all_there(ROUTERS), 90)
    assert state(lab, "r1", "late") == "no-interface"
    assert "no such interface" in lab["r1"].vtysh("show mrkm ipsec", "zebra")


def test_appears(lab):
    "It is protected before the first packet."
    lab.add_network("late")
    with frames.Capture(lab["switch"], "late") as capture:
        add_late(lab)
        ipsec.wait_until(
            "neighbours on late", lambda: not_neighbors_on(lab, "late"), 90
        )
    assert not capture.clear_text()
    assert capture.protected()
    becomes(lab, "r1", "late", "ok")


def test_renamed(lab):
    "The configuration is of the name: another name is not protected."
    r1 = lab["r1"]
    r1.run("ip", "link", "set", "late", "down")
    r1.run("ip", "link", "set", "late", "name", "other")
    becomes(lab, "r1", "late", "no-interface")
    assert "dev other" not in ipsec.policies(r1)
    assert not ipsec.filters(r1, "other")
    r1.run("ip", "link", "set", "other", "name", "late")
    r1.run("ip", "link", "set", "late", "up")
    becomes(lab, "r1", "late", "ok")
    assert "dev late" in ipsec.policies(r1)
    assert ipsec.filters(r1, "late")


def test_moves_to_a_vrf(lab):
    "The same interface in another VRF stays closed for what is not protected."
    r1 = lab["r1"]
    r1.run("ip", "link", "add", "red", "type", "vrf", "table", "10")
    r1.run("ip", "link", "set", "red", "up")
    r1.run("ip", "link", "set", "late", "master", "red")
    becomes(lab, "r1", "late", "ok")
    assert "dev late" in ipsec.policies(r1)
    assert ipsec.filters(r1, "late")
    r1.run("ip", "link", "set", "late", "nomaster")
    r1.run("ip", "link", "del", "red")
    becomes(lab, "r1", "late", "ok")
    ipsec.wait_until("neighbours on core", lambda: lab.not_all_there(ROUTERS), 90)


def accept_second(lab):
    for name in ROUTERS:
        ipsec.configure(
            lab[name],
            f"key chain {config.KEY_CHAIN}",
            f"key {SECOND[0]}",
            f"cryptographic-algorithm {SECOND[2]}",
            "send-lifetime 00:00:00 1 Jan 2020 00:00:00 2 Jan 2020",
            f"key-string {SECOND[1]}",
        )
    for name in ROUTERS:
        ipsec.wait_until(
            "second key",
            lambda name=name: None
            if SECOND[0] in {s.spi for s in ipsec.states(lab[name])}
            else "not there",
            10,
        )


def sending_with(lab, spi):
    for name in ROUTERS:
        ipsec.wait_until(
            f"SPI {spi}",
            lambda name=name: None
            if ipsec.sending_spi(lab[name]) == spi
            else f"{name} sends with {ipsec.sending_spi(lab[name])}",
            10,
        )


def send_second(lab):
    for name in ROUTERS:
        ipsec.configure(
            lab[name],
            f"key chain {config.KEY_CHAIN}",
            f"key {SECOND[0]}",
            "send-lifetime 00:00:00 1 Jan 2020 infinite",
        )
    sending_with(lab, SECOND[0])


def forget_second(lab):
    for name in ROUTERS:
        ipsec.configure(
            lab[name], f"key chain {config.KEY_CHAIN}", f"no key {SECOND[0]}"
        )
    sending_with(lab, FIRST[0])


def test_moves_to_a_vrf_in_a_roll(lab):
    "On both sides: they find each other there, with the new key."
    watch = ipsec.Steady(lab, ROUTERS)
    for name in ROUTERS:
        lab[name].run("ip", "link", "add", "red", "type", "vrf", "table", "10")
        lab[name].run("ip", "link", "set", "red", "up")
    accept_second(lab)
    with frames.Capture(lab["switch"], "late") as capture:
        for name in ROUTERS:
            lab[name].run("ip", "link", "set", "late", "master", "red")
        send_second(lab)
        ipsec.wait_until(
            "neighbours in the VRF",
            lambda: not_neighbors_on(lab, "late", "red"),
            90,
        )
        for address in ADDRESSES.values():
            source = address.split("/")[0]
            assert capture.wait_for(
                lambda p, source=source: p.source == source and p.spi == SECOND[0], 20
            ), f"{source} does not send with the second key"
    assert not capture.clear_text()
    watch.check()
    for name in ROUTERS:
        lab[name].run("ip", "link", "set", "late", "nomaster")
        lab[name].run("ip", "link", "del", "red")
    forget_second(lab)
    ipsec.wait_until("neighbours", lambda: not_neighbors_on(lab, "late"), 90)


def test_goes_away_in_a_roll(lab):
    "The others roll as if nothing was."
    watch = ipsec.Steady(lab, ROUTERS)
    accept_second(lab)
    lab["r1"].run("ip", "link", "del", "late")
    send_second(lab)
    becomes(lab, "r1", "late", "no-interface")
    watch.check()
