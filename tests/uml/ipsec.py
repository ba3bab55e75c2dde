# SPDX-License-Identifier: GPL-2.0-or-later
"PIM and OSPFv3 over IPsec: configurations, and what routers and kernel say."

import json
import os
import re
import signal
import time
from collections import namedtuple

from lab import config, namespaces

# A loaded machine is slow at everything, and this one runs inside another.
HELLO_INTERVAL = 2
HOLD_TIME = 10
GROUPS = {
    "pim": ("224.0.0.13",),
    "pim6": ("ff02::d",),
    "ospf6": ("ff02::5", "ff02::6"),
}

ZEBRA = ("zebra", "-M", "mrkm")
BASE = (("mgmtd",), ZEBRA, ("mrkmd",))
ROUTING_DAEMON = {"pim": "pimd", "pim6": "pim6d", "ospf6": "ospf6d"}
DAEMONS = {
    protocol: BASE + ((daemon, "-M", "mrkm"),)
    for protocol, daemon in ROUTING_DAEMON.items()
}
COMMAND = {"pim": "ip pim", "pim6": "ipv6 pim", "ospf6": "ipv6 ospf6"}


def by_hand(*keys):
    "A key chain as an operator types it; `keys` are (ID, string, algorithm)."
    text = f"key chain {config.KEY_CHAIN}\n"
    for number, string, algorithm in keys:
        text += f" key {number}\n  key-string {string}\n"
        text += f"  cryptographic-algorithm {algorithm}\n exit\n"
    return text + "exit\n"


def protocol_config(protocol, name, interface="core"):
    if protocol == "ospf6":
        return f"""\
interface {interface}
 ipv6 ospf6 area 0
 ipv6 ospf6 hello-interval {HELLO_INTERVAL}
 ipv6 ospf6 dead-interval {HOLD_TIME}
 ipv6 ospf6 retransmit-interval 1
exit
router ospf6
 ospf6 router-id {config.router_id(name)}
exit
"""
    command = COMMAND[protocol]
    return f"""\
interface {interface}
 {command}
 {command} hello {HELLO_INTERVAL} {HOLD_TIME}
exit
"""


def protection(protocol, interface="core", key_chain=config.KEY_CHAIN):
    command = COMMAND[protocol]
    return f"""\
interface {interface}
 {command} ipsec key-chain {key_chain}
exit
"""


def neighbors(protocol, node, full=True, interface="core", vrf="default"):
    "{neighbour: seconds that it has been there}; not `full`: of all."
    if protocol == "ospf6":
        said = json.loads(node.vtysh("show ipv6 ospf6 neighbor json", "ospf6d"))
        return {
            entry["neighborId"]: seconds(entry["duration"])
            for entry in said.get("neighbors", [])
            if entry["state"] == "Full" or not full
        }
    command = f"show ip pim vrf {vrf} neighbor json"
    if protocol == "pim6":
        command = f"show ipv6 pim vrf {vrf} neighbor json"
    said = json.loads(node.vtysh(command, ROUTING_DAEMON[protocol]) or "{}")
    return {
        address: seconds(entry["upTime"])
        for address, entry in said.get(interface, {}).items()
        if isinstance(entry, dict) and "upTime" in entry
    }


def seconds(text):
    "00:01:02 -> 62"
    hours, minutes, rest = (int(part) for part in text.split(":"))
    return (hours * 60 + minutes) * 60 + rest


def guard(node):
    "What zebra's module says."
    return json.loads(node.vtysh("show mrkm ipsec json", "zebra"))


def sent_back(node, interface="core"):
    "Packets of its own that came in and were dropped by our filter."
    return guard(node)["dropped"].get(interface, {}).get("sentBack", 0)


def guard_chain(node, name=config.KEY_CHAIN):
    for chain in guard(node)["keyChains"]:
        if chain["keyChain"] == name:
            return chain
    return None


def not_in_state(node, chain, interface, state):
    "None when zebra says so of an interface."
    found = guard_chain(node, chain)
    if found and found["interfaces"].get(interface) == state:
        return None
    return f"{chain}: {found}"


def sending_spi(node):
    chain = guard_chain(node)
    return chain and chain.get("sendingSpi")


def sending_spis(node):
    "{routing daemon: SPI that its packets leave with}"
    chains = guard(node)["keyChains"]
    return {chain["daemon"]: chain.get("sendingSpi") for chain in chains}


State = namedtuple("State", "destination protocol spi reqid")


def states(node):
    "The SAs in the router's kernel."
    found = re.findall(
        r"dst (\S+)\n\s+proto (\S+) spi (0x[0-9a-f]+) reqid (\d+)",
        node.run("ip", "xfrm", "state"),
    )
    return {State(d, p, int(s, 16), int(r)) for d, p, s, r in found}


def policies(node):
    return node.run("ip", "xfrm", "policy")


def statistics(node):
    "The kernel's counters of what IPsec refused."
    lines = node.run("cat", "/proc/net/xfrm_stat").splitlines()
    return {line.split()[0]: int(line.split()[1]) for line in lines}


def replays(node):
    return statistics(node)["XfrmInStateSeqError"]


