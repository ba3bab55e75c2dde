# SPDX-License-Identifier: GPL-2.0-or-later
"One daemon after the other is restarted; no adjacency is lost."

import json
import os
import signal
import time
from contextlib import ExitStack

import pytest

from lab import config, mrkm, wire
from lab.protocols import ALL, OSPFV2, RIPV2
import topology

pytestmark = [pytest.mark.ospfd, pytest.mark.ospf6d, pytest.mark.ripd]

ATD, DTD = 1, 3


@pytest.fixture(scope="module")
def tgen():
    """
    OSPFv2 without a designated router: on a broadcast network a restarted
    ospfd may announce itself before it knows who that is, and drop out of the
    routes of its neighbours for a moment, keys or not.
    """
    tgen = topology.start_lab(
        "mrkm_ospf_restart",
        protocols=ALL,
        routing={OSPFV2.name: {"network": "point-to-multipoint"}},
        atd=ATD,
        dtd=DTD,
    )
    topology.wait_for_full(tgen, *ALL)
    yield tgen
    tgen.stop_topology()


def steady(tgen):
    return [topology.Steady(tgen, p) for p in ALL]


@pytest.mark.parametrize("how", ["TERM", "KILL"])
def test_mrkmd(tgen, how):
    "The keys stay in the daemons; mrkmd registers again."
    r1 = tgen.gears["r1"]
    watches = steady(tgen)
    topology.stop_daemon(r1, "mrkmd", how)
    topology.hear_everyone(tgen)
    r1.startDaemons(["mrkmd"])
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 15)
    for protocol in ALL:
        topology.wait_until(
            "one sender", lambda p=protocol: topology.not_one_sender(tgen, p), 10
        )
    topology.roll(tgen, ATD, DTD, *ALL)
    for watch in watches:
        watch.check()


def test_zebra(tgen):
    """
    The key channel goes through zebra, and is mended when that is back.  ripd
    does not tell a new zebra of its old routes, keys or not.
    """
    r1 = tgen.gears["r1"]
    watches = steady(tgen)
    resyncs = {d: r.resyncs for d, r in mrkm.receivers(r1.vtysh_cmd).items()}
    topology.stop_daemon(r1, "zebra")
    topology.hear_everyone(tgen)
    r1.startDaemons(["zebra"])
    for protocol in ALL:
        daemon = protocol.daemon
        topology.wait_until(
            f"channel to {daemon}",
            lambda d=daemon: not_resynchronized(r1, d, resyncs[d]),
            20,
        )
    topology.roll(tgen, ATD, DTD, *ALL)
    for watch in watches:
        watch.check_rejections()
        if watch.protocol is not RIPV2:
            watch.check_adjacencies()
    r1.vtysh_cmd("clear ip rip")
    topology.wait_for_full(tgen, RIPV2)


def not_resynchronized(router, daemon, resyncs):
    found = mrkm.receivers(router.vtysh_cmd).get(daemon)
    if found and found.state == "synchronized" and found.resyncs > resyncs:
        return None
    return f"{daemon} is {found}, and was at {resyncs} resyncs"


def test_key_server(tgen):
    """
    The key server forgets everything and makes new keys.  The members find
    out, register again, and go over to the new keys together, though r3 is
    later than the others by more than a Hello interval.
    """
    server, r3 = tgen.gears[config.SERVER], tgen.gears["r3"]
    watches = steady(tgen)
    before = {p: topology.sender(tgen, p) for p in ALL}
    # The new key server gives its members time to come, but not more than
    # half of a key's life; here that is to be short.
    topology.write_config(
        server, topology.server_text(ALL, atd=ATD, dtd=DTD, lifetime=60)
    )
    topology.stop_daemon(server, "mrkmd", "KILL")
    mrkmd = topology.daemon_pid(r3, "mrkmd")
    with ExitStack() as stack:
        captures = {p: stack.enter_context(topology.capture_of(tgen, p)) for p in ALL}
        os.kill(mrkmd, signal.SIGSTOP)
        try:
            server.startDaemons(["mrkmd"])
            topology.wait_until(
                "members again", lambda: not_all_members(server, ("r1", "r2")), 15
            )
            topology.hear_everyone(tgen, captures[OSPFV2])
        finally:
            os.kill(mrkmd, signal.SIGCONT)
        topology.wait_until("r3 too", lambda: not_all_members(server), 15)
        for protocol in ALL:
            topology.wait_until(
                "roll",
                lambda p=protocol: topology.not_rolled_from(tgen, before[p], p),
                40,
            )
            topology.wait_until(
                "one key", lambda p=protocol: topology.not_one_key(tgen, p), DTD + 5
            )
    for watch in watches:
        watch.check()
    for protocol in ALL:
        topology.check_key_order(
            captures[protocol].packets,
            [before[protocol], topology.sender(tgen, protocol)],
            protocol.algorithm,
            protocol,
        )


