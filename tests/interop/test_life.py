# SPDX-License-Identifier: GPL-2.0-or-later
"""
An IKE SA with strongSwan: how it lives, is rekeyed, and ends.

Each test runs with either side as the one that began the SA.
"""

import time

import pytest

import vici
from conftest import OUR_ID, PSK, THEIR_ID
from net import ADDRESSES
from relay import ADDRESS as RELAY

IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL = 34, 35, 36, 37
GSA_REGISTRATION = 40

LOCAL = {"auth": "psk", "id": THEIR_ID}
REMOTE = {"auth": "psk", "id": OUR_ID}

NO_ADDITIONAL_SAS = "35"


class Pair:
    "Both ends, and the SA between them."

    def __init__(self, us, them):
        self.us = us
        self.them = them
        self.sa = us.wait_established()
        them.wait_up()

    def wait_heir(self):
        self.sa = self.us.wait_heir_of(self.sa)
        return self.sa

    def wait_theirs(self):
        "Until they have the one SA that we have."
        deadline = time.monotonic() + 20
        while True:
            theirs = [sa for sa in self.them.sas() if sa["state"] == "ESTABLISHED"]
            spis = [(sa["initiator-spi"], sa["responder-spi"]) for sa in theirs]
            if spis == [(self.sa["spi_i"], self.sa["spi_r"])]:
                return
            assert time.monotonic() < deadline, f"ours {self.sa}, theirs {theirs}"
            time.sleep(0.05)


    def wait_common(self, before):
        "Until the one SA that they have is one of ours, and not that of before."
        deadline = time.monotonic() + 20
        while True:
            self.us.wait_status(lambda s: True)
            ours = [(sa["spi_i"], sa["spi_r"]) for sa in self.us.established()]
            theirs = [
                (sa["initiator-spi"], sa["responder-spi"])
                for sa in self.them.sas()
                if sa["state"] == "ESTABLISHED"
            ]
            if len(theirs) == 1 and theirs[0] in ours:
                if theirs[0] != (before["spi_i"], before["spi_r"]):
                    return
            assert time.monotonic() < deadline, f"ours {ours}, theirs {theirs}"
            time.sleep(0.05)


@pytest.fixture(params=("we ask", "they ask"))
def pair(request, charon, asking, answering, relay):
    "start(theirs={...}, daemon={...}, lose=None, **ours)"

    def start(theirs=None, daemon=None, lose=None, **ours):
        them = charon(**(daemon or {}))
        them.share(PSK, OUR_ID, THEIR_ID)
        ours = {"psk": PSK, **ours}
        settings = {
            "remote_addrs": [RELAY if lose else ADDRESSES[4][0]],
            **(theirs or {}),
        }
        if lose:
            ours["nat_port"] = 4500
        if request.param == "we ask":
            them.configure(4, LOCAL, REMOTE, **{**settings, "remote_addrs": ["%any"]})
            server = RELAY if lose else ADDRESSES[4][1]
            if lose:
                relay(ADDRESSES[4][1], lose=lose)
            us = asking(server=server, **ours)
            us.command("join")
        else:
            them.configure(4, LOCAL, REMOTE, **settings)
            if lose:
                relay(ADDRESSES[4][0], lose=lose)
            us = answering(**ours)
            them.initiate_in_vain()
        return Pair(us, them)

    return start


# ------------------------------------------------------------------------ rekey


def test_we_rekey(pair, wire):
    both = pair()
    for _ in range(3):
        both.us.command("rekey-ike")
        sa = both.wait_heir()
        assert sa["initiator"]
        both.wait_theirs()
    wire.assert_sound()


def test_they_rekey(pair, wire):
    both = pair()
    for _ in range(3):
        both.them.rekey()
        sa = both.wait_heir()
        assert not sa["initiator"]
        both.wait_theirs()
    wire.assert_sound()


def test_in_turns(pair):
    both = pair()
    for _ in range(2):
        both.us.command("rekey-ike")
        both.wait_heir()
        both.wait_theirs()
        both.them.rekey()
        both.wait_heir()
        both.wait_theirs()


@pytest.mark.parametrize("attempt", range(5))
def test_both_rekey_at_once(pair, attempt):
    """
    The nonces decide; whoever loses, both sides go on with the same SA.  charon may
    hear of our Delete before it hears our answer to its own rekey, and forgets that
    one: then we have another SA that serves nobody until we give it up.
    """
    del attempt
    both = pair()
    before = both.sa
    both.us.command("rekey-ike")
    try:
        both.them.rekey()
    except vici.ViciError:
        pass  # it is late: ours is done
    both.wait_common(before)
    both.us.command("liveness")
    both.us.wait_status(lambda s: not any(sa["outstanding"] for sa in s["ikes"]))
    both.wait_common(before)


# ------------------------------------------------------------------ liveness, end


@pytest.mark.parametrize("pair", ("we ask",), indirect=True)
def test_they_are_asked_whether_they_live(pair, wire):
    both = pair(liveness=200)
    sent = both.sa["requests"]
    both.us.wait_status(lambda s: s["ikes"] and s["ikes"][0]["requests"] >= sent + 3)
    wire.assert_sound()


def test_we_are_asked_whether_we_live(pair, wire):
    both = pair(theirs={"dpd_delay": "1s"})
    both.them.wait_said("parsed INFORMATIONAL response")
    wire.assert_sound()
    assert both.us.established()


