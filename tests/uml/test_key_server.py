# SPDX-License-Identifier: GPL-2.0-or-later
"""
IPsec with keys from the key server: PIM, PIM for IPv6 and OSPFv3 at once, over
ESP and over AH, rolled without losing a neighbour.
"""
import os
import re
import signal
import struct
import time
from collections import namedtuple

import pytest

import frames
import ipsec
from lab import config, mrkm, namespaces

ATD, DTD = 1, 3
MANY, FEW = 20, 2

# By protocol as mrkmd has it: PIM has one key for IPv4 and IPv6.  One after the
# other in one lab, so that the way from each to the next is tried, too.
Case = namedtuple("Case", "pim ospfv3 rolls")
CASES = {
    "per-sender": Case(
        "esp encryption aes-gcm-256 per-sender",
        "esp encryption aes-gmac-128 per-sender",
        FEW,
    ),
    "esp": Case(
        "esp encryption null integrity hmac-sha-256-128",
        "esp encryption aes-cbc-256 integrity hmac-sha-512-256",
        MANY,
    ),
    "ah": Case(
        "ah integrity hmac-sha-384-192",
        "ah integrity hmac-sha-256-128",
        MANY,
    ),
}
PROTOCOLS = ("pim", "pim6", "ospf6")
ROUTERS = ("r1", "r2")
INTRUDER = "r3"
KEY_CHAINS = {"pim-ipsec": "PIM", "ospfv3-ipsec": "OSPF"}
WIRE_PROTOCOL = {"pim": "pim-ipsec", "pim6": "pim-ipsec", "ospf6": "ospfv3-ipsec"}


class Traffic:
    "One of the protocols on the core network."

    def __init__(self, lab, protocol):
        self.lab, self.protocol = lab, protocol
        self.daemon = ipsec.ROUTING_DAEMON[protocol]
        self.key_chain = KEY_CHAINS[WIRE_PROTOCOL[protocol]]

    def __str__(self):
        return self.protocol

    def config(self, name):
        "As it is written: what closes the interface comes first."
        return ipsec.protection(
            self.protocol, key_chain=self.key_chain
        ) + ipsec.protocol_config(self.protocol, name)

    def neighbors(self, name):
        return ipsec.neighbors(self.protocol, self.lab[name])

    def address(self, name):
        return ipsec.address(self.protocol, self.lab[name])

    def is_from(self, name):
        "Whether a captured packet is this router's, of this traffic, protected."
        source, groups = self.address(name), ipsec.GROUPS[self.protocol]
        return lambda p: p.spi and p.source == source and p.destination in groups


def member_text(name, traffic):
    return (
        config.interfaces_config(name)
        + config.member_config(name, KEY_CHAINS)
        + "".join(t.config(name) for t in traffic)
    )


def protocol_lines(case):
    suites = {"pim-ipsec": case.pim, "ospfv3-ipsec": case.ospfv3}
    return [f"protocol {p} {suite} lifetime 3600" for p, suite in suites.items()]


def server_text(case):
    "The key server's frr.conf; the lab's own knows algorithms only."
    text = config.key_server_config(algorithms={"": ""}, atd=ATD, dtd=DTD)
    return re.sub("protocol .*", "\n   ".join(protocol_lines(case)), text)


def ks_group(lab, *lines):
    group = ("mrkm", "key-server", f"group {config.GROUP}")
    ipsec.configure(lab[config.SERVER], *group, *lines)


@pytest.fixture(scope="module", name="lab")
def fixture_lab():
    with namespaces.Lab(os.environ["FRR_PREFIX"], "ipsec") as lab:
        lab.traffic = [Traffic(lab, protocol) for protocol in PROTOCOLS]
        lab.case = None
        lab.put_keys()
        daemons = tuple((t.daemon, "-M", "mrkm") for t in lab.traffic)
        with frames.Capture(lab["r1"]) as lab.capture:
            for name in ROUTERS:
                lab.start(name, member_text(name, lab.traffic), ipsec.BASE + daemons)
            ipsec.wait_until("closed interfaces", lambda: not_closed(lab), 60)
            lab.closed = time.time()
            yield lab


