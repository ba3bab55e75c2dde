# SPDX-License-Identifier: GPL-2.0-or-later
"""
IKE SAs with strongSwan, by certificates: how they begin, from either side, and
why they do not.
"""

import collections
import datetime
import os

import pytest

import pki
from conftest import OUR_ID, PSK, THEIR_ID
from net import ADDRESSES
from relay import ADDRESS as RELAY

IKE_AUTH = 35
SKF = "53"

AUTHENTICATION_FAILED = "24"
DIGITAL_SIGNATURE = "14"
SIGNATURE_HASH_ALGORITHMS = "16431"

# strongSwan's words for how it signs or was signed to
SCHEMES = {
    "P-256": "ECDSA_WITH_SHA256_DER",
    "P-384": "ECDSA_WITH_SHA384_DER",
    "Ed25519": "ED25519",
    "RSA": "RSA_EMSA_PSS_SHA2_256_SALT_32",
    "RSA, PKCS#1": "RSA_EMSA_PKCS1_SHA2_256",
}

REMOTE = {"auth": "pubkey", "id": OUR_ID}
PSS = "rsa_pss = yes"


class Ends:
    "What both sides have to show, and whom they trust."

    def __init__(self, folder, issuer, depth=1):
        self.folder = folder
        issuer = pki.tree(issuer, depth)
        self.ours = pki.router(issuer, OUR_ID)
        self.theirs = pki.router(issuer, THEIR_ID)
        self.our_anchor = self.their_anchor = issuer.root

    def engine(self):
        "Arguments of peer.c."
        key, chain = self.ours.save(self.folder, "ours")
        anchor = os.path.join(self.folder, "anchor")
        with open(anchor, "wb") as file:
            file.write(self.our_anchor.pem)
        # what is named first is read first
        return {"key": key, "cert": chain, "anchor": anchor}

    def charon(self, start, version=4, options=PSS, remote=None, **settings):
        running = start(options=options)
        running.trust(self.their_anchor.pem)
        running.certify(
            [certificate.pem for certificate in self.theirs.chain], self.theirs.key_pem
        )
        local = {"auth": "pubkey", "id": THEIR_ID, "certs": [self.theirs.pem]}
        running.configure(version, local, remote or REMOTE, **settings)
        return running


# both, do we ask, and how it is set going
Pair = collections.namedtuple("Pair", "us them ask begin")


@pytest.fixture(name="pair", params=("we ask", "they ask"))
def _pair(request, charon, asking, answering, relay):
    "start(ends, version=4, lose=None, ours={...}, **theirs): both, not begun."

    def start(ends, version=4, lose=None, ours=None, **theirs):
        # the last word on how they show themselves is the anchor's
        ours = {"psk": [], **ends.engine(), **(ours or {})}
        remote_addrs = [RELAY if lose else ADDRESSES[version][0]]
        if request.param == "we ask":
            them = ends.charon(charon, version, remote_addrs=["%any"], **theirs)
            if lose:
                relay(ADDRESSES[4][1], lose=lose)
                ours.update(server=RELAY, nat_port=4500)
            us = asking(version, **ours)
            return Pair(us, them, True, lambda: us.command("join"))
        them = ends.charon(charon, version, remote_addrs=remote_addrs, **theirs)
        if lose:
            relay(ADDRESSES[4][0], lose=lose)
            ours["nat_port"] = 4500
        return Pair(answering(version, **ours), them, False, them.initiate_in_vain)

    return start


def _assert_up(both):
    sa = both.us.wait_established()
    assert sa["peer"] == f"fqdn {THEIR_ID}"
    both.them.wait_up()
    assert both.them.sas()[0]["remote-id"] == OUR_ID
    return sa


def _assert_signed(both, scheme):
    "By both of us, and strongSwan found ours right."
    assert both.them.said(f"authentication of '{OUR_ID}' with {scheme} successful")
    assert both.them.said(f"authentication of '{THEIR_ID}' (myself) with {scheme}")


# ------------------------------------------------------------------- algorithms


@pytest.mark.parametrize("kind", pki.KINDS)
def test_signature(pair, folder, wire, kind):
    "With a CA between router and anchor."
    both = pair(Ends(folder, kind))
    both.begin()
    _assert_up(both)
    _assert_signed(both, SCHEMES[kind])
    packets = wire.assert_sound()
    for packet in packets[:2]:
        assert SIGNATURE_HASH_ALGORITHMS in packet.all("isakmp.notify.msgtype")
    methods = [m for p in packets for m in p.all("isakmp.auth.method")]
    assert methods == [DIGITAL_SIGNATURE] * 2


def test_rsa_as_of_old(pair, folder):
    "PKCS#1 is what strongSwan signs with unless it is told not to; we take it."
    both = pair(Ends(folder, "RSA"), options="")
    both.begin()
    _assert_up(both)
    assert both.them.said(
        f"authentication of '{THEIR_ID}' (myself) with {SCHEMES['RSA, PKCS#1']}"
    )
    assert both.them.said(
        f"authentication of '{OUR_ID}' with {SCHEMES['RSA']} successful"
    )


def test_other_kinds_of_key(pair, folder):
    "Each side has its own."
    ends = Ends(folder, "Ed25519")
    ends.ours = pki.router(pki.tree("RSA"), OUR_ID)
    ends.their_anchor = ends.ours.root
    both = pair(ends)
    both.begin()
    _assert_up(both)
    assert both.them.said(f"'{OUR_ID}' with {SCHEMES['RSA']} successful")
    assert both.them.said(f"'{THEIR_ID}' (myself) with {SCHEMES['Ed25519']}")


