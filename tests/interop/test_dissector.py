# SPDX-License-Identifier: GPL-2.0-or-later
"""
tools/wireshark/gikev2.lua: what it shows of messages that are known.
"""

import os

import pytest

import tshark
from messages import (
    DELETE,
    GSA,
    GSA_AUTH,
    GSA_INBAND_REKEY,
    GSA_REGISTRATION,
    GSA_REKEY,
    IDG,
    KD,
    NOTIFY,
    OWN_KEY_LINE,
    SA,
    Vector,
    chain,
    element,
    save,
    seal,
    selector,
    tlv,
    transforms,
    tv,
)

REGISTRATION_FAILED = 49
UNDECRYPTED, MALFORMED = "gikev2.undecrypted", "gikev2.malformed"


@pytest.fixture(name="show")
def _show(folder):
    "show(message...): by Wireshark, with the dissector and the key of seal()."

    def show(*messages, keys=(OWN_KEY_LINE,)):
        path = os.path.join(folder, "made.pcap")
        save(path, messages)
        return tshark.dissect(path, keys, lua=True)

    return show


def numbers(packet, name):
    return [int(show, 0) for show in packet.all(name)]


def octets(packet, name):
    return [bytes.fromhex(show.replace(":", "")) for show in packet.all(name)]


# ---------------------------------------------------------------------- vectors


@pytest.fixture(name="vector")
def _vector(folder):
    "vector(name): it, and its packets."

    def vector(name):
        found = Vector(name)
        path = os.path.join(folder, f"{name}.pcap")
        save(path, found.messages)
        packets = tshark.dissect(path, found.keys, lua=True)
        assert len(packets) == len(found.messages)
        tshark.assert_sound(packets)
        return found, packets

    return vector


def test_inband(vector):
    v, packets = vector("ospfv2-inband")
    exchanges = [numbers(p, "gikev2.exchange") for p in packets]
    assert exchanges == [[], [], [39], [39], [42], [42], [40], [40], [], []]
    request, answer, rekey, acknowledgement, leaving, farewell = packets[2:8]
    assert request.all("gikev2.group") == ["CORE"]
    assert numbers(request, "gikev2.group.type") == [11]
    assert numbers(request, "gikev2.protocol") == [6, 201]
    assert numbers(request, "gikev2.transform.id")[-5:] == list(range(1025, 1030))
    assert numbers(request, "gikev2.group_sender") == [1]
    (old,), (new,) = (numbers(p, "gikev2.key_id") for p in (answer, rekey))
    assert {old, new} == v.key_ids()
    assert numbers(answer, "gikev2.key_lifetime") == [3500]
    assert numbers(rekey, "gikev2.key_lifetime") == [3600]
    for packet in (answer, rekey):
        assert numbers(packet, "gikev2.auth_algo") == [3]
        assert numbers(packet, "gikev2.bag") == [201]
        assert numbers(packet, "gikev2.wrapped.kwk_id") == [0]
    assert not answer.has("gikev2.atd")
    assert numbers(rekey, "gikev2.atd") == [5] and numbers(rekey, "gikev2.dtd") == [15]
    assert octets(rekey, "gikev2.delete.spi") == [bytes([old])]
    assert not acknowledgement.has("gikev2.payload")
    assert leaving.all("gikev2.group") == ["CORE"]
    assert numbers(leaving, "gikev2.notify") == [REGISTRATION_FAILED]
    assert not farewell.has("gikev2.payload")


def test_multicast(vector):
    v, packets = vector("ospfv2-multicast")
    answer = packets[3]
    assert octets(answer, "gikev2.spi")[0] == v.values["rekey-spi"]
    assert numbers(answer, "gikev2.policy") == [6, 201]
    assert answer.all("gikev2.ts.ipv4") == ["10.0.0.1"] * 2 + ["239.192.1.1"] * 2
    assert numbers(answer, "gikev2.ts.start_port") == [848, 848]
    assert [int(t) for t in numbers(answer, "gikev2.transform.type")] == [1, 13, 14]
    assert numbers(answer, "gikev2.transform.id") == [20, 3, 2]
    (signature,) = octets(answer, "gikev2.transform.signature_algorithm")
    assert signature.hex() == "300506032b6570"
    assert len(octets(answer, "gikev2.next_spi")[0]) == 16
    assert len(octets(answer, "gikev2.auth_key")[0]) == 44
    # from the Rekey SA's key to the one that the registration protects
    wrapped = dict(
        zip(
            numbers(answer, "gikev2.wrapped.id")[2:],
            numbers(answer, "gikev2.wrapped.kwk_id")[2:],
        )
    )
    at = numbers(answer, "gikev2.wrapped.kwk_id")[0]
    for _ in range(len(wrapped)):
        at = wrapped[at]
    assert at == 0
    rekeys = [p for p in packets if numbers(p, "gikev2.exchange") == [GSA_REKEY]]
    assert len(rekeys) == 3
    assert v.key_ids() >= {i for p in rekeys for i in numbers(p, "gikev2.key_id")}