@pytest.fixture(scope="module", name="case", params=CASES)
def fixture_case(lab, request):
    "The lab settles with keys of that kind; `lost` is what was lost on the way."
    case, lab.lost = CASES[request.param], None
    if lab.case:
        steady, before = watch_all(lab), spis(lab)
        ks_group(lab, *protocol_lines(case))
        ipsec.wait_until("other keys", lambda: not_rolled(lab, before), ATD + 60)
    else:
        steady = []
        lab.start(config.SERVER, server_text(case), ipsec.BASE)
        ipsec.wait_until("registration", lambda: not_registered(lab), 120)
        ipsec.wait_until("neighbours", lambda: not_all_there(lab), 120)
    ipsec.wait_until("keys", lambda: not_settled(lab), 2 * DTD + 60)
    lab.case = case
    try:
        for watch in steady:
            watch.check()
    except AssertionError as error:
        lab.lost = error
    return case


def is_ah(case):
    return case.pim.startswith("ah")


def is_per_sender(case):
    return "per-sender" in case.pim


@pytest.fixture(name="traffic", params=PROTOCOLS)
def fixture_traffic(case, lab, request):
    return next(t for t in lab.traffic if t.protocol == request.param)


def server(lab):
    return lab[config.SERVER].vtysh


def not_closed(lab):
    "None when each zebra knows what it has to protect."
    for name in ROUTERS:
        chains = ipsec.guard(lab[name])["keyChains"]
        found = {c["daemon"] for c in chains if "core" in c["interfaces"]}
        if found != {t.daemon for t in lab.traffic}:
            return f"{name} knows of {found}"
    return None


def in_the_clear(lab):
    return [p for p in lab.capture.clear_text() if p.time > lab.closed]


def not_registered(lab):
    for name in ROUTERS:
        if not mrkm.registered(lab[name].vtysh):
            return f"{name}: {mrkm.group(lab[name].vtysh)}"
    return None


def not_all_there(lab):
    for traffic in lab.traffic:
        complaint = ipsec.not_all_there(traffic, ROUTERS)
        if complaint:
            return f"{traffic}: {complaint}"
    return None


def watch_all(lab):
    return [ipsec.Steady(traffic, ROUTERS) for traffic in lab.traffic]


def spis(lab):
    "{(protocol, router): SPI that it sends with}"
    found = {}
    for name in ROUTERS:
        sending = ipsec.sending_spis(lab[name])
        for traffic in lab.traffic:
            found[str(traffic), name] = sending.get(traffic.daemon)
    return found


def not_rolled(lab, before):
    "None when all send, and nobody with what he had sent with before."
    now = spis(lab)
    same = [n for n in now if not now[n] or now[n] == before.get(n)]
    return f"SPIs {now}" if same else None


def not_settled(lab):
    "None when no kernel has a key that nobody sends with."
    used = set(spis(lab).values())
    for name in ROUTERS:
        found = {s.spi for s in ipsec.states(lab[name])}
        if found != used:
            return f"{name} has {found}, in use are {used}"
    return None


def test_neighbors(lab, case):
    """
    They are there, and were not lost when the group changed to these algorithms;
    nothing is in the clear from the moment that the interfaces are closed.
    """
    assert not lab.lost
    assert not_all_there(lab) is None
    with frames.Capture(lab["r1"]) as capture:
        for traffic in lab.traffic:
            assert capture.wait_for(traffic.is_from("r2"), 10)
    assert {p.protocol for p in capture.protected()} == {
        frames.AH if is_ah(case) else frames.ESP
    }
    assert not in_the_clear(lab)


def test_keys_of_each(lab, case):
    "Who shares an SA sends with one SPI, and PIM is the same over IPv4 and IPv6."
    used = spis(lab)
    for name in ROUTERS:
        assert used["pim", name] == used["pim6", name] != used["ospf6", name]
    for protocol in PROTOCOLS:
        senders = {used[protocol, name] for name in ROUTERS}
        assert len(senders) == (len(ROUTERS) if is_per_sender(case) else 1)


def hello_of(lab, traffic, name="r2"):
    with frames.Capture(lab["r1"]) as capture:
        hello = capture.wait_for(traffic.is_from(name), 10)
    assert hello, f"no hello of {name}"
    return hello


@pytest.mark.parametrize("case", ("per-sender",), indirect=True)
def test_replay(lab, case, traffic):
    "With an SA for each sender, what was sent once does not count again."
    hello = hello_of(lab, traffic)
    refused = ipsec.replays(lab["r1"])
    send_thrice(lab, hello.octets)
    wait_for_three("refused", lambda: ipsec.replays(lab["r1"]), refused)


def not_receiving_only(lab, name, before):
    """
    None when that router has nothing to send with, and the other has, but not what
    it had before.
    """
    now = spis(lab)
    wrong = [
        key
        for key, spi in now.items()
        if (spi is None) != (key[1] == name) or (spi and spi == before.get(key))
    ]
    return f"SPIs {now}" if wrong else None


