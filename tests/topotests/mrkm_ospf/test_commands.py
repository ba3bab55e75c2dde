# SPDX-License-Identifier: GPL-2.0-or-later
"""
Each command of the configuration, in vtysh: it is in the running configuration, its
"no" takes it out and nothing else, it can be typed again, and it survives a restart.
"""

import json

import pytest

from lab import config, pki
import topology

pytestmark = [pytest.mark.ospfd]

CERTIFICATE = f"{config.PSK_DIR}/ks.pem"
KEY = f"{config.PSK_DIR}/ks.key"
ANCHOR = f"{config.PSK_DIR}/ca.pem"
CRL = f"{config.PSK_DIR}/ca.crl"
PSK = config.psk_file("r1")
PPK = f"{config.PSK_DIR}/ppk"
SHOWN = [
    "show mrkm",
    "show mrkm group",
    "show mrkm group NOT-THERE",
    "show mrkm key-server",
    "show mrkm key-server members",
    "show mrkm keys",
    "show mrkm statistics",
]

# Each command once, in the order that they are written in.
ALL = f"""\
mrkm
 identity fqdn ks.example.net
 port 849
 nat-traversal port 4500
 liveness-interval 7
 certificate {CERTIFICATE} private-key {KEY}
 trust-anchor LAB {ANCHOR}
 crl file {CRL}
 crl required
 additional-key-exchange ml-kem-768 required
 keep-keys file /var/lib/frr/kept.db key /var/lib/frr/kept.key
 group A
  id fqdn group-a.example.net
  key-server 10.0.0.1 port 850 nat-traversal-port 4501 preference 7 identity fqdn ks.example.net
  key-server 2001:db8::1
  pre-shared-key file {PSK}
  authentication local certificate
  authentication remote any
  trust-anchor LAB
  ppk id P1 file {PPK} required
  protocol ospfv2 key-chain A
  protocol ospfv3 key-chain A6
  protocol ospfv3-ipsec key-chain AO
  protocol pim-ipsec key-chain AP
  protocol ripv2 key-chain AR
  multicast interface mgmt
 exit
 key-server
  listen 2001:db8::9
  listen 10.0.0.1
  state-file /var/lib/frr/other.db
  state-key /var/lib/frr/other.key
  half-open-limit 77
  group B
   id email group@b.example.net
   member key-id opaque pre-shared-key file {PSK}
   member dn O=Example,OU=Core,CN=* certificate
   member email *@x.example.net certificate
   member fqdn *.x.example.net certificate trust-anchor LAB
   member fqdn r1.example.net pre-shared-key file {PSK}
   member fqdn r1.example.net receiver-only
   member fqdn r1.example.net ppk id P2 file {PPK} required
   member fqdn r2.example.net certificate
   member address 10.0.0.0/8 certificate
   member address 10.0.0.9 certificate
   member address 2001:db8::/32 certificate
   member-limit 12
   authentication local any
   authentication remote any
   ppk id P1 file {PPK}
   protocol ospfv2 algorithm hmac-sha-512 lifetime 3600
   protocol ospfv2 fallback 1 algorithm md5
   protocol ospfv3-ipsec esp encryption aes-cbc-128 integrity hmac-sha-256-128 lifetime 4000
   protocol ospfv3-ipsec fallback 1 ah integrity hmac-sha-1-96
   protocol pim-ipsec esp encryption aes-gcm-128 per-sender lifetime 5000
   sender-id-bits 8
   activation-delay 4
   deactivation-delay 20
   rekey multicast 239.1.2.3 port 851 source 10.0.0.1 ttl 3 interface mgmt
   rekey lifetime 7000
   rekey copies 2
   rekey wait 30
   rekey lkh degree 3
   rekey authentication signature {KEY}
  exit
  group C
   protocol pim-ipsec ah integrity hmac-sha-384-192 lifetime 3600
   policy-form plain
  exit
 exit
exit
"""

# What others need: "no" refuses these.
NEEDED = {
    "identity fqdn ks.example.net": "identity",
    f"rekey authentication signature {KEY}": "rekey multicast",
}
# What goes with a command, as it is about it.
WITH = {
    "protocol ospfv2 algorithm hmac-sha-512 lifetime 3600": [
        "protocol ospfv2 fallback 1 algorithm md5"
    ],
    "protocol ospfv3-ipsec esp encryption aes-cbc-128 integrity hmac-sha-256-128"
    " lifetime 4000": ["protocol ospfv3-ipsec fallback 1 ah integrity hmac-sha-1-96"],
    f"member fqdn r1.example.net pre-shared-key file {PSK}": [
        "member fqdn r1.example.net receiver-only",
        f"member fqdn r1.example.net ppk id P2 file {PPK} required",
    ],
}


def commands():
    "[(nodes around it, command)] of all that is no node itself."
    found, nodes = [], []
    for line in ALL.splitlines():
        depth = len(line) - len(line.lstrip())
        command = line.strip()
        del nodes[depth:]
        if command == "exit":
            continue
        if command in ("mrkm", "key-server") or command.startswith("group "):
            nodes.append(command)
        else:
            found.append((tuple(nodes), command))
    return found


