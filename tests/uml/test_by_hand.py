# SPDX-License-Identifier: GPL-2.0-or-later
"""
IPsec with a key chain that the operator typed: PIM, PIM for IPv6, OSPFv3.

The operator's keys are ESP without encryption; what is tried here does not
depend on where keys come from.
"""
import json
import os
import time

import pytest

import frames
import ipsec
from lab import config

ROUTERS = ("r1", "r2")
FIRST = (256, "0123456789abcdefghijklmnopqrstuv", "hmac-sha-256")
SECOND = (257, "9" * 64, "hmac-sha-512")
# So many are in an LSA that a packet has just room for.
PREFIXES = 68
INTRUDER = "x1"
INTRUDER_ADDRESS = "10.0.1.99"
INTRUDER_LINK_LOCAL = "fe80::99"
INTRUDER_ID = "10.255.0.99"


@pytest.fixture(scope="module", name="lab", params=("pim", "pim6", "ospf6"))
def fixture_lab(request):
    with ipsec.Lab(os.environ["FRR_PREFIX"], request.param) as lab:
        for name in ROUTERS:
            lab.start_router(name, ipsec.by_hand(FIRST))
        lab.add_intruder(INTRUDER)
        yield lab


def everybody_is_there(lab, timeout=90):
    ipsec.wait_until("neighbours", lambda: lab.not_all_there(ROUTERS), timeout)


def groups(lab):
    return ipsec.GROUPS[lab.protocol]


def not_only(lab, *spis):
    "None when each kernel has these keys, for all groups, and no others."
    for name in ROUTERS:
        found = ipsec.states(lab[name])
        if {s.spi for s in found} != set(spis):
            return f"{name} has {found}"
        for group in groups(lab):
            if {s.spi for s in found if s.destination == group} != set(spis):
                return f"{name} has {found}"
    return None


def test_neighbors(lab):
    with frames.Capture(lab["r1"]) as capture:
        everybody_is_there(lab)
        # they may have been neighbours before the first packet was captured
        assert capture.wait_for(lambda p: p.spi is not None, 90)
    assert not_only(lab, FIRST[0]) is None
    for name in ROUTERS:
        assert ipsec.sending_spi(lab[name]) == FIRST[0]
    assert not capture.clear_text()
    assert {p.spi for p in capture.protected()} == {FIRST[0]}
    assert {p.protocol for p in capture.protected()} == {frames.ESP}


def test_configuration_is_shown(lab):
    for name in ROUTERS:
        shown = lab[name].vtysh("show running-config")
        command = ipsec.COMMAND[lab.protocol]
        assert f" {command} ipsec key-chain {config.KEY_CHAIN}\n" in shown
        assert " key 256\n" in shown


def test_vtysh_knows_the_command(lab):
    "It completes what it lists."
    lines = ("configure", "interface core", "list")
    arguments = [argument for line in lines for argument in ("-c", line)]
    known = lab["r1"].run(f"{lab.prefix}/bin/vtysh", *arguments)
    ours = [line.strip() for line in known.splitlines() if " ipsec " in line]
    command = ipsec.COMMAND[lab.protocol]
    assert f"[no] {command} ipsec key-chain ![KEYCHAIN_NAME]" in ours


def forged(lab):
    "Packets without IPsec that would make or upset a neighbour."
    if lab.protocol == "pim":
        r1 = config.core_address("r1")
        return [frames.pim4(INTRUDER_ADDRESS), frames.pim4(INTRUDER_ADDRESS, r1)]
    r1 = lab.link_local("r1")
    options = frames.destination_options
    if lab.protocol == "pim6":
        return [
            frames.pim6(INTRUDER_LINK_LOCAL),
            frames.pim6(INTRUDER_LINK_LOCAL, r1),
            frames.pim6(INTRUDER_LINK_LOCAL, extensions=options(frames.PIM)),
        ]

    def hello(**more):
        return frames.ospf6_hello(
            INTRUDER_LINK_LOCAL, INTRUDER_ID, ipsec.HELLO_INTERVAL, ipsec.HOLD_TIME,
            **more,
        )  # fmt: skip

    return [
        hello(),
        hello(destination=r1),
        hello(extensions=options(frames.OSPF)),
    ]


