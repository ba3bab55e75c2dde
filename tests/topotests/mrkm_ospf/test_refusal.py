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


@pytest.mark.parametrize("name", ["r1", "r2"])
def test_refused(tgen, name):
    "It has no key, says why, and is counted by the key server."
    topology.wait_until(name, lambda: not_refused(tgen, name), 15)
    assert mrkm.key_in_use(tgen.gears[name].vtysh_cmd) == (None, None)
    assert config.identity(name) not in mrkm.members(
        tgen.gears[config.SERVER].vtysh_cmd
    )
    counters = mrkm.reasons(tgen.gears[config.SERVER].vtysh_cmd)
    assert counters.get("auth-failed", 0) > 0, counters


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
    topology.put_psk(tgen.gears["r1"], config.psk_file("r1"), config.psk("r1"))
    tgen.gears["r1"].vtysh_cmd(f"clear mrkm group {config.GROUP}")
    topology.configure(
        tgen.gears["r2"], "mrkm", f"identity fqdn {config.identity('r2')}"
    )
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
