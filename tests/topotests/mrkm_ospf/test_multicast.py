# SPDX-License-Identifier: GPL-2.0-or-later
"""
Rekeying by multicast: rolls, a rekey message that does not arrive, a member that
is excluded.  Once with signed messages, once with Implicit authentication.
"""

import time

import pytest

from lab import config, mrkm
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 2, 5
ROLLS = 10
ADDRESS = "239.192.1.1"
SIGNING_KEY = f"{config.PSK_DIR}/signer.pem"
# Ed25519; it signs in namespaces that live for minutes.
SIGNING_KEY_PEM = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIEBBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5f
-----END PRIVATE KEY-----
"""
AUTHENTICATION = {"ed25519": f"signature {SIGNING_KEY}", "implicit": "implicit"}


@pytest.fixture(scope="module", params=AUTHENTICATION)
def tgen(request):
    tgen = topology.start_lab(
        f"mrkm_ospf_multicast_{request.param}",
        psks={(config.SERVER, SIGNING_KEY): SIGNING_KEY_PEM},
        atd=ATD,
        dtd=DTD,
        rekey=(
            f"multicast {ADDRESS}",
            f"authentication {AUTHENTICATION[request.param]}",
            "lifetime 86400",
            # who misses a message is to be left behind, and to notice
            "wait 0",
        ),
    )
    tgen.authentication = request.param
    yield tgen
    tgen.stop_topology()


def server(tgen):
    return tgen.gears[config.SERVER].vtysh_cmd


def not_one_rekey_sa(tgen, routers=config.ROUTERS):
    "None when all members have the key server's Rekey SA."
    wanted = mrkm.rekey_sa(server(tgen), server=True)
    for name in routers:
        found = mrkm.rekey_sa(tgen.gears[name].vtysh_cmd)
        if not found or found["spi"] != wanted["spi"]:
            return f"{name}: {found}, key server: {wanted}"
    return None


def roll(tgen, before):
    "A roll that all take part in; the new sender."
    mrkm.rekey(server(tgen))
    topology.wait_until(
        f"roll after {before}", lambda: topology.not_rolled_from(tgen, before), ATD + 5
    )
    topology.wait_until(
        "old key forgotten", lambda: topology.not_one_key(tgen), DTD + 5
    )
    return topology.sender(tgen)


def test_registration(tgen):
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
    topology.wait_until("Rekey SA", lambda: not_one_rekey_sa(tgen), 5)
    sa = mrkm.rekey_sa(tgen.gears["r1"].vtysh_cmd)
    assert sa["destination"] == ADDRESS
    assert sa["authentication"].lower() == tgen.authentication
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)


def test_configuration(tgen):
    "What was configured is what is shown, and nothing of the key."
    shown = tgen.gears[config.SERVER].vtysh_cmd("show running-config")
    assert f"\n   rekey multicast {ADDRESS}\n" in shown
    assert f"\n   rekey authentication {AUTHENTICATION[tgen.authentication]}\n" in shown
    assert "PRIVATE" not in shown


def test_ten_rolls(tgen):
    watch = topology.Steady(tgen)
    sender = topology.sender(tgen)
    before = mrkm.group(tgen.gears["r2"].vtysh_cmd)
    for _ in range(ROLLS):
        sender = roll(tgen, sender)
    watch.check()
    after = mrkm.group(tgen.gears["r2"].vtysh_cmd)
    assert after.rekeys == before.rekeys + ROLLS
    assert after.registrations == before.registrations
    # the message, and two reminders
    assert mrkm.rekey_sa(server(tgen), server=True)["messageId"] == 3 * ROLLS


def test_missed_rekey(tgen):
    """
    r3 hears nothing of the key server for a while.  The reminder at the end of
    the old key reaches it, its number tells that something was missed, and r3
    registers anew.  The old key was long gone elsewhere; but nobody has been
    silent for so long that an adjacency was lost.
    """
    full = topology.Steady(tgen)
    r3 = tgen.gears["r3"]
    before = mrkm.group(r3.vtysh_cmd)
    sender = topology.sender(tgen)
    r3.cmd_raises("ip link set mgmt down")
    mrkm.rekey(server(tgen))
    rolled = time.monotonic()
    topology.wait_until(
        "roll of the others",
        lambda: None if topology.senders(tgen)["r1"] != sender else "r1 waits",
        ATD + 5,
    )
    assert mrkm.keys(r3.vtysh_cmd).keys() == {sender}
    while time.monotonic() < rolled + ATD + 1:
        time.sleep(0.1)  # the reminder half way to ATD and its copies are over
    r3.cmd_raises("ip link set mgmt up")
    topology.wait_until(
        "r3 has the key", lambda: topology.not_rolled_from(tgen, sender), DTD + 10
    )
    topology.wait_until(
        "r3 registers anew",
        lambda: None
        if mrkm.group(r3.vtysh_cmd).registrations > before.registrations
        else "not yet",
        20,
    )
    assert "a rekey message was lost, registering anew" in topology.log(r3, "mrkmd")
    full.check_adjacencies()
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), DTD + 5)
    # and from here on all is as before
    watch = topology.Steady(tgen)
    roll(tgen, topology.sender(tgen))
    watch.check()


def neighbours(tgen, name):
    found = topology.all_adjacencies(tgen)
    return {n for (r, n), a in found.items() if r == name and a.state == "Full"}


def test_exclusion(tgen):
    "r3 is out, and nobody else notices."
    r3 = tgen.gears["r3"]
    before = mrkm.rekey_sa(server(tgen), server=True)["spi"]
    others = topology.all_adjacencies(tgen)
    said = mrkm.exclude(server(tgen), "r3")
    assert not said, said
    assert mrkm.rekey_sa(server(tgen), server=True)["spi"] != before
    topology.wait_until(
        "next Rekey SA", lambda: not_one_rekey_sa(tgen, ("r1", "r2")), 5
    )
    topology.wait_until(
        "r3 is alone",
        lambda: None if neighbours(tgen, "r1") == {config.router_id("r2")} else "no",
        DTD + config.DEAD_INTERVAL + 10,
    )
    now = topology.all_adjacencies(tgen)
    for pair in (("r1", config.router_id("r2")), ("r2", config.router_id("r1"))):
        assert now[pair].changes == others[pair].changes, (now, others)
    problem = mrkm.group(r3.vtysh_cmd).problem
    assert "not authorized" in problem, problem
    assert config.identity("r3") not in mrkm.members(server(tgen))
    # none of the keys that the others have
    mine = mrkm.keys(r3.vtysh_cmd).keys()
    assert not mine & mrkm.keys(tgen.gears["r1"].vtysh_cmd).keys()


def test_excluded_already(tgen):
    assert "excluded from group" in mrkm.exclude(server(tgen), "r3")


def test_readmission(tgen):
    said = mrkm.exclude(server(tgen), "r3", readmit=True)
    assert not said, said
    tgen.gears["r3"].vtysh_cmd(f"clear mrkm group {config.GROUP}", daemon="mrkmd")
    topology.wait_until("Rekey SA", lambda: not_one_rekey_sa(tgen), 20)
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 60)
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), DTD + 5)
    watch = topology.Steady(tgen)
    roll(tgen, topology.sender(tgen))
    watch.check()


def test_restart_of_the_key_server(tgen):
    """
    It has forgotten its Rekey SA and its keys; the members notice that it is
    another, and have its new keys before the first of them sends with them.
    """
    watch = topology.Steady(tgen)
    ks = tgen.gears[config.SERVER]
    topology.stop_daemon(ks, "mrkmd", "KILL")
    ks.startDaemons(["mrkmd"])
    topology.wait_until("Rekey SA", lambda: not_one_rekey_sa(tgen), 60)
    watch.check()


def test_inband_and_back(tgen):
    "Another way of rekeying costs nobody an adjacency."
    watch = topology.Steady(tgen)
    ks = tgen.gears[config.SERVER]
    group = ("mrkm", "key-server", f"group {config.GROUP}")
    topology.configure(ks, *group, "rekey inband")
    topology.wait_until(
        "no Rekey SA",
        lambda: None
        if not any(mrkm.rekey_sa(tgen.gears[r].vtysh_cmd) for r in config.ROUTERS)
        else "there is one",
        20,
    )
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
    topology.configure(ks, *group, f"rekey multicast {ADDRESS}")
    topology.wait_until("Rekey SA", lambda: not_one_rekey_sa(tgen), 30)
    watch.check()