def strangers(lab, name):
    "Neighbours of the router, in whatever state, that it should not have."
    known = {
        "pim": {config.core_address(r) for r in ROUTERS},
        "pim6": {lab.link_local(r) for r in ROUTERS},
        "ospf6": {config.router_id(r) for r in ROUTERS},
    }[lab.protocol]
    return set(lab.all_neighbors(name)) - known


def test_intruder_without_key(lab):
    "Nothing without IPsec gets through, however it is dressed up."
    everybody_is_there(lab)
    for priorities in range(4):
        for packet in forged(lab):
            frames.send(lab[INTRUDER], "core", packet, priorities)
    time.sleep(1)
    for name in ROUTERS:
        assert not strangers(lab, name)


@pytest.mark.parametrize("priorities", (0, 1, 2))
def test_forgery_is_good_enough(lab, priorities):
    "The same packets do get through where there is no protection."
    command = ipsec.COMMAND[lab.protocol]
    ipsec.wait_until(
        "no stranger", lambda: ", ".join(strangers(lab, "r1")) or None, 60
    )
    ipsec.configure(
        lab["r1"], "interface core", f"no {command} ipsec key-chain {config.KEY_CHAIN}"
    )
    try:

        def not_seen():
            for packet in forged(lab):
                frames.send(lab[INTRUDER], "core", packet, priorities)
            if strangers(lab, "r1"):
                return None
            return f"nobody new: {ipsec.guard(lab['r1'])}"

        ipsec.wait_until("stranger", not_seen, 10)
        assert not ipsec.filters(lab["r1"])
        assert not ipsec.states(lab["r1"])
        assert "dev core" not in ipsec.policies(lab["r1"])
    finally:
        ipsec.configure(
            lab["r1"], "interface core", f"{command} ipsec key-chain {config.KEY_CHAIN}"
        )
    everybody_is_there(lab)


def own_packets(lab, name, count):
    "So many that the router sends from now on, as octets."
    source, found = lab.address(name), []
    with frames.Capture(lab[name]) as capture:
        for _ in range(count):
            seen = list(found)
            packet = capture.wait_for(
                lambda p, seen=seen: p.spi
                and p.source == source
                and p.destination in groups(lab)
                and p.octets not in seen,
                20,
            )
            assert packet, f"nothing from {source}"
            found.append(packet.octets)
    return found


def send_back(lab, name):
    "Sends the router what it sent; over IPv6 also with a header in front."
    packets = own_packets(lab, name, 2)
    if lab.protocol != "pim":
        packets += [frames.behind_options(packet) for packet in packets]
    for packet in packets:
        frames.send(lab[INTRUDER], "core", packet)
    return len(packets)


def drops_its_own(lab, name):
    """
    Linux minds its own source in IPv4.  In IPv6 it is our filter, which counts;
    without it pim6d would take itself for a neighbour.
    """
    before = ipsec.sent_back(lab[name])
    count = send_back(lab, name)
    own_packets(lab, "r2", 1)  # what the router gets after that
    if lab.protocol != "pim":
        ipsec.wait_until(
            "dropped packets",
            lambda: None
            if ipsec.sent_back(lab[name]) >= before + count
            else f"{ipsec.guard(lab[name])}",
            5,
        )
        assert "sent back by another" in lab[name].vtysh("show mrkm ipsec", "zebra")
    itself = {
        "pim": config.core_address(name),
        "pim6": lab.link_local(name),
        "ospf6": config.router_id(name),
    }[lab.protocol]
    assert itself not in lab.all_neighbors(name)


def test_own_packets_sent_back(lab):
    everybody_is_there(lab)
    watch = ipsec.Steady(lab, ROUTERS)
    drops_its_own(lab, "r1")
    watch.check()


@pytest.mark.parametrize("lab", ("pim6", "ospf6"), indirect=True)
def test_address_changes(lab):
    """
    What is its own is what its address is now.  To the other it is a new neighbour,
    with an SA to be made while all others stay.
    """
    r1, old = lab["r1"], lab.link_local("r1")
    r1.run("ip", "address", "del", f"{old}/64", "dev", "core")
    r1.run("ip", "address", "add", "fe80::1:2/64", "dev", "core", "nodad")
    try:
        drops_its_own(lab, "r1")
    finally:
        r1.run("ip", "address", "add", f"{old}/64", "dev", "core", "nodad")
        r1.run("ip", "address", "del", "fe80::1:2/64", "dev", "core")
    ipsec.wait_until(
        "the old address again",
        lambda: None if lab.link_local("r1") == old else lab.link_local("r1"),
        5,
    )
    drops_its_own(lab, "r1")
    everybody_is_there(lab)