def test_rfc9838(vector):
    v, packets = vector("rfc9838")
    answer, rekey = packets[3:]
    assert numbers(answer, "gikev2.policy") == [6, 3, 0]
    assert numbers(answer, "gikev2.initial_message_id") == [7]
    assert numbers(answer, "gikev2.key_lifetime") == [86400, 3600]
    assert numbers(answer, "gikev2.atd") == [10] and numbers(answer, "gikev2.dtd") == [20]
    assert 16391 in numbers(answer, "gikev2.notify")
    assert octets(answer, "gikev2.auth_key") == [v.values["auth-key"]]
    wrapped = octets(answer, "gikev2.wrapped")
    assert wrapped == [v.values[n][8:] for n in ("sa-key-rekey", "sa-key-esp")]
    assert numbers(rekey, "gikev2.exchange") == [GSA_REKEY]


def test_without_keys(show):
    v = Vector("ospfv2-inband")
    packets = show(*v.messages, keys=())
    assert not packets[0].has(UNDECRYPTED)
    assert packets[2].has(UNDECRYPTED)
    assert numbers(packets[2], "gikev2.exchange") == [GSA_AUTH]


# --------------------------------------------------------------- made to order

LIFETIME = tlv(1, bytes([0, 0, 14, 16]))
SENDER = tlv(16384, b"\x5e" * 8)
AH = transforms((3, 12), (5, 2))
ESP = transforms((1, 20, tv(14, 128)), (5, 0))
ANY = (0, 65535)
LINK = bytes([0xFE, 0x80]) + bytes(14)
LINK_END = bytes([0xFE, 0xBF]) + b"\xff" * 14
ALL_PIM = bytes([0xFF, 2]) + bytes(13) + b"\x0d"


def _policy(protocol, size, body):
    return GSA, element(protocol, size, body)


def _identity(kind, data):
    return ((IDG, bytes([kind, 0, 0, 0]) + data),)


# each the payloads of one message
MADE = {
    201: (_policy(201, 1, bytes([7, 0, 0, 2]) + LIFETIME),),
    202: (_policy(202, 4, b"spi!" + ESP + LIFETIME + SENDER),),
    203: (_policy(203, 4, b"spi!" + ESP + LIFETIME + SENDER),),
    204: (_policy(204, 2, bytes([0x12, 0x34, 0, 5]) + LIFETIME),),
    205: (_policy(205, 1, bytes([7, 0, 0, 2]) + LIFETIME),),
    "AH": (
        _policy(
            2,
            4,
            b"spi!"
            + selector(103, ANY, LINK, LINK_END)
            + selector(103, ANY, ALL_PIM, ALL_PIM)
            + AH
            + LIFETIME
            + tlv(3, b"next"),
        ),
    ),
    "unknown": (
        (
            GSA,
            element(240, 0, b"body")
            + element(0, 0, tv(3, 8) + tv(99, 1) + tlv(98, b"x")),
        ),
        (KD, element(0, 0, tlv(3, b"\0\0\0\x09") + tlv(97, b"yz"))),
        (200, b"what"),
    ),
    "IPv4": _identity(1, bytes([192, 0, 2, 9])),
    "FQDN": _identity(2, b"group.example.net"),
    "IPv6": _identity(5, ALL_PIM),
    "octets": _identity(11, b"\x01\xff"),
    "notifies": (
        (NOTIFY, bytes([0, 0, 0, 45])),
        (NOTIFY, bytes([0, 0]) + (16391).to_bytes(2, "big")),
    ),
    "deletes": (
        (DELETE, bytes([203, 4, 0, 2]) + b"spi1spi2"),
        (DELETE, bytes([0, 0, 0, 0])),
    ),
}


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory):
    "The packets of MADE, by the same names."
    path = tmp_path_factory.mktemp("made") / "made.pcap"
    exchanges = GSA_AUTH, GSA_REGISTRATION, GSA_REKEY, GSA_INBAND_REKEY
    save(
        path,
        [
            seal(exchanges[i % 4], *chain(*payloads), i)
            for i, payloads in enumerate(MADE.values())
        ],
    )
    packets = tshark.dissect(str(path), (OWN_KEY_LINE,), lua=True)
    tshark.assert_sound(packets)
    assert [numbers(p, "gikev2.exchange")[0] for p in packets][:4] == list(exchanges)
    return dict(zip(MADE, packets))


@pytest.mark.parametrize("protocol", (201, 205))
def test_policy_with_key_id(made, protocol):
    packet = made[protocol]
    assert numbers(packet, "gikev2.policy") == [protocol]
    assert numbers(packet, "gikev2.key_id") == [7]
    assert numbers(packet, "gikev2.auth_algo") == [2]
    assert numbers(packet, "gikev2.key_lifetime") == [3600]