@pytest.mark.parametrize("case", ("per-sender",), indirect=True)
def test_receiver_only(lab, case):
    """
    With an SA for each sender, who may only receive has none, and sends nothing,
    also not in the clear; it may send again when the key server says so.
    """
    line = f"member fqdn {config.identity('r2')} receiver-only"
    before = spis(lab)
    ks_group(lab, line)
    lab["r2"].vtysh(f"clear mrkm group {config.GROUP}", "mrkmd")
    # that needs no roll, and goes on over one
    ipsec.wait_until("a receiver", lambda: not_receiving_only(lab, "r2", {}), 10)
    assert all(before[key] == spi for key, spi in spis(lab).items() if spi)
    mrkm.rekey(server(lab))
    ipsec.wait_until("roll", lambda: not_receiving_only(lab, "r2", before), ATD + 60)
    with frames.Capture(lab["r1"]) as capture:
        time.sleep(ipsec.HOLD_TIME)
    for traffic in lab.traffic:
        groups = ipsec.GROUPS[traffic.protocol]
        sources = {p.source for p in capture.packets if p.destination in groups}
        assert traffic.address("r1") in sources, traffic
        assert traffic.address("r2") not in sources, traffic
    # it hears the other, though
    hold = [t for t in lab.traffic if t.protocol != "ospf6"]
    for traffic in hold:
        assert traffic.neighbors("r2"), traffic
        assert not traffic.neighbors("r1"), traffic
    ks_group(lab, f"no {line}")
    lab["r2"].vtysh(f"clear mrkm group {config.GROUP}", "mrkmd")
    ipsec.wait_until("senders", lambda: not_rolled(lab, {}), ATD + 60)
    ipsec.wait_until("neighbours", lambda: not_all_there(lab), 120)
    ipsec.wait_until("old keys gone", lambda: not_settled(lab), 2 * DTD + 60)
    assert not in_the_clear(lab)


def test_forged_protection(lab, case, traffic):
    "The right SPI, and no key: nothing gets through."
    octets = bytearray(hello_of(lab, traffic).octets)
    start = 20 if octets[0] >> 4 == 4 else 40
    sequence = start + (8 if is_ah(case) else 4)
    struct.pack_into("!I", octets, sequence, 2**32 - 2)
    octets[-1] ^= 1
    before = altered(lab["r1"])
    send_thrice(lab, bytes(octets))
    wait_for_three("refused", lambda: altered(lab["r1"]), before)


def altered(node):
    "Packets whose ICV was not theirs."
    return ipsec.statistics(node)["XfrmInStateProtoError"]


def send_thrice(lab, octets):
    for _ in range(3):
        frames.send(lab[INTRUDER], "core", octets)


def wait_for_three(what, count, before):
    ipsec.wait_until(
        what,
        lambda: None if count() >= before + 3 else f"{count() - before} {what}",
        5,
    )


def test_sent_back(lab, case, traffic):
    """
    What a router sent itself does not come in again: neither with its own source,
    nor, where each sender has an SA or with AH, with another one.
    """
    r1 = lab["r1"]
    hello = hello_of(lab, traffic, "r1")
    before = ipsec.sent_back(r1)
    send_thrice(lab, hello.octets)
    if traffic.protocol != "pim":  # else it is Linux itself that drops it
        wait_for_three("dropped", lambda: ipsec.sent_back(r1), before)
    other = frames.renamed(hello.octets, config.core_address(INTRUDER))
    if is_per_sender(case):
        before = ipsec.replays(r1)
        send_thrice(lab, other)
        wait_for_three("refused", lambda: ipsec.replays(r1), before)
    elif is_ah(case):
        before = altered(r1)
        send_thrice(lab, other)
        wait_for_three("refused", lambda: altered(r1), before)
    hello_of(lab, traffic)  # what it gets after that
    assert ipsec.not_all_there(traffic, ROUTERS) is None