def ospf6_prefixes(node):
    said = json.loads(node.vtysh("show ipv6 ospf6 route json", "ospf6d"))
    return [prefix for prefix in said["routes"] if prefix.startswith("2001:db8:")]


@pytest.mark.parametrize("lab", ("ospf6",), indirect=True)
def test_packets_too_big(lab):
    "With ESP around it a packet that just fitted goes in two fragments."
    everybody_is_there(lab)
    watch = ipsec.Steady(lab, ROUTERS)
    r1 = lab["r1"]
    prefixes = [f"2001:db8:{i}::1/128" for i in range(1, PREFIXES + 1)]
    try:
        with frames.Capture(r1) as capture:
            for prefix in prefixes:
                r1.run("ip", "address", "add", prefix, "dev", "lo")
            ipsec.configure(r1, "interface lo", "ipv6 ospf6 area 0")
            ipsec.wait_until(
                "prefixes",
                lambda: None
                if len(ospf6_prefixes(lab["r2"])) == PREFIXES
                else f"{len(ospf6_prefixes(lab['r2']))} of {PREFIXES}",
                30,
            )
        assert [p for p in capture.packets if p.protocol == frames.FRAGMENT]
        assert not capture.clear_text()
        watch.check()
    finally:
        ipsec.configure(r1, "interface lo", "no ipv6 ospf6 area 0")
        for prefix in prefixes:
            r1.run("ip", "address", "del", prefix, "dev", "lo")


def test_roll_by_hand(lab):
    "The second key is there on both, then the first is taken away: nobody is lost."
    everybody_is_there(lab)
    watch = ipsec.Steady(lab, ROUTERS)
    for name in ROUTERS:
        ipsec.configure(
            lab[name],
            f"key chain {config.KEY_CHAIN}",
            f"key {SECOND[0]}",
            f"cryptographic-algorithm {SECOND[2]}",
            "send-lifetime 00:00:00 1 Jan 2020 00:00:00 2 Jan 2020",
            f"key-string {SECOND[1]}",
        )
    ipsec.wait_until("both keys", lambda: not_only(lab, FIRST[0], SECOND[0]), 10)
    for name in ROUTERS:
        assert ipsec.sending_spi(lab[name]) == FIRST[0]
    with frames.Capture(lab["r1"]) as capture:
        for name in ROUTERS:
            ipsec.configure(
                lab[name],
                f"key chain {config.KEY_CHAIN}",
                f"key {SECOND[0]}",
                "send-lifetime 00:00:00 1 Jan 2020 infinite",
            )
            ipsec.wait_until(
                "second key",
                lambda name=name: None
                if ipsec.sending_spi(lab[name]) == SECOND[0]
                else "first key",
                10,
            )
        for name in ROUTERS:
            ipsec.configure(
                lab[name], f"key chain {config.KEY_CHAIN}", f"no key {FIRST[0]}"
            )
        ipsec.wait_until("one key", lambda: not_only(lab, SECOND[0]), 10)
        time.sleep(2 * ipsec.HELLO_INTERVAL)
    watch.check()
    assert not capture.clear_text()


def test_removed_from_outside(lab):
    "Somebody flushes the kernel's IPsec and filters: it is noticed and mended."
    watch = ipsec.Steady(lab, ROUTERS)
    (spi,) = {s.spi for s in ipsec.states(lab["r1"])}
    r1 = lab["r1"]
    restored = ipsec.guard(r1)["restored"]
    r1.run("ip", "xfrm", "state", "flush")
    ipsec.wait_until("SAs", lambda: not_only(lab, spi), 5)
    r1.run("ip", "xfrm", "policy", "flush")
    ipsec.wait_until(
        "policies",
        lambda: None if "dev core" in ipsec.policies(r1) else "no policy",
        5,
    )
    r1.run("tc", "qdisc", "del", "dev", "core", "clsact")
    ipsec.wait_until("filter", lambda: None if ipsec.filters(r1) else "no filter", 5)
    assert ipsec.guard(r1)["restored"] >= restored + 3
    watch.check()


