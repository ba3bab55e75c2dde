# SPDX-License-Identifier: GPL-2.0-or-later
"Names, addresses and configurations of the lab's routers."

ROUTERS = ("r1", "r2", "r3")
SERVER = "ks"
SERVER_ADDRESS = "10.0.0.1"
GROUP = "CORE"
KEY_CHAIN = "CORE"
PSK_DIR = "/etc/frr/mrkm"
STATIC_KEY = "typed-by-hand"

HELLO_INTERVAL = 2
DEAD_INTERVAL = 8

# Seconds between RIP's updates; ripd takes no less.
RIP_INTERVAL = 5
RIP_NETWORK = "10.254.0."

# Seconds after which a silent peer is asked whether it is alive.
LIVENESS_INTERVAL = 2


def number(name):
    "r2 -> 2"
    return int(name[1:])


def router_id(name):
    return f"10.255.0.{number(name)}"


def router_id6(name):
    return f"2001:db8:255::{number(name)}"


def rip_prefix(name):
    "A route of this router that RIP alone tells of."
    return f"{RIP_NETWORK}{number(name)}/32"


def core_address(name):
    return f"10.0.1.{number(name)}"


def mgmt_address(name):
    return SERVER_ADDRESS if name == SERVER else f"10.0.0.{10 + number(name)}"


def identity(name):
    return f"{name}.example.net"


def psk_file(name):
    return f"{PSK_DIR}/{name}.psk"


def psk(name):
    """
    The pre-shared key of a member, one of its own for each.  It protects
    namespaces that live for minutes, so it need not be a secret.
    """
    return f"lab key of {name}: not a secret, never use it\n"


def psk_files(name):
    "The files that a router keeps: {path: content}."
    members = ROUTERS if name == SERVER else (name,)
    return {psk_file(member): psk(member) for member in members}


def interfaces_config(name):
    text = f"""\
hostname {name}
interface mgmt
 ip address {mgmt_address(name)}/24
exit
"""
    if name != SERVER:
        text += f"""\
interface lo
 ip address {router_id(name)}/32
exit
interface core
 ip address {core_address(name)}/24
exit
"""
    return text


def static_keys_config(algorithm="hmac-sha-256", key=STATIC_KEY):
    "A key chain as an operator would type it, without mrkmd."
    return f"""\
key chain {KEY_CHAIN}
 key 1
  key-string {key}
  cryptographic-algorithm {algorithm}
 exit
exit
"""


def ospf_config(name, network="broadcast"):
    "OSPF, which logs every packet that it rejects; see ospf.rejections()."
    return f"""\
debug ospf packet all recv
interface lo
 ip ospf area 0
exit
interface core
 ip ospf area 0
 ip ospf network {network}
 ip ospf hello-interval {HELLO_INTERVAL}
 ip ospf dead-interval {DEAD_INTERVAL}
 ip ospf graceful-restart hello-delay 2
 ip ospf authentication key-chain {KEY_CHAIN}
exit
router ospf
 ospf router-id {router_id(name)}
 capability opaque
 graceful-restart grace-period 60
 graceful-restart helper enable
exit
"""


def member_config(name, key_chains=None, keep=False):
    """
    `key_chains` are {protocol: key chain}, OSPFv2's unless said otherwise; with
    `keep` the router keeps its keys.
    """
    protocols = "".join(
        f"  protocol {protocol} key-chain {key_chain}\n"
        for protocol, key_chain in (key_chains or {"ospfv2": KEY_CHAIN}).items()
    )
    kept = " keep-keys\n" if keep else ""
    return f"""\
mrkm
 identity fqdn {identity(name)}
 liveness-interval {LIVENESS_INTERVAL}
 group {GROUP}
  key-server {SERVER_ADDRESS}
  pre-shared-key file {psk_file(name)}
{protocols}\
 exit
{kept}\
exit
"""


def server_config(
    algorithms=None, lifetime=3600, atd=1, dtd=3, rekey=(), state_file=None
):
    """
    `algorithms` are {protocol: algorithm}, OSPFv2's unless said otherwise;
    `rekey` are the group's commands of that name.
    """
    protocols = "".join(
        f"   protocol {protocol} algorithm {name} lifetime {lifetime}\n"
        for protocol, name in (algorithms or {"ospfv2": "hmac-sha-256"}).items()
    )
    members = "".join(
        f"   member fqdn {identity(r)} pre-shared-key file {psk_file(r)}\n"
        for r in ROUTERS
    )
    rekeying = "".join(f"   rekey {line}\n" for line in rekey)
    state = f"  state-file {state_file}\n" if state_file else ""
    return f"""\
mrkm
 identity fqdn {identity(SERVER)}
 key-server
  listen {SERVER_ADDRESS}
{state}\
  group {GROUP}
{members}\
{protocols}\
{rekeying}\
   activation-delay {atd}
   deactivation-delay {dtd}
  exit
 exit
exit
"""


def router_config(name, keys=None, routing=None, **ospf):
    """
    frr.conf of r1, r2, r3; `keys` in place of the member's configuration,
    `routing` in place of OSPFv2's, which takes `ospf` as ospf_config() does.
    """
    return (
        interfaces_config(name)
        + (member_config(name) if keys is None else keys)
        + (ospf_config(name, **ospf) if routing is None else routing)
    )


def key_server_config(**group):
    "frr.conf of ks; `group` as in server_config()."
    return interfaces_config(SERVER) + server_config(**group)
