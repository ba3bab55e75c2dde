# SPDX-License-Identifier: GPL-2.0-or-later
"""
IKE SAs with strongSwan, by a pre-shared key: how they begin, from either side.
"""

import socket

import pytest

from charon import PROPOSALS
from conftest import OUR_ID, PSK, THEIR_ID
from net import ADDRESSES
from relay import ADDRESS as RELAY

LOCAL = {"auth": "psk", "id": THEIR_ID}
REMOTE = {"auth": "psk", "id": OUR_ID}

COOKIE = "16390"
INVALID_KE_PAYLOAD = "17"
NO_ADDITIONAL_SAS = "35"


@pytest.fixture(name="theirs")
def _theirs(charon):
    "start(version, daemon={...}, **settings): strongSwan with a key for us."

    def start(version=4, daemon=None, secret=PSK, **settings):
        running = charon(**(daemon or {}))
        running.share(secret, OUR_ID, THEIR_ID)
        running.configure(version, LOCAL, REMOTE, **settings)
        return running

    return start


# ------------------------------------------------------------------ the simplest


@pytest.mark.parametrize("version", (4, 6))
def test_we_ask(asking, theirs, wire, version):
    them = theirs(version)
    us = asking(version, psk=PSK)
    us.command("join")
    sa = us.wait_established()
    assert sa["peer"] == f"fqdn {THEIR_ID}"
    assert sa["fragmentation"]
    them.wait_up()
    assert them.sas()[0]["remote-id"] == OUR_ID
    # without KWA no group can be had, and none is asked for
    assert sa["kwa"] == ""
    assert us.status["member"] == "Receive SAs from KS"
    wire.assert_sound()


@pytest.mark.parametrize("version", (4, 6))
def test_they_ask(answering, theirs, wire, version):
    them = theirs(version)
    us = answering(version, psk=PSK)
    them.initiate()
    sa = us.wait_established()
    assert sa["peer"] == f"fqdn {THEIR_ID}"
    assert sa["kwa"] == ""
    assert them.sas()[0]["remote-id"] == OUR_ID
    wire.assert_sound()


# ------------------------------------------------------------------- algorithms


def _suite(**chosen):
    "strongSwan's name for a proposal."
    words = [PROPOSALS["encr"][chosen["encr"]]]
    if "CBC" in chosen["encr"]:
        words.append(PROPOSALS["integ"][chosen["integ"]])
    words.append(PROPOSALS["prf"][chosen["prf"]])
    words.append(PROPOSALS["ke"][chosen["ke"]])
    return "-".join(words)


BASE = {"encr": "AES_GCM_16_256", "integ": "", "prf": "HMAC_SHA2_256", "ke": 31}
CLASSIC = {**BASE, "encr": "AES_CBC_256", "integ": "HMAC_SHA2_256_128"}

SUITES = (
    [{**BASE, "encr": name} for name in PROPOSALS["encr"] if "CBC" not in name]
    + [{**CLASSIC, "encr": "AES_CBC_128"}]
    + [{**CLASSIC, "integ": name} for name in PROPOSALS["integ"]]
    + [{**BASE, "prf": name} for name in list(PROPOSALS["prf"])[1:]]
    + [{**BASE, "ke": number} for number in list(PROPOSALS["ke"])[1:]]
)


def _assert_suite(sa, theirs, suite):
    for what in ("encr", "integ", "prf"):
        assert sa[what] == suite[what], what
    encr, bits = theirs["encr-alg"], theirs.get("encr-keysize", "")
    assert suite["encr"] == (f"{encr}_{bits}" if bits and "AES" in encr else encr)
    assert theirs["prf-alg"] == f"PRF_{suite['prf']}"


@pytest.mark.parametrize("suite", SUITES, ids=lambda s: _suite(**s))
def test_suite_when_we_ask(asking, theirs, suite):
    "Their choice, and then a rekey with it."
    them = theirs(proposals=[_suite(**suite)])
    us = asking(psk=PSK)
    us.command("join")
    sa = us.wait_established()
    _assert_suite(sa, them.sas()[0], suite)
    us.command("rekey-ike")
    _assert_suite(us.wait_heir_of(sa), them.sas()[-1], suite)


@pytest.mark.parametrize("suite", SUITES, ids=lambda s: _suite(**s))
def test_suite_when_they_ask(answering, theirs, suite):
    them = theirs(proposals=[_suite(**suite)])
    us = answering(psk=PSK)
    them.initiate()
    sa = us.wait_established()
    _assert_suite(sa, them.sas()[0], suite)
    them.rekey()
    them.wait_rekeyed()
    _assert_suite(us.wait_heir_of(sa), them.sas()[-1], suite)


# ---------------------------------------------------- what makes it take longer


def test_they_want_another_group(asking, theirs, wire):
    theirs(proposals=["aes256gcm16-prfsha256-ecp384"])
    us = asking(psk=PSK)
    us.command("join")
    assert us.wait_established()["ke"] == "ECP_384"
    packets = wire.assert_sound()
    assert packets[1].all("isakmp.notify.msgtype") == [INVALID_KE_PAYLOAD]


def test_we_want_another_group(answering, theirs, wire):
    them = theirs(proposals=["aes256gcm16-prfsha256-curve25519-ecp384"])
    us = answering(psk=PSK, suite="4/20/0")
    them.initiate()
    assert us.wait_established()["ke"] == "ECP_384"
    packets = wire.assert_sound()
    assert packets[1].all("isakmp.notify.msgtype") == [INVALID_KE_PAYLOAD]


