# SPDX-License-Identifier: GPL-2.0-or-later
"""
The protocols that the lab keys: how each is configured, and what its daemon
and the wire say about neighbours and about packets that were rejected.

`vtysh` arguments are functions that run one command and give back its output.
"""

import json
import re
import time

from . import config, ospf, wire
from .ospf import Adjacency


def _seconds(text):
    "'01:02:03' and '3d01h02m' as FRR writes them."
    if text.count(":") == 2:
        hours, minutes, seconds = map(int, text.split(":"))
        return 3600 * hours + 60 * minutes + seconds
    units = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
    return sum(int(n) * units[u] for n, u in re.findall(r"(\d+)([wdhms])", text))


class Protocol:
    "What all have in common."

    name = daemon = key_chain = None
    options = "-M mrkm"
    algorithms = ("hmac-sha-1", "hmac-sha-256", "hmac-sha-384", "hmac-sha-512")
    algorithm = "hmac-sha-256"
    ethertype = wire.ETH_P_IP
    parse = None

    # How exactly the daemon says how old an adjacency is, in seconds.
    slack = 1.5

    # Seconds within which every router is heard.
    interval = config.DEAD_INTERVAL

    # Seconds from start to all neighbours, and from silence to none.
    patience = 40
    forgets = config.DEAD_INTERVAL + 5

    def sender(self, name):
        "What a router is known by on the wire."
        return config.router_id(name)

    def neighbor(self, name):
        "What a router is known by to its neighbours."
        return config.router_id(name)

    def config(self, name, **options):
        raise NotImplementedError

    def adjacencies(self, router, vtysh):
        "{neighbour: Adjacency}"
        raise NotImplementedError

    def rejections(self, vtysh, log_file):
        "One string for each packet that was rejected so far."
        raise NotImplementedError


class Ospfv2(Protocol):
    name, daemon, key_chain = "ospfv2", "ospfd", config.KEY_CHAIN
    algorithms = ("md5",) + Protocol.algorithms
    parse = staticmethod(wire.parse_ospf)
    slack = 0.5

    def config(self, name, network="broadcast"):
        return config.ospf_config(name, network)

    def adjacencies(self, router, vtysh):
        return ospf.adjacencies(router, vtysh, time.monotonic())

    def rejections(self, vtysh, log_file):
        return ospf.rejections(log_file)


class Ospfv3(Protocol):
    """
    Without graceful restart, which ospf6d cannot do with trailers: what it says
    of its grace it says without one, and nobody listens.
    """

    name, daemon, key_chain = "ospfv3", "ospf6d", config.KEY_CHAIN + "6"
    ethertype = wire.ETH_P_IPV6
    parse = staticmethod(wire.parse_ospf6)

    # Of "message" and "authentication" together ospf6d makes a log with digests
    # in it as they are, which FRR's library cannot read.
    def config(self, name, network="broadcast", debug="authentication rx"):
        return f"""\
debug ospf6 {debug}
interface lo
 ipv6 address {config.router_id6(name)}/128
 ipv6 ospf6 area 0
exit
interface core
 ipv6 ospf6 area 0
 ipv6 ospf6 network {network}
 ipv6 ospf6 hello-interval {config.HELLO_INTERVAL}
 ipv6 ospf6 dead-interval {config.DEAD_INTERVAL}
 ipv6 ospf6 authentication keychain {self.key_chain}
exit
router ospf6
 ospf6 router-id {config.router_id(name)}
exit
"""

    def adjacencies(self, router, vtysh):
        now = time.monotonic()
        listed = json.loads(
            vtysh("show ipv6 ospf6 neighbor detail json", daemon=self.daemon) or "{}"
        )
        found = {}
        for neighbor, entry in listed.items():
            neighbor = neighbor.split("%")[0]
            since = now - _seconds(entry["neighborStateDuration"])
            found[neighbor] = Adjacency(
                router, neighbor, entry["neighborState"], since, 0
            )
        return found

    def rejections(self, vtysh, log_file):
        "As many as ospf6d has counted; its log has the reasons of most."
        listed = json.loads(
            vtysh("show ipv6 ospf6 interface core json", daemon=self.daemon) or "{}"
        )
        auth = listed.get("core", {}).get("authInfo", {})
        count = auth.get("rxPktDrop", 0)
        with open(log_file, encoding="utf-8", errors="replace") as log:
            reasons = [line.strip() for line in log if "RECV[core]" in line]
        return (reasons + ["(not in the log)"] * count)[:count]


class Ripv2(Protocol):
    """
    RIP has no adjacencies: in their place are the routes from each neighbour,
    of which there is one that no other protocol knows.
    """

    name, daemon, key_chain = "ripv2", "ripd", config.KEY_CHAIN + "RIP"
    algorithms = ("md5",)
    algorithm = "md5"
    parse = staticmethod(wire.parse_rip)
    interval = 2 * config.RIP_INTERVAL
    forgets = 5 * config.RIP_INTERVAL

    def sender(self, name):
        return config.core_address(name)

    def neighbor(self, name):
        return config.rip_prefix(name)

    def config(self, name, mode="md5 auth-length rfc"):
        return f"""\
debug rip packet recv
interface core
 ip rip authentication mode {mode}
 ip rip authentication key-chain {self.key_chain}
exit
router rip
 network core
 route {config.rip_prefix(name)}
 timers basic {config.RIP_INTERVAL} {3 * config.RIP_INTERVAL} {config.RIP_INTERVAL}
exit
"""

    def adjacencies(self, router, vtysh):
        now = time.monotonic()
        listed = json.loads(vtysh("show ip route rip json", daemon="zebra") or "{}")
        found = {}
        for prefix, routes in listed.items():
            for route in routes:
                if not prefix.startswith(config.RIP_NETWORK):
                    continue
                if not route.get("installed"):
                    continue
                since = now - _seconds(route["uptime"])
                found[prefix] = Adjacency(router, prefix, "Full", since, 0)
        return found

    def rejections(self, vtysh, log_file):
        """
        But for requests: ripd makes them without authentication when it finds
        an interface, and drops those of others.
        """
        reasons, kind = [], None
        with open(log_file, encoding="utf-8", errors="replace") as log:
            for line in log:
                received = re.search(r"RECV (\w+) version", line)
                if received:
                    kind = received.group(1)
                elif kind == "RESPONSE" and re.search(
                    r"RIPv.* (dropped because|authentication fail)", line
                ):
                    reasons.append(line.strip())
        return reasons


OSPFV2, OSPFV3, RIPV2 = Ospfv2(), Ospfv3(), Ripv2()
ALL = (OSPFV2, OSPFV3, RIPV2)
