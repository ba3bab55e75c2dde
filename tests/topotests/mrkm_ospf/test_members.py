# SPDX-License-Identifier: GPL-2.0-or-later
"""
Who may join: by pattern, the most exact of which wins; how many; who is excluded,
also after the key server was killed.
"""

import datetime
import json
import os
import signal

import pytest

from lab import config, mrkm, pki
import topology

pytestmark = [pytest.mark.ospfd]

FOLDER = "/etc/frr/mrkm"
CERTIFICATE, KEY = f"{FOLDER}/own.pem", f"{FOLDER}/own.key"
ANCHOR = f"{FOLDER}/ca.pem"
CREDENTIALS = (
    f" certificate {CERTIFICATE} private-key {KEY}\n trust-anchor LAB {ANCHOR}\n"
)
IDENTITY = " identity fqdn "
WHERE = ("mrkm", "key-server", f"group {config.GROUP}")


def member_text(name):
    text = topology.member_text(name, (topology.OSPFV2,))
    line = f"{IDENTITY}{config.identity(name)}\n"
    server = f"  key-server {config.SERVER_ADDRESS}"
    return (
        text.replace(f"  pre-shared-key file {config.psk_file(name)}\n", "")
        .replace(line, line + CREDENTIALS)
        .replace(server, f"{server} identity fqdn {config.identity(config.SERVER)}")
    )


def server_text():
    "One line for all three."
    text = topology.server_text((topology.OSPFV2,), atd=1, dtd=3)
    line = f"{IDENTITY}{config.identity(config.SERVER)}\n"
    members = "".join(
        f"   member fqdn {config.identity(r)} pre-shared-key file"
        f" {config.psk_file(r)}\n"
        for r in config.ROUTERS
    )
    assert members in text
    return text.replace(line, line + CREDENTIALS).replace(
        members, "   member fqdn *.example.net certificate trust-anchor LAB\n"
    )


@pytest.fixture(scope="module")
def tgen():
    authority = pki.Authority()
    names = (config.SERVER,) + config.ROUTERS
    texts = {name: member_text(name) for name in config.ROUTERS}
    texts[config.SERVER] = server_text()
    files = {}
    for name in names:
        own = authority.issue(config.identity(name))
        files[name, CERTIFICATE], files[name, KEY] = own.certificate, own.key
        files[name, ANCHOR] = authority.certificate
    tgen = topology.start_lab("mrkm_ospf_members", texts=texts, psks=files)
    yield tgen
    tgen.stop_topology()


def register_anew(router):
    router.vtysh_cmd(f"clear mrkm group {config.GROUP}")


def wait_for_refusal(tgen, name, words):
    server = tgen.gears[config.SERVER]

    def check():
        reason = mrkm.refusal(server.vtysh_cmd, name) or ""
        return None if words in reason else f"refused: {reason}"

    register_anew(tgen.gears[name])
    topology.wait_until(f"refusal of {name}", check, 15)


def wait_for_all(tgen):
    def check():
        members = mrkm.members(tgen.gears[config.SERVER].vtysh_cmd)
        wanted = {config.identity(r) for r in config.ROUTERS}
        return topology.not_all_registered(tgen) or (
            None if set(members) == wanted else f"members {members}"
        )

    topology.wait_until("registered", check, 20)


def test_pattern(tgen):
    "A pattern lets all of a domain in, each by a certificate of its own."
    wait_for_all(tgen)
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)


def test_default_deny(tgen):
    "Nobody else: a certificate by the right CA is not enough."
    r2 = tgen.gears["r2"]
    topology.configure(tgen.gears[config.SERVER], *WHERE, "member dn O=Other,CN=* certificate")
    topology.configure(r2, "mrkm", f"identity dn O={pki.ORGANIZATION},CN={config.identity('r2')}")
    topology.wait_until(
        "r2's problem",
        lambda: None if mrkm.group(r2.vtysh_cmd).problem else "none",
        15,
    )
    topology.configure(
        tgen.gears[config.SERVER], *WHERE, f"member dn O={pki.ORGANIZATION},CN=r2.* certificate"
    )
    register_anew(r2)
    topology.wait_until(
        "r2 by its distinguished name",
        lambda: None if not mrkm.group(r2.vtysh_cmd).problem else "problem",
        15,
    )
    topology.configure(r2, "mrkm", f"identity fqdn {config.identity('r2')}")
    topology.configure(
        tgen.gears[config.SERVER],
        *WHERE,
        "no member dn O=Other,CN=*",
        f"no member dn O={pki.ORGANIZATION},CN=r2.*",
    )
    wait_for_all(tgen)


def test_most_exact_wins(tgen):
    "A line of its own decides, though the pattern would let it in."
    server = tgen.gears[config.SERVER]
    line = f"member fqdn {config.identity('r1')} pre-shared-key file {config.psk_file('r1')}"
    topology.configure(server, *WHERE, line)
    wait_for_refusal(tgen, "r1", "not what is configured for it")
    topology.configure(server, *WHERE, f"no {line}")
    register_anew(tgen.gears["r1"])
    wait_for_all(tgen)


