# SPDX-License-Identifier: GPL-2.0-or-later
"One daemon after the other is restarted; no adjacency is lost."

import json
import time

import pytest

from lab import config, mrkm, ospf, wire
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 1, 3


@pytest.fixture(scope="module")
def tgen():
    tgen = topology.start_lab("mrkm_ospf_restart", atd=ATD, dtd=DTD)
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
    yield tgen
    tgen.stop_topology()


def roll(tgen):
    "Rolls once: the way from the key server into ospfd is open on all routers."
    before = topology.sender(tgen)
    mrkm.rekey(tgen.gears[config.SERVER].vtysh_cmd)
    topology.wait_until("roll", lambda: topology.not_rolled_from(tgen, before), ATD + 10)
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), DTD + 5)


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_mrkmd(tgen, signal):
    "The keys stay in ospfd; mrkmd registers again."
    r1 = tgen.gears["r1"]
    watch = topology.Steady(tgen)
    topology.stop_daemon(r1, "mrkmd", signal)
    r1.startDaemons(["mrkmd"])
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 15)
    topology.wait_until("one sender", lambda: topology.not_one_sender(tgen), 10)
    roll(tgen)
    watch.check()


def test_zebra(tgen):
    "The key channel goes through zebra, and is mended when that is back."
    r1 = tgen.gears["r1"]
    watch = topology.Steady(tgen)
    topology.stop_daemon(r1, "zebra")
    r1.startDaemons(["zebra"])
    topology.wait_until("channel", lambda: not_synchronized(r1), 20)
    roll(tgen)
    watch.check()


def not_synchronized(router):
    receivers = mrkm.receivers(router.vtysh_cmd)
    return None if receivers.get("ospfd") == "synchronized" else receivers


def test_key_server(tgen):
    """
    The key server forgets everything and makes new keys.  The members find
    out, register again, and go over to the new keys together.
    """
    server = tgen.gears[config.SERVER]
    watch = topology.Steady(tgen)
    before = topology.sender(tgen)
    # The new key server gives its members time to come, but not more than
    # half of a key's life; here that is to be short.
    text = config.key_server_config(atd=ATD, dtd=DTD, lifetime=60)
    topology.write_config(server, text)
    topology.stop_daemon(server, "mrkmd", "KILL")
    server.startDaemons(["mrkmd"])
    topology.wait_until("members again", lambda: not_all_members(server), 15)
    topology.wait_until("roll", lambda: topology.not_rolled_from(tgen, before), 40)
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), DTD + 5)
    watch.check()


def not_all_members(server):
    members = set(mrkm.members(server.vtysh_cmd))
    missing = {config.identity(r) for r in config.ROUTERS} - members
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
        # ospfd takes its sequence numbers from the clock; a new one would
        # start below the old one's if that is ahead of the clock.
        in_step = capture.wait_for(
            lambda p: p.sender == config.router_id("r1") and p.sequence <= p.time + 1,
            90,
        )
        assert in_step, "r1's sequence numbers stay ahead of the clock"
        r1.vtysh_cmd("graceful-restart prepare ip ospf")
        topology.stop_daemon(r1, "ospfd")
        started = len(capture.packets)
        r1.startDaemons(["ospfd"])
        topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
        topology.wait_until("helped", lambda: not_helped(helpers), 30)
    for helper in helpers:
        now = route_since(helper, prefix)
        assert now and abs(now - since[helper.name]) < 2, "route was lost"
    spoken = [p for p in capture.packets[started:] if p.sender == config.router_id("r1")]
    assert spoken, "r1 is silent"
    for packet in spoken:
        topology.check_digest(packet, "hmac-sha-256")
        assert packet.key_id == key, str(packet)
    for name, reasons in topology.rejections(tgen).items():
        # r1 knows no neighbours at first: that is not about keys.
        new = [r for r in reasons[rejected[name]:] if "Unknown Neighbor" not in r]
        assert not new, f"{name}: {new[:5]}"


def not_helped(helpers):
    for helper in helpers:
        text = helper.vtysh_cmd("show ip ospf graceful-restart helper detail")
        if "Successful graceful restart" not in text:
            return f"{helper.name}: {text}"
    return None