def test_policy_of_the_trailer(made):
    assert numbers(made[204], "gikev2.sa_id") == [0x1234]
    assert numbers(made[204], "gikev2.auth_algo") == [5]


@pytest.mark.parametrize("protocol", (202, 203))
def test_policy_with_transforms(made, protocol):
    packet = made[protocol]
    assert octets(packet, "gikev2.spi") == [b"spi!"]
    assert numbers(packet, "gikev2.transform.type") == [1, 5]
    assert numbers(packet, "gikev2.transform.id") == [20, 0]
    assert numbers(packet, "gikev2.transform.key_length") == [128]
    assert octets(packet, "gikev2.sender") == [b"\x5e" * 8]


def test_policy_with_selectors(made):
    packet = made["AH"]
    assert numbers(packet, "gikev2.ts.protocol") == [103, 103]
    assert packet.all("gikev2.ts.ipv6") == [
        "fe80::",
        "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "ff02::d",
        "ff02::d",
    ]
    assert numbers(packet, "gikev2.ts.end_port") == [65535, 65535]
    assert octets(packet, "gikev2.next_spi") == [b"next"]


def test_what_nobody_knows(made):
    packet = made["unknown"]
    assert octets(packet, "gikev2.policy.body") == [b"body"]
    assert numbers(packet, "gikev2.sender_id_bits") == [8]
    assert octets(packet, "gikev2.sender_id") == [b"\0\0\0\x09"]
    assert numbers(packet, "gikev2.attribute") == [99, 98, 97]
    assert numbers(packet, "gikev2.payload") == [GSA, KD, 200]


def test_identities(made):
    groups = [made[n].first("gikev2.group") for n in ("IPv4", "FQDN", "IPv6", "octets")]
    assert groups == ["192.0.2.9", "group.example.net", "ff02::d", "01ff"]


def test_notifies_and_deletes(made):
    assert numbers(made["notifies"], "gikev2.notify") == [45, 16391]
    assert numbers(made["deletes"], "gikev2.protocol") == [203, 0]
    assert octets(made["deletes"], "gikev2.delete.spi") == [b"spi1", b"spi2"]


# -------------------------------------------------------------------- malformed


def test_lengths_that_do_not_fit(show):
    "Each is said to be malformed, and what is before it is shown."
    good = element(201, 1, bytes([7, 0, 0, 3]) + LIFETIME)
    bad = (
        (GSA, good + b"\xc9\x01\x00"),
        (GSA, good + b"\xc9\x01\x00\x03"),
        (GSA, good + b"\xc9\x01\x00\x09\x07\x00\x00\x03"),
        (GSA, good + element(201, 1, b"\x07\x00")),
        (GSA, good + element(204, 2, b"\x07")),
        (GSA, good + element(6, 16, b"short")),
        (GSA, good + element(3, 4, b"spi!" + ESP)),
        (GSA, good + element(202, 4, b"spi!" + ESP[:10])),
        (GSA, good + element(201, 1, bytes([7, 0, 0, 3]) + tlv(1, b"\0"))),
        (GSA, good + element(201, 1, bytes([7, 0, 0, 3]) + LIFETIME[:-1])),
        (KD, element(201, 1, b"\x07" + tlv(1, b"1234567"))),
        (KD, element(201, 9, b"\x07")),
        (SA, b"\0\0\0\x07\1\6\0\1"),
        (IDG, b"\x0b\0\0\0"),
        (NOTIFY, b"\0\5\0\0"),
        (DELETE, b"\xc9\1\0\2\7"),
    )
    packets = show(
        *(seal(GSA_AUTH, *chain(payload), i) for i, payload in enumerate(bad))
    )
    assert len(packets) == len(bad)
    for packet, (kind, _) in zip(packets, bad):
        assert packet.has(MALFORMED), packet
        assert numbers(packet, "gikev2.payload") == [kind]
        if kind == GSA:
            assert numbers(packet, "gikev2.key_id")[0] == 7


def test_any_octet_wrong(show):
    "Whatever stands there, it makes no error of the dissector's own."
    v = Vector("ospfv2-multicast")
    first, text = v.messages[3][28], v.values["inner-4"]
    # of wrapped keys one is as good as all
    wrong = [
        text[:at] + b"\xff" + text[at + 1 :]
        for at in (*range(250), *range(len(text) - 60, len(text)))
    ]
    packets = show(*(seal(GSA_AUTH, first, t, i) for i, t in enumerate(wrong)))
    assert len(packets) == len(wrong)
    assert not [p for p in packets if p.has("_ws.lua.error")]
    assert sum(p.has(MALFORMED) for p in packets) > 30