def test_we_want_a_cookie(answering, theirs, wire):
    them = theirs()
    us = answering(psk=PSK, cookie_threshold=0)
    them.initiate()
    us.wait_established()
    packets = wire.assert_sound()
    assert packets[1].all("isakmp.notify.msgtype") == [COOKIE]
    assert packets[2].first("isakmp.notify.msgtype") == COOKIE


def _leave_half_open(request):
    "Sends such an IKE_SA_INIT request from elsewhere, with another SPI."
    ours, others = ADDRESSES[4]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((ours, 0))
        sock.settimeout(10)
        sock.sendto(b"\x01" * 8 + request[8:], (others, 500))
        sock.recv(2000)


def test_they_want_a_cookie(asking, theirs, wire):
    theirs(daemon={"options": "cookie_threshold = 1"})
    us = asking(psk=PSK)
    us.command("join")
    us.wait_established()
    _leave_half_open(wire.payloads()[0])
    # an SA anew, now that strongSwan is suspicious
    us.command("leave")
    us.wait_none()
    us.command("join")
    us.wait_established()
    packets = wire.dissected()
    assert [p for p in packets if p.all("isakmp.notify.msgtype") == [COOKIE]]


def test_both_want_something(asking, theirs, wire):
    "A cookie first, and with that another group."
    them = theirs(
        proposals=["aes256gcm16-prfsha256-curve25519"],
        daemon={"options": "cookie_threshold = 1"},
    )
    us = asking(psk=PSK)
    us.command("join")
    us.wait_established()
    _leave_half_open(wire.payloads()[0])
    us.command("leave")
    us.wait_none()
    them.configure(4, LOCAL, REMOTE, proposals=["aes256gcm16-prfsha256-ecp521"])
    us.command("join")
    assert us.wait_established()["ke"] == "ECP_521"
    refusals = [p.all("isakmp.notify.msgtype") for p in wire.dissected()]
    assert [COOKIE] in refusals and [INVALID_KE_PAYLOAD] in refusals


# --------------------------------------------------------------------- refusals


def test_they_do_not_know_our_key(asking, theirs):
    them = theirs(secret="another")
    us = asking(psk=PSK)
    us.command("join")
    event = us.wait_event("REGISTRATION_FAILED")
    assert event["reason"] == "auth-failed"
    assert them.said("MAC mismatched")


def test_we_do_not_know_their_key(answering, theirs):
    them = theirs(secret="another")
    us = answering(psk=PSK)
    them.initiate_in_vain()
    them.wait_said("received AUTHENTICATION_FAILED notify error")
    event = us.wait_event("MEMBER_REFUSED")
    assert event["reason"] == "auth-failed"
    us.wait_none()


def test_they_are_somebody_else(asking, theirs):
    theirs()
    us = asking(psk=PSK, server_identity="fqdn:other.example.net")
    us.command("join")
    assert us.wait_event("REGISTRATION_FAILED")["reason"] == "auth-failed"


def test_no_key_server_at_all(asking, theirs):
    "With a KWA in each proposal, they have none to choose."
    them = theirs()
    us = asking(psk=PSK, plain_ike=0, ike_auth=0, retransmit=50)
    us.command("join")
    event = us.wait_event("REGISTRATION_FAILED")
    assert event["reason"] == "no-proposal"
    assert "no G-IKEv2 key server" in event["detail"]
    assert them.said("received proposals unacceptable")


def test_not_for_plain_ike(answering, theirs):
    "And ours is a key server: an SA without KWA is of no use to it."
    them = theirs()
    us = answering(psk=PSK, plain_ike=0)
    them.initiate_in_vain()
    them.wait_said("received NO_PROPOSAL_CHOSEN notify error")
    us.wait_status(lambda s: s["counters"].get("no-proposal"))


def test_no_child_sa(answering, theirs, wire):
    "They ask for a Child SA in IKE_AUTH: there is none, but an IKE SA."
    them = theirs(
        childless="never",
        children={
            "net": {"local_ts": ["192.0.2.2/32"], "remote_ts": ["192.0.2.1/32"]},
        },
    )
    us = answering(psk=PSK)
    them.vici.call("initiate", {"child": "net", "timeout": -1})
    us.wait_established()
    them.wait_said("NO_ADDITIONAL_SAS")
    packets = wire.assert_sound()
    assert NO_ADDITIONAL_SAS in packets[3].all("isakmp.notify.msgtype")


# -------------------------------------------------------------- other addresses


def test_nat_between_when_we_ask(asking, theirs, relay):
    them = theirs(remote_addrs=["%any"])
    relay(ADDRESSES[4][1])
    us = asking(psk=PSK, server=RELAY, nat_port=4500)
    us.command("join")
    sa = us.wait_established()
    assert (sa["local_port"], sa["remote_port"]) == (4500, 4500)
    us.command("rekey-ike")
    us.wait_heir_of(sa)
    assert them.sas()[-1]["nat-any"] == "yes"


def test_nat_between_when_they_ask(answering, theirs, relay):
    them = theirs(remote_addrs=[RELAY])
    relay(ADDRESSES[4][0])
    us = answering(psk=PSK, nat_port=4500)
    them.initiate()
    sa = us.wait_established()
    assert (sa["local_port"], sa["remote_port"]) == (4500, 14500)
    them.rekey()
    us.wait_heir_of(sa)
    us.command("liveness")
    us.wait_status(lambda s: not s["ikes"][0]["outstanding"])
    assert them.sas()[-1]["nat-any"] == "yes"


def test_no_nat_no_move(asking, theirs):
    "Without a NAT it stays on the port where it began."
    them = theirs()
    us = asking(psk=PSK, nat_port=4500)
    us.command("join")
    sa = us.wait_established()
    assert (sa["local_port"], sa["remote_port"]) == (500, 500)
    assert "nat-any" not in them.sas()[0]