def test_we_delete(pair, wire):
    both = pair()
    both.us.command("delete-ike")
    both.them.wait_down()
    both.us.wait_status(
        lambda s: both.sa["spi_i"] not in [x["spi_i"] for x in s["ikes"]]
    )
    wire.assert_sound()


def test_they_delete(pair, wire):
    both = pair()
    both.them.terminate()
    both.us.wait_status(
        lambda s: both.sa["spi_i"] not in [x["spi_i"] for x in s["ikes"]]
    )
    wire.assert_sound()


@pytest.mark.parametrize("pair", ("we ask",), indirect=True)
def test_they_fall_silent(pair):
    both = pair(liveness=200, retransmit=50)
    both.them.kill()
    both.us.wait_status(lambda s: s["counters"].get("timeout"))
    both.us.wait_status(
        lambda s: both.sa["spi_i"] not in [x["spi_i"] for x in s["ikes"]]
    )


@pytest.mark.parametrize("pair", ("they ask",), indirect=True)
def test_what_serves_nobody_ends(pair, wire):
    "They never ask for a group: we do not keep the SA for ever."
    both = pair(retransmit=20, liveness=100)
    both.them.wait_down()
    both.us.wait_none()
    wire.assert_sound()


# ----------------------------------------------------------------- a bad network


def first_of_each(exchange, response, number):
    "Loses the first request and the first response of each exchange."
    del exchange, response
    return number == 1


def test_losses(pair):
    both = pair(
        lose=first_of_each, retransmit=300, daemon={"options": "retransmit_base = 1.2"}
    )
    both.us.command("rekey-ike")
    both.wait_heir()
    both.wait_theirs()
    both.them.rekey()
    both.wait_heir()
    both.wait_theirs()


# ------------------------------------------------------- what one of us has not


def test_no_child_sa_later(pair, wire):
    "Over an IKE SA that lives, too, none is to be had."
    children = {"net": {"local_ts": ["192.0.2.2/32"], "remote_ts": ["192.0.2.1/32"]}}
    both = pair(theirs={"children": children})
    both.them.vici.call("initiate", {"child": "net", "timeout": -1})
    both.them.wait_said("received NO_ADDITIONAL_SAS notify, no CHILD_SA built")
    both.us.command("liveness")
    both.us.wait_status(lambda s: not s["ikes"][0]["outstanding"])
    answers = [p.all("isakmp.notify.msgtype") for p in wire.assert_sound()]
    assert [NO_ADDITIONAL_SAS] in answers


def test_they_know_no_registration(asking, charon, wire):
    """
    To strongSwan a message of G-IKEv2's exchanges has an invalid header: it
    says nothing to it, and our request ends by itself.
    """
    them = charon()
    them.share(PSK, OUR_ID, THEIR_ID)
    them.configure(4, LOCAL, REMOTE)
    us = asking(psk=PSK, retransmit=50)
    us.command("join")
    us.wait_established()
    us.command("register")
    assert us.wait_event("REGISTRATION_FAILED")["reason"] == "timeout"
    assert them.said("header verification failed")
    packets = wire.assert_sound()
    requests = [p for p in packets if p.first("isakmp.exchangetype") == "40"]
    assert len(requests) == 6
    assert all(p.first("isakmp.flag_r") == "0" for p in requests)


# ------------------------------------------------------------------ other places


def test_they_begin_anew(charon, answering):
    """
    strongSwan lost its past and says INITIAL_CONTACT: what we still had of it
    goes at once.
    """
    them = charon()
    them.share(PSK, OUR_ID, THEIR_ID)
    them.configure(4, LOCAL, REMOTE)
    us = answering(psk=PSK)
    them.initiate()
    old = us.wait_established()
    them.kill()
    them = charon()
    them.share(PSK, OUR_ID, THEIR_ID)
    them.configure(4, LOCAL, REMOTE)
    them.initiate()
    us.wait_heir_of(old)


def test_we_begin_anew(charon, asking):
    "And strongSwan takes ours."
    them = charon()
    them.share(PSK, OUR_ID, THEIR_ID)
    them.configure(4, LOCAL, REMOTE)
    us = asking(psk=PSK)
    us.command("join")
    us.wait_established()
    us.kill()
    us = asking(name="again", psk=PSK)
    us.command("join")
    sa = us.wait_established()
    them.wait_said("destroying duplicate IKE_SA")
    assert [x["initiator-spi"] for x in them.sas()] == [sa["spi_i"]]


@pytest.mark.parametrize("ours,others", ((848, 500), (500, 848)))
def test_we_ask_at_another_port(charon, asking, ours, others):
    """
    What we do does not depend on the port.  strongSwan, where neither is 500,
    takes all that has no marker of four zeroes for ESP: hence not 848 to 848.
    """
    them = charon(port=others)
    them.share(PSK, OUR_ID, THEIR_ID)
    them.configure(4, LOCAL, REMOTE, remote_port=ours)
    us = asking(psk=PSK, port=ours, server_port=others)
    us.command("join")
    sa = us.wait_established()
    assert (sa["local_port"], sa["remote_port"]) == (ours, others)
    us.command("rekey-ike")
    us.wait_heir_of(sa)


def test_they_ask_at_another_port(charon, answering):
    them = charon(port=848)
    them.share(PSK, OUR_ID, THEIR_ID)
    them.configure(4, LOCAL, REMOTE)
    us = answering(psk=PSK)
    them.initiate()
    sa = us.wait_established()
    assert (sa["local_port"], sa["remote_port"]) == (500, 848)
