# SPDX-License-Identifier: GPL-2.0-or-later
"""
G-IKEv2 between two of our engines, on a link: Wireshark decrypts all of it by the
key log, and finds nothing malformed.
"""

import os

import pytest

import pki
from conftest import OUR_ID, PSK
from messages import GSA_AUTH, GSA_INBAND_REKEY, GSA_REGISTRATION, GSA_REKEY
from net import ADDRESSES, OTHER

SERVER_ID = "ks.example.net"
GROUP = "239.192.0.1"
PROTOCOLS = {"serve": ["201/3/3600", "204/4/3600", "205/1/3600"]}
OFFER = ["201/62", "204/60", "205/2"]


@pytest.fixture(name="pair")
def _pair(engine):
    "start(version=4, server={...}, **member): a member here, its server there."

    def start(version=4, server=None, **member):
        ours, others = ADDRESSES[version]
        serving = {
            "namespace": OTHER,
            "address": others,
            "identity": f"fqdn:{SERVER_ID}",
            "psk": PSK,
            **PROTOCOLS,
            **(server or {}),
        }
        ks = engine(version, name="server", **serving)
        joining = {"address": ours, "server": others, "psk": PSK, "offer": OFFER}
        gm = engine(version, name="member", **{**joining, **member})
        gm.command("join")
        _wait_keys(gm, len(serving["serve"]))
        return ks, gm

    return start


def _wait_keys(gm, count):
    gm.wait_status(lambda s: len(s.get("keys", ())) == count, what=f"{count} keys")
    return {tuple(key) for key in gm.status["keys"]}


def _wait_roll(ks, gm, before):
    "Until the member has a new key for each one that it had."
    ks.command("roll")
    gm.wait_status(
        lambda s: len({tuple(k) for k in s["keys"]} - before) == len(before),
        what="new keys",
    )


def _keys(packet):
    "(protocol, ID, algorithm) of the keys in it, for routing protocols."
    found, protocol, ident = set(), 0, 0
    for name, show in packet.fields:
        if name == "gikev2.policy":
            protocol = int(show)
        elif name in ("gikev2.key_id", "gikev2.sa_id"):
            ident = int(show)
        elif name == "gikev2.auth_algo":
            found.add((protocol, ident, int(show)))
    return found


def _of(packets, exchange):
    return [p for p in packets if p.all("gikev2.exchange") == [str(exchange)]]


# ------------------------------------------------------------------------ inband

SUITES = {
    "AES-GCM-256": "1/20/256",
    "AES-GCM-128": "1/20/128",
    "AES-CBC-256 SHA2-256": "1/12/256,3/12/0",
    "AES-CBC-128 SHA2-384": "1/12/128,3/13/0",
    "AES-CBC-256 SHA2-512": "1/12/256,3/14/0",
}


@pytest.mark.parametrize("suite", SUITES)
def test_inband(pair, wire, suite):
    ks, gm = pair(suite=SUITES[suite])
    before = _wait_keys(gm, 3)
    _wait_roll(ks, gm, before)
    gm.command("leave")
    gm.wait_none()
    packets = wire.assert_sound(lua=True)
    request, answer = _of(packets, GSA_AUTH)
    assert request.all("gikev2.group") == ["CORE"]
    assert _keys(answer) == before
    rekey, acknowledgement = _of(packets, GSA_INBAND_REKEY)
    assert len(_keys(rekey) - before) == 3
    assert rekey.all("gikev2.atd") == ["1"] and rekey.all("gikev2.dtd") == ["3"]
    assert not acknowledgement.has("gikev2.payload")


def test_ipv6(pair, wire):
    pair(version=6)
    assert len(_of(wire.assert_sound(lua=True), GSA_AUTH)) == 2


def test_registration_of_its_own(pair, wire):
    "IKE_AUTH first, then GSA_REGISTRATION."
    _, gm = pair(ike_auth=1)
    packets = wire.assert_sound(lua=True)
    assert not _of(packets, GSA_AUTH)
    request, answer = _of(packets, GSA_REGISTRATION)
    assert request.all("gikev2.group") == ["CORE"]
    assert _keys(answer) == {tuple(key) for key in gm.status["keys"]}


def test_after_a_rekey_of_the_ike_sa(pair, wire):
    "The new SA's keys are in the key log, too."
    ks, gm = pair()
    before = _wait_keys(gm, 3)
    old = gm.wait_established()
    gm.command("rekey-ike")
    gm.wait_heir_of(old)
    _wait_roll(ks, gm, before)
    packets = wire.assert_sound(lua=True)
    assert len(_of(packets, GSA_INBAND_REKEY)) == 2


def test_certificates_in_fragments(pair, folder, wire):
    "GSA_AUTH is larger than a datagram, both ways."
    issuer = pki.tree("P-256", depth=4)
    sides = {}
    for name, identity in (("server", SERVER_ID), ("member", OUR_ID)):
        certificate = pki.router(issuer, identity)
        key, chain = certificate.save(folder, name)
        anchor = os.path.join(folder, f"{name}.anchor")
        with open(anchor, "wb") as file:
            file.write(issuer.root.pem)
        sides[name] = {"psk": [], "key": key, "cert": chain, "anchor": anchor}
    pair(server=sides["server"], **sides["member"])
    packets = wire.assert_sound(lua=True)
    assert len(_of(packets, GSA_AUTH)) > 4
    # the last fragment shows the whole message
    complete = [p for p in packets if "50" in p.all("gikev2.payload")]
    assert [p.all("gikev2.group") for p in complete] == [["CORE"]]
    complete = [p for p in packets if p.has("gikev2.sa_key")]
    assert len(complete) == 1 and len(_keys(complete[0])) == 3


# --------------------------------------------------------------------- multicast


@pytest.mark.parametrize("way", ("implicit", "signed", "in fragments"))
def test_multicast(pair, folder, wire, way):
    "A member learns from the multicast what it was not told before."
    server = {"multicast": GROUP}
    if way != "implicit":
        server["sign"], _ = pki.authority("Ed25519", "signer").save(folder, "signer")
    if way == "in fragments":
        server["fragment_size"] = 300
    ks, gm = pair(server=server)
    before = _wait_keys(gm, 3)
    _wait_roll(ks, gm, before)
    packets = wire.assert_sound(lua=True)
    rekeys = _of(packets, GSA_REKEY)
    complete = [p for p in rekeys if p.has("gikev2.sa_key")]
    assert complete and (way == "in fragments") == (len(rekeys) > len(complete))
    for packet in complete:
        assert len(_keys(packet) - before) == 3
        assert ("39" in packet.all("gikev2.payload")) == (way != "implicit")