def test_rolls(lab, case):
    """
    Nobody is lost, nothing is in the clear, and each router goes from key to key
    in their order.  What was forged before does no harm either.
    """
    assert not_all_there(lab) is None
    steady, begin = watch_all(lab), time.time()
    used = {key: [spi] for key, spi in spis(lab).items()}
    for roll in range(case.rolls):
        before = spis(lab)
        mrkm.rekey(server(lab))
        ipsec.wait_until(
            "roll", lambda before=before: not_rolled(lab, before), ATD + 30
        )
        for key, spi in spis(lab).items():
            used[key].append(spi)
        if roll % 2:  # else the next begins before the last one is over
            ipsec.wait_until("old keys gone", lambda: not_settled(lab), DTD + 30)
    ipsec.wait_until("old keys gone", lambda: not_settled(lab), DTD + 30)
    for watch in steady:
        watch.check()
    for traffic in lab.traffic:
        for name in ROUTERS:
            packets = filter(traffic.is_from(name), lab.capture.packets)
            sent = [p.spi for p in packets if p.time > begin]
            check_order(sent, used[str(traffic), name], case.rolls)
    assert not in_the_clear(lab)


def check_order(sent, used, rolls):
    "The SPIs on the wire are those of the key server's keys, one after the other."
    seen = [spi for at, spi in enumerate(sent) if sent[at - 1 : at] != [spi]]
    assert seen == [spi for spi in used if spi in seen]
    assert len(seen) > rolls / 2


@pytest.mark.parametrize("case", ("per-sender", "esp"), indirect=True)
def test_excluded(lab, case):
    """
    What he knows the other one's kernel forgets, and sends nothing with any more; as
    a member he finds back.  Meanwhile nothing is in the clear.
    """
    known = set(spis(lab).values())
    assert not mrkm.exclude(server(lab), "r2")

    def not_forgotten():
        mine = {spi for (_, name), spi in spis(lab).items() if name == "r1"}
        left = known & (mine | {s.spi for s in ipsec.states(lab["r1"])})
        return f"of {known} r1 has {left}" if left or None in mine else None

    ipsec.wait_until("new keys at r1", not_forgotten, 30)

    def not_lost():
        there = [str(t) for t in lab.traffic if t.neighbors("r1")]
        return f"r1 has neighbours: {there}" if there else None

    ipsec.wait_until("r1 alone", not_lost, ipsec.HOLD_TIME + 30)
    assert not mrkm.exclude(server(lab), "r2", readmit=True)
    lab["r2"].vtysh(f"clear mrkm group {config.GROUP}", "mrkmd")
    ipsec.wait_until("neighbours", lambda: not_all_there(lab), 120)
    ipsec.wait_until("old keys gone", lambda: not_settled(lab), DTD + 60)
    assert not in_the_clear(lab)


def state(lab, name, daemon):
    "How the daemon's interface fares, as zebra says."
    for chain in ipsec.guard(lab[name])["keyChains"]:
        if chain["daemon"] == daemon:
            return chain["interfaces"]["core"]
    return None


def test_plain_form(lab):
    """
    Keys in RFC 9838's own words take the place of others without a loss.  Of PIM
    that is IPv4: what has no key any more is closed, and its daemon is named.
    """
    pim, pim6, ospf6 = lab.traffic
    steady = [ipsec.Steady(traffic, ROUTERS) for traffic in (pim, ospf6)]
    before = spis(lab)
    ks_group(lab, "policy-form plain")
    for name in ROUTERS:
        lab[name].vtysh(f"clear mrkm group {config.GROUP}", "mrkmd")

    def complaint():
        mine = {name: state(lab, name, pim6.daemon) for name in ROUTERS}
        return None if set(mine.values()) == {"family"} else f"{mine}"

    ipsec.wait_until("refusal of keys", complaint, 60)
    mrkm.rekey(server(lab))

    def not_rolled_but_pim6():
        now = spis(lab)
        kept = [
            key
            for key, spi in now.items()
            if spi == before[key] or (spi is None) != (key[0] == str(pim6))
        ]
        return f"{kept}: {now}" if kept else None

    ipsec.wait_until("roll", not_rolled_but_pim6, ATD + 30)
    said = mrkm.group(lab["r1"].vtysh).problem
    assert said and "pim6d" in said and KEY_CHAINS["pim-ipsec"] in said
    time.sleep(ipsec.HOLD_TIME)
    for watch in steady:
        watch.check()


def test_server_gone(lab):
    "The keys live on without it; show mrkm tells what there is."
    watch = ipsec.Steady(lab.traffic[0], ROUTERS)
    os.kill(lab[config.SERVER].daemon_pid("mrkmd"), signal.SIGTERM)
    time.sleep(2 * ipsec.HOLD_TIME)
    watch.check()
    said = lab["r1"].vtysh("show mrkm keys", "mrkmd")
    assert all(key_chain in said for key_chain in KEY_CHAINS.values())

    assert not in_the_clear(lab)
