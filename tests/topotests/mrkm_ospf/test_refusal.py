# SPDX-License-Identifier: GPL-2.0-or-later
"Who may not join does not: wrong pre-shared key, unknown identity."

import pytest

from lab import config, mrkm
import topology

pytestmark = [pytest.mark.ospfd]


@pytest.fixture(scope="module")
def tgen():
    """
    r1 has another key than the key server has for it, r2 gives itself a name
    that the key server does not know; r3 is all right.
    """
    texts = {
        "r2": config.router_config("r2").replace(
            config.identity("r2"), config.identity("stranger")
        )
    }
    psks = {("r1", config.psk_file("r1")): "not the key that was agreed on\n"}
    tgen = topology.start_lab("mrkm_ospf_refusal", texts=texts, psks=psks)
    yield tgen
    tgen.stop_topology()


def not_refused(tgen, name):
    router = tgen.gears[name]
    status = mrkm.group(router.vtysh_cmd)
    if mrkm.registered(router.vtysh_cmd):
        return f"{name} is registered"
    if not status.failures:
        return f"{name} has not failed yet: {status}"
    if not status.problem:
        return f"{name} names no problem: {status}"
    return None


def test_right_one_joins(tgen):
    r3 = tgen.gears["r3"].vtysh_cmd
    topology.wait_until(
        "r3", lambda: None if mrkm.registered(r3) else mrkm.group(r3), 15
    )


@pytest.mark.parametrize(
    "name, reason", [("r1", "auth-failed"), ("r2", "no-credential")]
)
def test_refused(tgen, name, reason):
    "It has no key, says why, and is counted by the key server."
    server = tgen.gears[config.SERVER]
    topology.wait_until(name, lambda: not_refused(tgen, name), 15)
    assert mrkm.key_in_use(tgen.gears[name].vtysh_cmd) == (None, None)
    assert mrkm.members(server.vtysh_cmd) == [config.identity("r3")]
    counters = mrkm.reasons(server.vtysh_cmd)
    assert counters[reason] > 0, counters
    address = config.mgmt_address(name)
    assert f"{address}:848: " in topology.log(server, "mrkmd")


def test_advice(tgen):
    "The problem tells the operator what to compare."
    for name in ("r1", "r2"):
        problem = mrkm.group(tgen.gears[name].vtysh_cmd).problem
        assert "pre-shared key" in problem, problem


def test_no_adjacency(tgen):
    "Routers without the group's key find no neighbour."
    assert not topology.all_adjacencies(tgen)


def test_repair(tgen):
    "The right key and the right name mend it, without a restart."
    topology.put_secret(tgen.gears["r1"], config.psk_file("r1"), config.psk("r1"))
    tgen.gears["r1"].vtysh_cmd(f"clear mrkm group {config.GROUP}")
    topology.configure(
        tgen.gears["r2"], "mrkm", f"identity fqdn {config.identity('r2')}"
    )
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)


def test_readable_key_file(tgen):
    "A pre-shared key that others can read is refused; the error names the file."
    r3 = tgen.gears["r3"]
    path = f"{config.PSK_DIR}/open.psk"
    topology.put_secret(r3, path, config.psk("r3"))
    r3.cmd_raises(f"chmod 644 {path}")
    said = topology.configure_in_vain(
        r3, "mrkm", f"group {config.GROUP}", f"pre-shared-key file {path}"
    )
    assert path in said, said
    assert mrkm.registered(r3.vtysh_cmd)


def test_hand_made_key(tgen):
    """
    A key chain has one owner: while there is a key in it that the operator
    typed, ours is not used, and that is told; then it is again.
    """
    r3, chain = tgen.gears["r3"], f"key chain {config.KEY_CHAIN}"
    topology.configure(
        r3,
        chain,
        "key 7",
        f"key-string {config.STATIC_KEY}",
        "cryptographic-algorithm hmac-sha-256",
    )
    topology.wait_until(
        "conflict",
        lambda: None
        if mrkm.obstacle(r3.vtysh_cmd) == "conflict"
        else mrkm.keys(r3.vtysh_cmd),
        5,
    )
    assert mrkm.key_in_use(r3.vtysh_cmd) == (None, None)
    topology.wait_until(
        "problem",
        lambda: None if mrkm.group(r3.vtysh_cmd).problem else "mrkmd knows of none",
        5,
    )
    topology.configure(r3, chain, "no key 7")
    topology.wait_until("one sender", lambda: topology.not_one_sender(tgen), 15)
    assert mrkm.group(r3.vtysh_cmd).problem is None
