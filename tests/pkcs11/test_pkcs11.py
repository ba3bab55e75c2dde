# SPDX-License-Identifier: GPL-2.0-or-later
"""
Private keys, certificates and trust anchors in tokens: a key server and a member
whose keys nothing but SoftHSM has, through OpenSSL's provider for PKCS#11.
"""

import glob
import json
import os
import pwd
import signal
from collections import namedtuple

import pytest

from lab import config, mrkm, secrets
from lab.namespaces import MEMBER_DAEMONS, SERVER_DAEMONS, Lab, wait_until
from tokens import Authority, Token, put

ANCHOR = "ca"  # in each token
STATE_KEY = "state"
# on the key server and two routers; r2 is for what goes wrong
KEY_TYPES = {config.SERVER: "EC:prime256v1", "r1": "rsa:2048", "r2": "EC:secp384r1"}


def own_config(name, token, pin):
    "Who the router is; its PIN in the URI or not."
    return f"""\
mrkm
 identity fqdn {config.identity(name)}
 certificate {token.uri(name, "cert", False)} private-key {token.uri(name, "private", pin)}
 trust-anchor LAB {token.uri(ANCHOR, "cert", False)}
"""


def server_text(token):
    return f"""\
{config.interfaces_config(config.SERVER)}\
{own_config(config.SERVER, token, True)}\
 key-server
  listen {config.SERVER_ADDRESS}
  state-key {token.uri(STATE_KEY, "private")}
  group {config.GROUP}
   member fqdn {config.identity("r1")} certificate
   protocol ospfv2 algorithm hmac-sha-256 lifetime 3600
   activation-delay 1
   deactivation-delay 3
  exit
 exit
exit
"""


def member_text(token):
    keys = f"""\
{own_config("r1", token, False)}\
 liveness-interval {config.LIVENESS_INTERVAL}
 group {config.GROUP}
  key-server {config.SERVER_ADDRESS} identity fqdn {config.identity(config.SERVER)}
  protocol ospfv2 key-chain {config.KEY_CHAIN}
 exit
exit
"""
    return config.router_config("r1", keys=keys)


def make_token(folder, authority, name):
    token = Token(os.path.join(folder, f"token-{name}"), name)
    token.make_key(name, KEY_TYPES[name])
    token.certify(authority, name, config.identity(name))
    token.put_certificate(ANCHOR, authority.certificate)
    return token


@pytest.fixture(scope="module", name="lab")
def fixture_lab():
    with Lab(os.environ["FRR_PREFIX"], "pkcs11", ("r1", "r2")) as lab:
        authority = Authority(lab.dir)
        lab.tokens = {n: make_token(lab.dir, authority, n) for n in KEY_TYPES}
        yield lab


def stop(node, daemon="mrkmd"):
    "It has ended by itself, and not by a crash, when this returns."
    pid = node.daemon_pid(daemon)
    os.kill(pid, signal.SIGTERM)
    wait_until(f"end of {daemon}", lambda: not os.path.exists(f"/proc/{pid}"), 30)
    with open(node.log_file(daemon), encoding="utf-8", errors="replace") as log:
        assert "Received signal 11" not in log.read()


# ------------------------------------------------------------------ when all is well


def test_registration(lab):
    "Both sign by their tokens, as daemons that gave up root's rights."
    server, member = lab.tokens[config.SERVER], lab.tokens["r1"]
    ks, r1 = lab[config.SERVER], lab["r1"]
    server.make_key(STATE_KEY, "EC:edwards25519")
    lab.start(config.SERVER, server_text(server), SERVER_DAEMONS, server.environment)
    # this one has the PIN from openssl.cnf
    environment = member.uses(member.write_cnf("pin.cnf", pin=True))
    lab.start("r1", member_text(member), MEMBER_DAEMONS, environment)
    wait_until("registration", lambda: mrkm.registered(r1.vtysh), 60)
    assert mrkm.proof(r1.vtysh)[:2] == ("certificate", "certificate")
    assert mrkm.members(ks.vtysh) == [config.identity("r1")]
    wait_until("key in ospfd", lambda: mrkm.keys(r1.vtysh), 30)
    for node in (ks, r1):
        user = os.stat(f"/proc/{node.daemon_pid('mrkmd')}/task").st_uid
        assert os.path.exists(f"/proc/{node.daemon_pid('mrkmd')}"), user


def test_restart(lab):
    "What the key server has sealed under a key of its token is there again."
    ks, r1 = lab[config.SERVER], lab["r1"]
    before = mrkm.group(r1.vtysh)
    stop(ks)
    ks.start("mrkmd", environment=lab.tokens[config.SERVER].environment)
    ks.run(f"{lab.prefix}/bin/vtysh", "-b")
    wait_until("member", lambda: mrkm.members(ks.vtysh), 30)
    mrkm.rekey(ks.vtysh)
    wait_until("rekey", lambda: mrkm.group(r1.vtysh).rekeys > before.rekeys, 30)
    assert mrkm.group(r1.vtysh).registrations == before.registrations