def not_all_members(server, names=config.ROUTERS):
    missing = {config.identity(r) for r in names} - set(mrkm.members(server.vtysh_cmd))
    return f"missing members: {missing}" if missing else None


def route_since(router, prefix):
    """
    Since when (Unix time, give or take a second) the router has its OSPF
    route; None: it has not.
    """
    routes = json.loads(router.vtysh_cmd(f"show ip route {prefix} json"))
    for route in routes.get(prefix, []):
        if route["protocol"] == "ospf" and route.get("installed"):
            hours, minutes, seconds = map(int, route["uptime"].split(":"))
            return time.time() - 3600 * hours - 60 * minutes - seconds
    return None


def from_r1(packet):
    return packet.sender == config.router_id("r1")


def in_step_with_clock(packet):
    """
    ospfd's sequence numbers are the clock's seconds, but count on when there
    is more than a packet a second.  A new ospfd begins with the clock's: if the
    old one was ahead, its neighbours would not hear the new one for a while.
    """
    return from_r1(packet) and packet.sequence <= packet.time + 1


def test_ospfd(tgen):
    """
    OSPF's own graceful restart (RFC 3623) carries r1 over: its neighbours
    keep their routes through it.  For that, r1 must have the group's key
    again before it speaks, for what it says with another is not heard.
    """
    r1, helpers = tgen.gears["r1"], [tgen.gears[n] for n in ("r2", "r3")]
    prefix = f"{config.router_id('r1')}/32"
    key = topology.sender(tgen)
    since = {h.name: route_since(h, prefix) for h in helpers}
    assert None not in since.values(), since
    rejected = {n: len(reasons) for n, reasons in topology.rejections(tgen).items()}
    with wire.Capture(r1.net.pid, "core") as capture:
        assert capture.wait_for(in_step_with_clock, 90), "r1 stays ahead of the clock"
        r1.vtysh_cmd("graceful-restart prepare ip ospf")
        topology.wait_until("Grace-LSA", lambda: not_helping(helpers), 10, 0.05)
        topology.stop_daemon(r1, "ospfd")
        last = max(p.sequence for p in capture.packets if from_r1(p))
        topology.wait_until(
            "clock", lambda: None if time.time() > last + 1 else f"before {last}", 10
        )
        started = len(capture.packets)
        r1.startDaemons(["ospfd"])
        topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
        topology.wait_until("helped", lambda: not_helped(helpers), 30)
    for helper in helpers:
        now = route_since(helper, prefix)
        assert now and abs(now - since[helper.name]) < 2, "route was lost"
    spoken = list(filter(from_r1, capture.packets[started:]))
    assert spoken, "r1 is silent"
    for packet in spoken:
        topology.check_digest(packet, "hmac-sha-256")
        assert packet.key_id == key, str(packet)
    for name, reasons in topology.rejections(tgen).items():
        # r1 knows no neighbours at first: that is not about keys.
        new = [r for r in reasons[rejected[name] :] if "Unknown Neighbor" not in r]
        assert not new, f"{name}: {new[:5]}"


def not_helping(helpers):
    for helper in helpers:
        listed = json.loads(helper.vtysh_cmd("show ip ospf neighbor detail json"))
        status = listed["neighbors"][config.router_id("r1")][0]["grHelperStatus"]
        if status != "Inprogress":
            return f"{helper.name}: {status}"
    return None


def not_helped(helpers):
    for helper in helpers:
        text = helper.vtysh_cmd("show ip ospf graceful-restart helper detail")
        if "Successful graceful restart" not in text:
            return f"{helper.name}: {text}"
    return None
