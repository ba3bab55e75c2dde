# SPDX-License-Identifier: GPL-2.0-or-later
"Registration, and twenty rolls that no adjacency notices."

import json
import os
import signal
import time

import pytest

from lab import config, mrkm, wire
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 1, 3
ROLLS = 20
SHORT_LIFETIME = 30  # a key is replaced when 13 seconds of it are left


@pytest.fixture(scope="module")
def tgen():
    tgen = topology.start_lab("mrkm_ospf_rollover", atd=ATD, dtd=DTD)
    yield tgen
    tgen.stop_topology()


def test_registration(tgen):
    "Every router registers, and ospfd gets the same key on all of them."
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 15)
    topology.wait_until("keys", lambda: topology.not_one_sender(tgen), 5)
    members = mrkm.members(tgen.gears[config.SERVER].vtysh_cmd)
    assert {config.identity(r) for r in config.ROUTERS} == set(members)


def test_adjacencies(tgen):
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)


def test_keys_are_not_shown(tgen):
    "Neither a key nor a pre-shared key is in the configuration or in any show."
    for name in config.ROUTERS + (config.SERVER,):
        router = tgen.gears[name]
        shown = "".join(
            router.vtysh_cmd(command)
            for command in ("show running-config", "show mrkm", "show mrkm keys")
        )
        assert "key-string" not in shown
        for member in config.ROUTERS:
            assert config.psk(member).strip() not in shown


def test_twenty_rolls(tgen):
    """
    Each roll is waited for: the new key sends everywhere, the old one is
    forgotten.  Nothing is lost or rejected meanwhile, and what is seen on the
    wire has, from each router, the keys in their order and nothing else.
    """
    watch = topology.Steady(tgen)
    senders = [topology.sender(tgen)]
    r1 = tgen.gears["r1"]
    with wire.Capture(r1.net.pid, "core") as capture:
        for _ in range(ROLLS):
            mrkm.rekey(tgen.gears[config.SERVER].vtysh_cmd)
            topology.wait_until(
                f"roll {len(senders)}",
                lambda: topology.not_rolled_from(tgen, senders[-1]),
                ATD + 5,
            )
            senders.append(topology.sender(tgen))
            topology.wait_until(
                "old key forgotten", lambda: topology.not_one_key(tgen), DTD + 5
            )
    watch.check()
    topology.check_key_order(capture.packets, senders, "hmac-sha-256")


def test_roll_during_roll(tgen):
    "A roll may start before the last one's old key is forgotten."
    watch = topology.Steady(tgen)
    server = tgen.gears[config.SERVER]
    first = topology.sender(tgen)
    with wire.Capture(tgen.gears["r1"].net.pid, "core") as capture:
        mrkm.rekey(server.vtysh_cmd)
        topology.wait_until(
            "second key", lambda: topology.not_rolled_from(tgen, first), ATD + 5
        )
        second = topology.sender(tgen)
        mrkm.rekey(server.vtysh_cmd)
        topology.wait_until(
            "third key", lambda: topology.not_rolled_from(tgen, second), ATD + 5
        )
        third = topology.sender(tgen)
        topology.wait_until("one key", lambda: topology.not_one_key(tgen), DTD + 5)
    watch.check()
    topology.check_key_order(capture.packets, [first, second, third], "hmac-sha-256")


def soon(tgen, milliseconds):
    "None when r1 is that near to sending with the next key."
    waiting = [
        key.send_start
        for key in mrkm.keys(tgen.gears["r1"].vtysh_cmd).values()
        if key.send_start
    ]
    if waiting and waiting[0] < milliseconds:
        return None
    return f"r1's next keys send in {waiting} ms"


def test_late_router(tgen):
    """
    r3 reads the rekey message seconds after the others, who by then are about
    to send with the new key.  Old and new key are in use at the same time for
    longer than a Hello interval, and either is accepted.  The key server does not
    wait for r3 here.
    """
    atd, dtd = config.HELLO_INTERVAL + 2, 10
    server, r3 = tgen.gears[config.SERVER], tgen.gears["r3"]
    topology.configure(
        server,
        "mrkm",
        "key-server",
        f"group {config.GROUP}",
        f"deactivation-delay {dtd}",
        f"activation-delay {atd}",
        "rekey wait 0",
    )
    watch = topology.Steady(tgen)
    before = topology.sender(tgen)
    mrkmd = topology.daemon_pid(r3, "mrkmd")
    with wire.Capture(tgen.gears["r1"].net.pid, "core") as capture:
        os.kill(mrkmd, signal.SIGSTOP)
        try:
            mrkm.rekey(server.vtysh_cmd)
            topology.wait_until("r1", lambda: soon(tgen, 500), atd + 1, 0.05)
        finally:
            os.kill(mrkmd, signal.SIGCONT)
        topology.wait_until(
            "roll", lambda: topology.not_rolled_from(tgen, before), 2 * atd + 2
        )
        after = topology.sender(tgen)
        topology.wait_until("one key", lambda: topology.not_one_key(tgen), dtd + 5)
    watch.check()
    topology.check_key_order(capture.packets, [before, after], "hmac-sha-256")
    new = [p.time for p in capture.packets if p.key_id == after]
    old = [p.time for p in capture.packets if p.key_id == before]
    assert max(old) > min(new), "the keys were not in use at the same time"


def test_absent_router(tgen):
    """
    r3 reads the rekey message after the others would have forgotten the old key:
    the roll waits for it, and no adjacency notices.
    """
    server, r3 = tgen.gears[config.SERVER], tgen.gears["r3"]
    topology.configure(
        server,
        "mrkm",
        "key-server",
        f"group {config.GROUP}",
        f"activation-delay {ATD}",
        f"deactivation-delay {DTD}",
        "no rekey wait",
    )

    def status():
        return json.loads(server.vtysh_cmd("show mrkm key-server json"))[config.GROUP]

    watch = topology.Steady(tgen)
    before = topology.sender(tgen)
    mrkmd = topology.daemon_pid(r3, "mrkmd")
    os.kill(mrkmd, signal.SIGSTOP)
    try:
        mrkm.rekey(server.vtysh_cmd)
        end = time.monotonic() + DTD + 5
        topology.wait_until(
            "the others",
            lambda: None if status().get("awaited") == 1 else f"{status()}",
            5,
        )
        while time.monotonic() < end:
            assert status()["awaited"] == 1
            assert topology.sender(tgen) == before
            time.sleep(1)
    finally:
        os.kill(mrkmd, signal.SIGCONT)
    topology.wait_until(
        "roll", lambda: topology.not_rolled_from(tgen, before), 20 + ATD
    )
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), DTD + 5)
    assert "waitsFor" not in status()
    watch.check()


def test_rolls_by_itself(tgen):
    "The key server replaces keys before their life ends."
    watch = topology.Steady(tgen)
    before = topology.sender(tgen)
    topology.configure(
        tgen.gears[config.SERVER],
        "mrkm",
        "key-server",
        f"group {config.GROUP}",
        f"activation-delay {ATD}",
        f"deactivation-delay {DTD}",
        f"protocol ospfv2 algorithm hmac-sha-256 lifetime {SHORT_LIFETIME}",
    )
    for _ in range(2):
        topology.wait_until(
            "roll", lambda: topology.not_rolled_from(tgen, before), SHORT_LIFETIME
        )
        before = topology.sender(tgen)
    watch.check()