def filters(node, interface="core"):
    return node.run("tc", "filter", "show", "dev", interface, "ingress")


def link_local(node, interface="core"):
    listed = json.loads(
        node.run(
            "ip", "-j", "-6", "address", "show", "dev", interface, "scope", "link"
        )
    )
    return listed[0]["addr_info"][0]["local"]


def address(protocol, node):
    "What the protocol's packets on core come from."
    return config.core_address(node.name) if protocol == "pim" else link_local(node)


def not_all_there(knows, names=config.ROUTERS):
    "None when each has all the others; `knows` has neighbors()."
    for name in names:
        found = knows.neighbors(name)
        if len(found) != len(names) - 1:
            return f"{name} has {found}"
    return None


class Lab(namespaces.Lab):
    "The lab, with one protocol of these on its core network."

    def __init__(self, prefix, protocol):
        super().__init__(prefix, protocol)
        self.protocol = protocol

    def text(self, name, keys="", protected=True):
        text = config.interfaces_config(name) + keys
        text += protection(self.protocol) if protected else ""
        return text + protocol_config(self.protocol, name)

    def start_router(self, name, keys="", **options):
        text = self.text(name, keys, **options)
        self.start(name, text, DAEMONS[self.protocol])

    def neighbors(self, name):
        return neighbors(self.protocol, self[name])

    def all_neighbors(self, name):
        return neighbors(self.protocol, self[name], full=False)

    def add_intruder(self, name):
        "Somebody on the core network who runs nothing."
        self._add(name)
        self.connect(name, "core")
        self[name].run("ip", "address", "add", "10.0.1.99/24", "dev", "core")

    def link_local(self, name):
        return link_local(self[name])

    def address(self, name):
        return address(self.protocol, self[name])

    def stop_daemon(self, name, daemon):
        pid = self[name].daemon_pid(daemon)
        os.kill(pid, signal.SIGTERM)
        namespaces.wait_until(
            f"end of {daemon}", lambda: not os.path.exists(f"/proc/{pid}"), 20
        )

    def read_config(self, name):
        self[name].run(f"{self.prefix}/bin/vtysh", "-b")

    def not_all_there(self, names=config.ROUTERS):
        return not_all_there(self, names)


class Modules:
    """
    Kernel modules that are away.  Meanwhile the kernel loads nothing by itself, or
    nothing whose name has one of `patterns` in it.
    """

    SETTING = "/proc/sys/kernel/modprobe"
    SCRIPT = "/run/modprobe-less"

    def __init__(self, names, patterns=()):
        self.names, self.patterns = names, patterns
        with open(self.SETTING, encoding="ascii") as file:
            self.modprobe = file.read().strip()

    def _set(self, program):
        with open(self.SETTING, "w", encoding="ascii") as file:
            file.write(program)

    def remove(self):
        if self.patterns:
            cases = "|".join(f"*{pattern}*" for pattern in self.patterns)
            with open(self.SCRIPT, "w", encoding="ascii") as file:
                file.write(
                    f'#!/bin/sh\ncase "$*" in {cases}) exit 1;; esac\n'
                    f'exec {self.modprobe} "$@"\n'
                )
            os.chmod(self.SCRIPT, 0o755)
        self._set(self.SCRIPT if self.patterns else "/bin/false")
        for name in self.names:
            # the SAs of the labs before this one go when their namespaces do
            namespaces.wait_until(f"end of {name}", lambda n=name: removed(n), 30)

    def load(self):
        self._set(self.modprobe)
        for name in self.names:
            namespaces.run([self.modprobe, "-q", name])


def removed(module):
    try:
        namespaces.run(["rmmod", module])
    except namespaces.LabError as error:
        return "not currently loaded" in str(error)
    return True


class Steady:
    "Remembers all neighbours; check() fails when one was lost since."

    SLACK = 3  # seconds; daemons count whole ones

    def __init__(self, lab, names=config.ROUTERS):
        "`lab` may be anything that knows neighbors()."
        self.lab, self.names = lab, names
        self.before = {name: lab.neighbors(name) for name in names}
        self.begin = time.monotonic()  # asking takes its time

    def check(self):
        passed = time.monotonic() - self.begin
        for name in self.names:
            after = self.lab.neighbors(name)
            assert after.keys() == self.before[name].keys(), (
                name,
                self.before[name],
                after,
            )
            for neighbor, age in self.before[name].items():
                assert after[neighbor] >= age + passed - self.SLACK, (name, after)


def configure(node, *lines):
    arguments = [
        argument for line in ("configure",) + lines for argument in ("-c", line)
    ]
    return node.run(f"{node.lab.prefix}/bin/vtysh", *arguments)


def wait_until(what, complaint, timeout, interval=0.2):
    """
    Polls until `complaint` returns None; its last words are in the error.  Not
    too often: here is one processor, and those who are asked run on it, too.
    """
    last = [None]

    def check():
        last[0] = complaint()
        return last[0] is None

    try:
        namespaces.wait_until(what, check, timeout, interval)
    except namespaces.LabError as error:
        raise AssertionError(f"{error}: {last[0]}") from None
