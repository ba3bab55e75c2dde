# SPDX-License-Identifier: GPL-2.0-or-later
"""
IPsec with keys from the key server: PIM, PIM for IPv6 and OSPFv3 over ESP and
over AH, rolled without losing a neighbour.
"""
import os
import struct
import time

import pytest

import frames
import ipsec
from lab import config, mrkm, namespaces

ATD, DTD = 3, 8
MANY, FEW = 20, 3

CASES = {
    "pim-esp": ("pim", "esp encryption null integrity hmac-sha-256-128", MANY),
    "pim-ah": ("pim", "ah integrity hmac-sha-256-128", FEW),
    "pim6-esp": ("pim6", "esp encryption aes-cbc-256 integrity hmac-sha-512-256", FEW),
    "pim6-ah": ("pim6", "ah integrity hmac-sha-384-192", FEW),
    "ospf6-esp": (
        "ospf6",
        "esp encryption aes-cbc-128 integrity hmac-sha-256-128",
        FEW,
    ),
    "ospf6-ah": ("ospf6", "ah integrity hmac-sha-512-256", MANY),
    "pim-gcm": ("pim", "esp encryption aes-gcm-256 per-sender", FEW),
    "ospf6-gmac": ("ospf6", "esp encryption aes-gmac-128 per-sender", FEW),
}
WIRE_PROTOCOL = {"pim": "pim-ipsec", "pim6": "pim-ipsec", "ospf6": "ospfv3-ipsec"}


@pytest.fixture(scope="module", name="lab", params=CASES)
def fixture_lab(request):
    protocol, suite, rolls = CASES[request.param]
    wire = WIRE_PROTOCOL[protocol]
    with ipsec.Lab(os.environ["FRR_PREFIX"], protocol) as lab:
        lab.proto = frames.AH if suite.startswith("ah") else frames.ESP
        lab.rolls, lab.per_sender = rolls, "per-sender" in suite
        lab.put_keys()
        text = config.key_server_config(algorithms={wire: suite}, atd=ATD, dtd=DTD)
        text = text.replace(f"{wire} algorithm {suite}", f"{wire} {suite}")
        try:
            lab.start(config.SERVER, text, ipsec.BASE)
        except namespaces.LabError as error:
            if "Unknown command" not in str(error):
                raise
            pytest.skip("this key server has no command for keys of IPsec")
        keys = {wire: config.KEY_CHAIN}
        for name in config.ROUTERS:
            lab.start_router(name, config.member_config(name, keys))
        yield lab


def server(lab):
    return lab[config.SERVER].vtysh


def not_registered(lab):
    for name in config.ROUTERS:
        if not mrkm.registered(lab[name].vtysh):
            return f"{name}: {mrkm.group(lab[name].vtysh)}"
    return None


def spis(lab):
    return {name: ipsec.sending_spi(lab[name]) for name in config.ROUTERS}


def not_rolled(lab, before):
    "None when all send, and nobody with what he had sent with before."
    now = spis(lab)
    same = [n for n in now if not now[n] or now[n] == before.get(n)]
    return f"SPIs {now}" if same else None


def not_settled(lab):
    "None when no kernel has a key that nobody sends with."
    used = set(spis(lab).values())
    for name in config.ROUTERS:
        found = {s.spi for s in ipsec.states(lab[name])}
        if found != used:
            return f"{name} has {found}, in use are {used}"
    return None


def test_neighbors(lab):
    "From the first packet on, nothing is in the clear."
    with frames.Capture(lab["r1"]) as capture:
        ipsec.wait_until("registration", lambda: not_registered(lab), 120)
        ipsec.wait_until("neighbours", lab.not_all_there, 120)
    assert not capture.clear_text()
    assert {p.protocol for p in capture.protected()} == {lab.proto}
    ipsec.wait_until("keys", lambda: not_settled(lab), 2 * DTD + 30)


def test_rolls(lab):
    """
    Nobody is lost, nothing is in the clear, and each router goes from key to key
    in their order.
    """
    watch = ipsec.Steady(lab)
    used = {name: [spi] for name, spi in spis(lab).items()}
    with frames.Capture(lab["r1"]) as capture:
        for _ in range(lab.rolls):
            before = spis(lab)
            mrkm.rekey(server(lab))
            ipsec.wait_until(
                "roll", lambda before=before: not_rolled(lab, before), ATD + 30
            )
            for name, spi in spis(lab).items():
                used[name].append(spi)
            ipsec.wait_until("old keys gone", lambda: not_settled(lab), DTD + 30)
    watch.check()
    assert not capture.clear_text()
    for name in config.ROUTERS:
        seen = []
        for packet in capture.protected(lab.address(name)):
            if packet.spi not in seen[-1:]:
                seen.append(packet.spi)
        assert seen == [spi for spi in used[name] if spi in seen], name
        assert len(seen) > lab.rolls / 2, name


def test_replay(lab):
    "With an SA for each sender, what was sent once does not count again."
    if not lab.per_sender:
        pytest.skip("these senders share one SA, which has no replay protection")
    with frames.Capture(lab["r1"]) as capture:
        hello = capture.wait_for(lambda p: p.spi and p.source == lab.address("r2"), 10)
    assert hello
    refused = ipsec.replays(lab["r1"])
    for _ in range(3):
        frames.send(lab["r3"], "core", hello.octets)
    ipsec.wait_until(
        "refusals",
        lambda: None if ipsec.replays(lab["r1"]) >= refused + 3 else "none",
        5,
    )


def test_forged_protection(lab):
    "The right SPI, and no key: nothing gets through."
    with frames.Capture(lab["r1"]) as capture:
        hello = capture.wait_for(lambda p: p.spi and p.source == lab.address("r2"), 10)
    octets = bytearray(hello.octets)
    start = 20 if octets[0] >> 4 == 4 else 40
    sequence = start + (8 if lab.proto == frames.AH else 4)
    struct.pack_into("!I", octets, sequence, 2**32 - 2)
    octets[-1] ^= 1
    before = ipsec.statistics(lab["r1"])
    for _ in range(3):
        frames.send(lab["r3"], "core", bytes(octets))
    ipsec.wait_until(
        "refusals",
        lambda: None
        if ipsec.statistics(lab["r1"])["XfrmInStateProtoError"]
        >= before["XfrmInStateProtoError"] + 3
        else f"{ipsec.statistics(lab['r1'])}",
        5,
    )
    time.sleep(ipsec.HOLD_TIME)
    assert lab.not_all_there() is None


def test_server_gone(lab):
    "The keys live on without it; show mrkm tells what there is."
    watch = ipsec.Steady(lab)
    lab.stop_daemon(config.SERVER, "mrkmd")
    time.sleep(2 * ipsec.HOLD_TIME)
    watch.check()
    assert config.KEY_CHAIN in lab["r1"].vtysh("show mrkm keys", "mrkmd")
