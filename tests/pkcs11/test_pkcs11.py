# SPDX-License-Identifier: GPL-2.0-or-later
"""
Private keys, certificates and trust anchors in tokens: a key server and a member
whose keys nothing but SoftHSM has, through OpenSSL's provider for PKCS#11.
"""

import glob
import os
import pwd
import shutil
import signal
from collections import namedtuple

import pytest

from lab import config, mrkm, secrets
from lab.namespaces import (
    MEMBER_DAEMONS,
    SERVER_DAEMONS,
    Lab,
    LabError,
    run,
    wait_until,
)
from tokens import MODULE, Authority, Token

ANCHOR = "ca"  # in each token
STATE_KEY = "state"
CRASH_LOGS = "/var/tmp/frr"  # of all routers
# on the key server and two routers; r2 is for what goes wrong
KEY_TYPES = {config.SERVER: "EC:prime256v1", "r1": "rsa:2048", "r2": "EC:secp384r1"}


def own_config(name, token, pin):
    "Who the router is; where the PIN is, its URI says or not."
    certificate, key = token.uri(name, "cert", False), token.uri(name, "private", pin)
    return f"""\
mrkm
 identity fqdn {config.identity(name)}
 certificate {certificate} private-key {key}
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


def build_forget(folder):
    source = os.path.join(os.path.dirname(__file__), "forget.c")
    library = os.path.join(folder, "forget.so")
    run(
        ["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, source]
        + [f'-DMODULE="{MODULE}"']
    )
    return f"LD_PRELOAD={library}"


@pytest.fixture(scope="module", name="lab")
def fixture_lab():
    shutil.rmtree(CRASH_LOGS, ignore_errors=True)
    with Lab(os.environ["FRR_PREFIX"], "pkcs11", ("r1", "r2")) as lab:
        authority = Authority(lab.dir)
        lab.tokens = {n: make_token(lab.dir, authority, n) for n in KEY_TYPES}
        lab.forget = build_forget(lab.dir)
        yield lab


def stop(node, daemon="mrkmd"):
    "It has ended by itself, and not by a crash, when this returns."
    pid = node.daemon_pid(daemon)
    os.kill(pid, signal.SIGTERM)
    wait_until(f"end of {daemon}", lambda: not os.path.exists(f"/proc/{pid}"), 30)
    assert not glob.glob(f"{CRASH_LOGS}/{daemon}.*/crashlog")


def configure(node, *lines):
    "What is said of these lines below mrkm."
    commands = [arg for line in ("conf", "mrkm") + lines for arg in ("-c", line)]
    try:
        return node.run(f"{node.lab.prefix}/bin/vtysh", "-d", "mrkmd", *commands)
    except LabError as error:
        return str(error)


def users(node, daemon="mrkmd"):
    "Whose rights the process has: real, effective, saved, for files."
    with open(f"/proc/{node.daemon_pid(daemon)}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("Uid:"))
    return set(map(int, line.split()[1:]))


def said_by(lab):
    "{where: what} of all that routers wrote, show, or let others see."
    texts = {}
    for name in (config.SERVER, "r1"):
        node = lab[name]
        for path in glob.glob(os.path.join(node.dir, "*.log")) + glob.glob(
            os.path.join(node.dir, "*.out")
        ):
            with open(path, "rb") as file:
                texts[path] = file.read()
        for command in ("show running-config", "show mrkm", "show mrkm json"):
            texts[f"{name}: {command}"] = node.vtysh(command, "mrkmd").encode()
        with open(f"/proc/{node.daemon_pid('mrkmd')}/cmdline", "rb") as file:
            texts[f"{name}: command line"] = file.read()
        node.vtysh("write memory")
        texts[f"{name}: frr.conf"] = node.run("cat", "/etc/frr/frr.conf").encode()
    return texts


# ---------------------------------------------------------------- when all is well


def test_registration(lab):
    "Both sign by their tokens, as daemons that gave up root's rights."
    server, member = lab.tokens[config.SERVER], lab.tokens["r1"]
    ks, r1 = lab[config.SERVER], lab["r1"]
    server.make_key(STATE_KEY, "EC:edwards25519")
    environment = (lab.forget, *server.environment)
    lab.start(config.SERVER, server_text(server), SERVER_DAEMONS, environment)
    # this one has the PIN from openssl.cnf
    environment = (lab.forget, *member.uses(member.write_cnf("pin.cnf", pin=True)))
    lab.start("r1", member_text(member), MEMBER_DAEMONS, environment)
    wait_until("registration", lambda: mrkm.registered(r1.vtysh), 60)
    assert mrkm.proof(r1.vtysh)[:2] == ("certificate", "certificate")
    assert mrkm.members(ks.vtysh) == [config.identity("r1")]
    wait_until("key in ospfd", lambda: mrkm.keys(r1.vtysh), 30)
    for node in (ks, r1):
        assert users(node) == {pwd.getpwnam("frr").pw_uid}


def test_restart(lab):
    "What the key server has sealed under a key of its token is there again."
    ks, r1 = lab[config.SERVER], lab["r1"]
    before = mrkm.group(r1.vtysh)
    stop(ks)
    environment = (lab.forget, *lab.tokens[config.SERVER].environment)
    ks.start("mrkmd", environment=environment)
    ks.run(f"{lab.prefix}/bin/vtysh", "-b")
    wait_until("member", lambda: mrkm.members(ks.vtysh), 30)
    mrkm.rekey(ks.vtysh)
    wait_until("rekey", lambda: mrkm.group(r1.vtysh).rekeys > before.rekeys, 30)
    assert mrkm.group(r1.vtysh).registrations == before.registrations
    assert "mrkmd-state.key" not in ks.run("ls", "/var/lib/frr")


def test_signed_rekeys(lab):
    "Messages to all members are signed by a token as well."
    ks, r1 = lab[config.SERVER], lab["r1"]
    key = lab.tokens[config.SERVER].uri(config.SERVER, "private")
    configure(
        *(ks, "key-server", f"group {config.GROUP}"),
        f"rekey authentication signature {key}",
        "rekey multicast 239.192.1.1",
    )
    wait_until("Rekey SA", lambda: mrkm.rekey_sa(r1.vtysh), 60)
    before = mrkm.group(r1.vtysh)
    mrkm.rekey(ks.vtysh)
    wait_until("rekey", lambda: mrkm.group(r1.vtysh).rekeys > before.rekeys, 30)
    assert mrkm.group(r1.vtysh).registrations == before.registrations


def test_no_pin_is_told(lab):
    pins = {name: token.pin.encode() for name, token in lab.tokens.items()}
    texts = said_by(lab)
    assert b"pin-source" in texts[f"{config.SERVER}: frr.conf"]
    for where, text in texts.items():
        assert not secrets.in_log(pins, text), where


def attempt(node):
    "How one registration went."
    before = mrkm.group(node.vtysh)
    node.vtysh(f"clear mrkm group {config.GROUP}", "mrkmd")

    def outcome():
        now = mrkm.group(node.vtysh)
        if now.registrations > before.registrations:
            return "registered"
        return "failed" if now.failures > before.failures else None

    wait_until("attempt", outcome, 30)
    return outcome()


@pytest.mark.parametrize("name", (config.SERVER, "r1"))
def test_token_was_away(lab, name):
    "What signs no more is loaded again, and that needs nobody."
    os.kill(lab[name].daemon_pid("mrkmd"), signal.SIGUSR2)
    assert attempt(lab["r1"]) == "failed"
    wait_until("registration", lambda: attempt(lab["r1"]) == "registered", 60, 1)


def rolls(node):
    "Does the key server roll?  The command is refused when it cannot."
    try:
        mrkm.rekey(node.vtysh)
    except LabError as error:
        assert "was not rekeyed" in str(error)
        return False
    return True


def test_rekeys_after_token_was_away(lab):
    "As is what signs rekey messages."
    ks, r1 = lab[config.SERVER], lab["r1"]
    before = mrkm.group(r1.vtysh)
    os.kill(ks.daemon_pid("mrkmd"), signal.SIGUSR2)
    assert not rolls(ks)
    wait_until("roll", lambda: rolls(ks), 60, 1)
    wait_until("rekey", lambda: mrkm.group(r1.vtysh).rekeys > before.rekeys, 30)
    assert mrkm.group(r1.vtysh).registrations == before.registrations


# ---------------------------------------------------------------- when it is not

# How the token r2 is met, what its key is called, and what is said of it;
# `prepare` spoils something, `pin` is in the URI or in openssl.cnf.
Trouble = namedtuple("Trouble", "words prepare cnf key pin")
Trouble.__new__.__defaults__ = (lambda token: None, None, "r2", True)

TROUBLES = {
    "wrong PIN": Trouble(
        "for the token refuses the PIN: put the right one where pin-source says",
        prepare=lambda token: token.put_pin("0815"),
    ),
    "no PIN": Trouble("needs a PIN, and nobody can be asked for it", pin=False),
    "wrong PIN in openssl.cnf": Trouble(
        "if openssl.cnf names one, put the right PIN there and restart",
        prepare=lambda token: token.put_pin("0815"),
        cnf=lambda token: token.write_cnf("pin.cnf", pin=True),
        pin=False,
    ),
    "PIN file missing": Trouble(
        "is missing", prepare=lambda token: os.unlink(token.path("pin"))
    ),
    "PIN file open to others": Trouble(
        "is open to others (mode 0644): run chmod 600 on it",
        prepare=lambda token: token.put_pin(token.pin, mode=0o644),
    ),
    "PIN file of another user": Trouble(
        "cannot be read by the daemon",
        prepare=lambda token: token.put_pin(token.pin, owner="root"),
    ),
    "no such key": Trouble("is not there: check the names in the URI", key="r9"),
    "token of another user": Trouble(
        "is not there: check the names in the URI, and whether the daemon's user",
        prepare=lambda token: token.give_to("root"),
    ),
    "provider not activated": Trouble(
        "is for a provider that OpenSSL does not have", cnf=lambda token: "/dev/null"
    ),
    "no such module": Trouble(
        "its provider does not work",
        cnf=lambda token: token.write_cnf("module.cnf", module="/no/such.so"),
    ),
}


@pytest.fixture(name="r2")
def fixture_r2(lab):
    "Runs no mrkmd; its token is well again afterwards."
    node, token = lab["r2"], lab.tokens["r2"]
    yield node
    if node.daemon_pid("mrkmd"):
        stop(node)
    token.put_pin(token.pin)
    token.give_to("frr")


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble(lab, r2, name):
    "The command is refused, with a sentence that says what to do."
    trouble, token = TROUBLES[name], lab.tokens["r2"]
    trouble.prepare(token)
    cnf = trouble.cnf(token) if trouble.cnf else token.path("openssl.cnf")
    lab.start("r2", "", (("mrkmd",),), token.uses(cnf))
    key = token.uri(trouble.key, "private", trouble.pin)
    said = configure(
        *(r2, f"identity fqdn {config.identity('r2')}"),
        f"certificate {token.uri('r2', 'cert', False)} private-key {key}",
    )
    assert trouble.words in said, said
    assert key in said or token.path("pin") in said, said
    assert token.pin not in said
    assert not mrkm.credentials(r2.vtysh)["certificates"]


def test_pin_put_right(lab, r2):
    "A configuration is kept whose PIN is wrong, and used as soon as it is right."
    token = lab.tokens["r2"]
    token.put_pin("0815")
    lab.start("r2", own_config("r2", token, True), (("mrkmd",),), token.environment)

    def problem():
        (own,) = mrkm.credentials(r2.vtysh)["certificates"]
        return own.get("problem")

    wait_until("complaint", lambda: "refuses the PIN" in (problem() or ""), 30)
    token.put_pin(token.pin)
    wait_until("certificate", lambda: problem() is None, 60)