@pytest.fixture(scope="module")
def tgen():
    "Nothing but the key server's router, without any configuration of mrkmd."
    tgen = topology.start(
        "mrkm_ospf_commands",
        {config.SERVER: config.interfaces_config(config.SERVER)},
        {config.SERVER: topology.SERVER_DAEMONS},
    )
    yield tgen
    tgen.stop_topology()


def running(router):
    "mrkmd's lines of the running configuration."
    text = router.vtysh_cmd("show running-config")
    if "\nmrkm\n" not in text:
        return []
    start = text.index("\nmrkm\n") + 1
    return text[start : text.index("\nexit\n", start) + 6].splitlines()


def words(lines):
    return sorted(line.strip() for line in lines)


@pytest.mark.parametrize("command", SHOWN)
def test_nothing_configured(tgen, command):
    "Each of them says something, and is JSON where it is to be."
    server = tgen.gears[config.SERVER]
    assert not running(server)
    assert server.vtysh_cmd(command).strip()
    assert isinstance(json.loads(server.vtysh_cmd(f"{command} json")), dict)


@pytest.mark.parametrize(
    "command",
    [
        "mrkm rekey group B",
        "clear mrkm group A",
        "mrkm exclude group B member fqdn r1.example.net",
        "mrkm readmit group B member fqdn r1.example.net",
    ],
)
def test_no_such_group(tgen, command):
    """
    What is to be done to a group that is not there is refused, by its name, and a
    script can see that.
    """
    node = tgen.gears[config.SERVER].net
    status, said, _ = node.cmd_status(f"vtysh -c '{command}'", warn=False)
    assert status != 0
    assert f"group {command.split()[3]}" in said, said


def put_files(server):
    authority = pki.Authority()
    own = authority.issue(config.identity(config.SERVER))
    for path, content in (
        (CERTIFICATE, own.certificate),
        (KEY, own.key),
        (ANCHOR, authority.certificate),
        (CRL, authority.crl()),
        (PSK, config.psk("r1")),
        (PPK, "a post-quantum key that is none\n"),
    ):
        topology.put_secret(server, path, content)


def test_all(tgen):
    "All of it is there, as it was written."
    server = tgen.gears[config.SERVER]
    put_files(server)
    server.cmd_raises("cat >/etc/frr/all.conf; vtysh -f /etc/frr/all.conf", stdin=ALL)
    assert running(server) == ALL.splitlines()


@pytest.mark.parametrize(
    "nodes, command",
    commands(),
    ids=lambda value: value.split()[0] if isinstance(value, str) else value[-1],
)
def test_no(tgen, nodes, command):
    "It is taken out, with what is about it and nothing else, and typed again."
    server = tgen.gears[config.SERVER]
    if command in NEEDED:
        said = topology.configure_in_vain(server, *nodes, f"no {command}")
        assert NEEDED[command] in said, said
    else:
        topology.configure(server, *nodes, f"no {command}")
        gone = [command] + WITH.get(command, [])
        assert words(running(server) + gone) == words(ALL.splitlines())
        for line in gone:
            topology.configure(server, *nodes, line)
    # of key servers the one that was typed last is the last
    assert words(running(server)) == words(ALL.splitlines())


def test_restart(tgen):
    "It is written to the integrated configuration, and read from there."
    server = tgen.gears[config.SERVER]
    before = running(server)
    server.vtysh_cmd("write memory")
    topology.stop_daemon(server, "mrkmd")
    server.startDaemons(["mrkmd"])
    topology.wait_until(
        "mrkmd is back",
        lambda: None if running(server) == before else running(server),
        10,
    )


@pytest.mark.parametrize("command", SHOWN)
def test_json(tgen, command):
    json.loads(tgen.gears[config.SERVER].vtysh_cmd(f"{command} json"))


def test_debugging(tgen):
    "Each kind of debugging is shown, written and ended."
    server = tgen.gears[config.SERVER]
    kinds = ("events", "packets", "keys", "channel")
    server.vtysh_cmd(f"debug mrkm {kinds[0]} {kinds[1]}")
    shown = server.vtysh_cmd("show debugging mrkm")
    assert [kind in shown for kind in kinds] == [True, True, False, False], shown
    server.vtysh_cmd("debug mrkm")
    for command in ("show debugging mrkm", "show debugging"):
        shown = server.vtysh_cmd(command)
        assert all(kind in shown for kind in kinds), shown
    server.vtysh_cmd("no debug mrkm")
    shown = server.vtysh_cmd("show debugging mrkm")
    assert not any(kind in shown for kind in kinds), shown


def test_end(tgen):
    "no mrkm leaves nothing."
    server = tgen.gears[config.SERVER]
    topology.configure(server, "no mrkm")
    assert not running(server)