def test_each_in_its_way(pair, folder):
    "Our key is shared, theirs is certified."
    ends = Ends(folder, "P-256")
    ours = {"key": [], "cert": [], "psk": PSK}
    both = pair(ends, ours=ours, remote={"auth": "psk", "id": OUR_ID})
    both.them.share(PSK, OUR_ID, THEIR_ID)
    both.begin()
    _assert_up(both)
    assert both.them.said(f"'{OUR_ID}' with pre-shared key successful")
    assert both.them.said(f"'{THEIR_ID}' (myself) with {SCHEMES['P-256']}")


# --------------------------------------------------------------- large messages


def _fragments(packets):
    "How many messages' parts each side sent: {response flag: number}"
    return collections.Counter(
        p.first("isakmp.flag_r") for p in packets if p.first("isakmp.nextpayload") == SKF
    )


def _large(folder):
    "RSA, and four CAs between: no message with it fits into one datagram."
    return Ends(folder, "RSA", depth=4)


@pytest.mark.parametrize("version", (4, 6))
def test_fragments(pair, folder, wire, version):
    both = pair(_large(folder), version)
    both.begin()
    _assert_up(both)
    packets = wire.assert_sound()
    counts = _fragments(packets)
    assert min(counts["0"], counts["1"]) >= 3, counts
    # the last of each completes it
    complete = [p for p in packets if len(p.all("isakmp.cert.encoding")) == 5]
    assert [p.first("isakmp.flag_r") for p in complete] == ["0", "1"]


def test_fragments_of_any_size(pair, folder, wire):
    "Ours are the smallest that IPv4 promises to carry, theirs twice that."
    both = pair(
        _large(folder),
        ours={"fragment_size": 548},
        options=f"fragment_size = 1152\n\t{PSS}",
    )
    both.begin()
    _assert_up(both)
    counts = _fragments(wire.assert_sound())
    assert sorted(counts.values())[1] >= 2 * sorted(counts.values())[0] - 1, counts


def test_fragment_lost(pair, folder):
    "The second part of the request, then of the answer."
    lost = set()

    def lose(exchange, response, number):
        if exchange != IKE_AUTH or number != 2:
            return False
        lost.add(response)
        return True

    both = pair(_large(folder), lose=lose, ours={"retransmit": 300})
    both.begin()
    _assert_up(both)
    assert lost == {False, True}


# --------------------------------------------------------------------- refusals


def _past(issuer, name):
    hour = datetime.timedelta(hours=1)
    return pki.router(issuer, name, lifetime=(-2 * hour, -hour))


def _other(issuer, name):
    return pki.router(pki.tree(issuer.kind, name="Another"), name)


def _misnamed(issuer, name):
    del name
    return pki.router(issuer, "somebody.example.net")


# what is wrong with a certificate: our reason and word, strongSwan's word
Fault = collections.namedtuple("Fault", "make reason ours theirs")

FAULTS = {
    "of another CA": Fault(
        _other, "cert-untrusted", "anchor", "no issuer certificate found for"
    ),
    "expired": Fault(_past, "cert-expired", "expired", "subject certificate invalid"),
    "of another name": Fault(_misnamed, "cert-name", THEIR_ID, "no trusted"),
}


@pytest.fixture(name="fault", params=FAULTS)
def _fault(request):
    return FAULTS[request.param]


def _refusal(us):
    "What the engine says when it fails, asking or asked."
    return us.wait(
        lambda l: l.get("event") in ("REGISTRATION_FAILED", "MEMBER_REFUSED"),
        what="a refusal",
    )


def test_we_refuse(pair, folder, fault):
    ends = Ends(folder, "P-256")
    ends.theirs = fault.make(ends.theirs.issuer, THEIR_ID)
    both = pair(ends)
    both.begin()
    refusal = _refusal(both.us)
    assert refusal["reason"] == fault.reason
    assert fault.ours in refusal["detail"]
    assert "CN=router" in refusal["detail"]
    both.us.wait_none()


def test_they_refuse(pair, folder, fault, wire):
    ends = Ends(folder, "P-256")
    ends.ours = fault.make(ends.ours.issuer, OUR_ID)
    both = pair(ends)
    both.begin()
    both.them.wait_said(fault.theirs)
    if both.ask:
        assert _refusal(both.us)["reason"] == "auth-failed"
    both.us.wait_none()
    notifies = [n for p in wire.dissected() for n in p.all("isakmp.notify.msgtype")]
    assert AUTHENTICATION_FAILED in notifies


def test_revoked_to_us(pair, folder):
    ends = Ends(folder, "P-256")
    crl = os.path.join(folder, "crl")
    with open(crl, "wb") as file:
        file.write(ends.theirs.issuer.crl(ends.theirs))
    both = pair(ends, ours={"crl": crl})
    both.begin()
    refusal = _refusal(both.us)
    assert refusal["reason"] == "cert-revoked"
    assert f"CN=router {THEIR_ID}" in refusal["detail"]


def test_revoked_to_them(pair, folder):
    ends = Ends(folder, "P-256")
    both = pair(ends)
    both.them.revoke(ends.ours.issuer.crl(ends.ours))
    both.begin()
    both.them.wait_said("certificate was revoked")
    both.us.wait_none()