def test_others_are_left_alone(lab):
    "An operator's SAs and policies outlive all that ours go through."
    r1 = lab["r1"]
    state = ("src", "10.0.1.1", "dst", "10.0.1.2", "proto", "esp", "spi", "0x99")
    r1.run("ip", "xfrm", "state", "add", *state, "reqid", "5", "mode", "tunnel",
           "aead", "rfc4106(gcm(aes))", "0x" + "11" * 20, "128")  # fmt: skip
    r1.run("ip", "xfrm", "policy", "add", "dst", "192.0.2.0/24", "dir", "out",
           "tmpl", "src", "10.0.1.1", "dst", "10.0.1.2", "proto", "esp",
           "reqid", "5", "mode", "tunnel")  # fmt: skip
    r1.run("tc", "filter", "add", "dev", "core", "ingress", "pref", "77", "protocol",
           "ip", "bpf", "bytecode", "1,6 0 0 0,", "action", "drop")  # fmt: skip
    command = ipsec.COMMAND[lab.protocol]
    line = f"{command} ipsec key-chain {config.KEY_CHAIN}"
    ipsec.configure(r1, "interface core", f"no {line}")
    ipsec.configure(r1, "interface core", line)
    everybody_is_there(lab)
    assert 0x99 in {s.spi for s in ipsec.states(r1)}
    assert "192.0.2.0/24" in ipsec.policies(r1)
    assert "pref 77" in ipsec.filters(r1)
    r1.run("ip", "xfrm", "state", "delete", *state[2:4], *state[4:])
    r1.run("ip", "xfrm", "policy", "delete", "dst", "192.0.2.0/24", "dir", "out")
    r1.run("tc", "filter", "del", "dev", "core", "ingress", "pref", "77")


def test_restart_of_zebra(lab):
    "Kernel IPsec outlives zebra, and its successor finds all in order."
    r1 = lab["r1"]
    ipsec.configure(r1, "do write")
    before = ipsec.states(r1)
    lab.stop_daemon("r1", "zebra")
    assert ipsec.states(r1) == before
    assert ipsec.filters(r1)
    r1.start("zebra", "-M", "mrkm")
    lab.read_config("r1")
    ipsec.wait_until(
        "module in zebra", lambda: None if ipsec.sending_spi(r1) else "not yet", 20
    )
    assert ipsec.states(r1) == before
    everybody_is_there(lab)


def test_restart_of_routing_daemon(lab):
    "Meanwhile the interface stays closed for everybody without a key."
    r1, daemon = lab["r1"], ipsec.ROUTING_DAEMON[lab.protocol]
    ipsec.configure(r1, "do write")
    lab.stop_daemon("r1", daemon)
    time.sleep(0.5)
    assert ipsec.filters(r1)
    with frames.Capture(r1) as capture:
        r1.start(daemon, "-M", "mrkm")
        lab.read_config("r1")
        everybody_is_there(lab)
    assert not capture.clear_text()


def test_wrong_length(lab):
    "A key that is not as long as its algorithm wants is refused: closed."
    r1 = lab["r1"]
    command = ipsec.COMMAND[lab.protocol]
    ipsec.configure(
        r1, "key chain SHORT", "key 300", "cryptographic-algorithm hmac-sha-256",
        "key-string tooshort",
    )  # fmt: skip
    ipsec.configure(r1, "interface core", f"{command} ipsec key-chain SHORT")
    ipsec.wait_until(
        "refusal", lambda: ipsec.not_in_state(r1, "SHORT", "core", "bad-key"), 5
    )
    assert "wrong length" in r1.vtysh("show mrkm ipsec", "zebra")
    assert "block" in ipsec.policies(r1)
    with frames.Capture(r1) as capture:
        time.sleep(2 * ipsec.HELLO_INTERVAL)
    assert not [p for p in capture.packets if p.source == lab.address("r1")]
    ipsec.configure(
        r1, "interface core", f"{command} ipsec key-chain {config.KEY_CHAIN}"
    )
    everybody_is_there(lab)


def test_wrong_algorithm(lab):
    r1 = lab["r1"]
    command = ipsec.COMMAND[lab.protocol]
    ipsec.configure(
        r1, "key chain MD5", "key 300", "cryptographic-algorithm md5",
        "key-string 0123456789abcdef",
    )  # fmt: skip
    ipsec.configure(r1, "interface core", f"{command} ipsec key-chain MD5")
    ipsec.wait_until(
        "refusal", lambda: ipsec.not_in_state(r1, "MD5", "core", "algorithm"), 5
    )
    ipsec.configure(
        r1, "interface core", f"{command} ipsec key-chain {config.KEY_CHAIN}"
    )
    everybody_is_there(lab)