def exclusions(server):
    "[(identity, reason, since)] of the operational state."
    said = server.vtysh_cmd(
        "show yang operational-data /frr-mrkmd:mrkmd mrkmd", daemon="mrkmd"
    )
    groups = json.loads(said)["frr-mrkmd:mrkmd"]["mrkm"]["key-server"]["group"]
    (state,) = [g["state"] for g in groups if g["name"] == config.GROUP]
    return [
        (e["identity"], e["reason"], datetime.datetime.fromisoformat(e["since"]))
        for e in state.get("exclusion", [])
    ]


def test_excluded_for_long(tgen):
    "Whom a command excludes is out, also when the key server was killed."
    server, r3 = tgen.gears[config.SERVER], tgen.gears["r3"]
    assert not mrkm.exclude(server.vtysh_cmd, "r3")
    assert config.identity("r3") not in mrkm.members(server.vtysh_cmd)
    assert mrkm.exclusion(server.vtysh_cmd, "r3") == "by command"
    ((identity, reason, since),) = exclusions(server)
    assert (identity, reason) == (f"fqdn {config.identity('r3')}", "by command")
    age = datetime.datetime.now(datetime.timezone.utc) - since
    assert datetime.timedelta(0) <= age < datetime.timedelta(minutes=1), since
    wait_for_refusal(tgen, "r3", "excluded")
    topology.stop_daemon(server, "mrkmd", "KILL")
    server.startDaemons(["mrkmd"])
    topology.wait_until(
        "exclusion",
        lambda: None if mrkm.exclusion(server.vtysh_cmd, "r3") else "none",
        10,
    )
    wait_for_refusal(tgen, "r3", "excluded")
    assert exclusions(server) == [(identity, reason, since)]
    assert {config.identity(r) for r in ("r1", "r2")} == set(
        mrkm.members(server.vtysh_cmd)
    )
    assert not mrkm.registered(r3.vtysh_cmd)


def test_limit(tgen):
    "Two are enough; who is in may come again."
    server = tgen.gears[config.SERVER]
    topology.configure(server, *WHERE, "member-limit 2")
    assert not mrkm.exclude(server.vtysh_cmd, "r3", readmit=True)
    wait_for_refusal(tgen, "r3", "as many members")
    before = mrkm.group(tgen.gears["r1"].vtysh_cmd).registrations
    register_anew(tgen.gears["r1"])
    topology.wait_until(
        "r1 once more",
        lambda: None
        if mrkm.group(tgen.gears["r1"].vtysh_cmd).registrations > before
        else mrkm.group(tgen.gears["r1"].vtysh_cmd),
        10,
    )
    topology.configure(server, *WHERE, "no member-limit")
    register_anew(tgen.gears["r3"])
    wait_for_all(tgen)


def test_audit(tgen):
    """
    Each decision is a notification; so is a member that is late, here where a
    roll waits for nobody.
    """
    server, r1 = tgen.gears[config.SERVER], tgen.gears["r1"]
    topology.configure(server, "debug northbound notifications")
    topology.configure(server, *WHERE, "rekey wait 0")
    register_anew(r1)
    wait_for_all(tgen)
    assert not mrkm.exclude(server.vtysh_cmd, "r3")
    wait_for_refusal(tgen, "r3", "excluded")
    assert not mrkm.exclude(server.vtysh_cmd, "r3", readmit=True)
    register_anew(tgen.gears["r3"])
    wait_for_all(tgen)
    topology.wait_until("room for a roll", lambda: topology.not_one_key(tgen), 60)
    mrkmd = topology.daemon_pid(r1, "mrkmd")
    os.kill(mrkmd, signal.SIGSTOP)
    try:
        mrkm.rekey(server.vtysh_cmd)
        topology.wait_until(
            "late member",
            lambda: None
            if f"member late: fqdn {config.identity('r1')}"
            in topology.log(server, "mrkmd")
            else "not told",
            10,
        )
    finally:
        os.kill(mrkmd, signal.SIGCONT)
    said = topology.log(server, "mrkmd")
    for name in ("registered", "refused", "excluded", "readmitted", "late"):
        assert f"/frr-mrkmd:member-{name}" in said, name
    assert "/frr-mrkmd:rolled" in said
    topology.configure(server, "no debug northbound notifications")
    topology.configure(server, *WHERE, "no rekey wait")
    wait_for_all(tgen)


def test_without_the_pattern(tgen):
    "Who has no line any more is out, and the keys roll."
    server = tgen.gears[config.SERVER]
    line = f"member fqdn {config.identity('r1')} certificate"
    topology.configure(server, *WHERE, line, "no member fqdn *.example.net")
    topology.wait_until(
        "r1 alone",
        lambda: None
        if mrkm.members(server.vtysh_cmd) == [config.identity("r1")]
        else mrkm.members(server.vtysh_cmd),
        10,
    )
    wait_for_refusal(tgen, "r2", "no credential")
