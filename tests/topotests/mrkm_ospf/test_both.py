# SPDX-License-Identifier: GPL-2.0-or-later
"""
A router that is key server and member of its own group: it registers with itself,
and what it tells the others it hears, too.
"""

import pytest

from lab import config, mrkm
from lab.protocols import OSPFV2
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 1, 3
ROLLS = 3
BOTH = "r1"
REKEYING = {
    "inband": ("inband",),
    "multicast": ("multicast 239.192.1.1", "authentication implicit"),
}


def text_of_both(rekey):
    "frr.conf of r1, which has the key server's address besides its own."
    own, server = config.identity(BOTH), config.identity(config.SERVER)
    group = config.server_config(atd=ATD, dtd=DTD, rekey=rekey)
    keys = config.member_config(BOTH) + group.replace(f"fqdn {server}", f"fqdn {own}")
    address = f"interface mgmt\n ip address {config.SERVER_ADDRESS}/24\nexit\n"
    return address + config.router_config(BOTH, keys)


@pytest.fixture(scope="module", name="tgen", params=REKEYING)
def fixture_tgen(request):
    texts = {name: topology.member_text(name, (OSPFV2,)) for name in config.ROUTERS}
    texts[BOTH] = text_of_both(REKEYING[request.param])
    psks = {
        (name, path): content
        for name in config.ROUTERS
        for path, content in config.psk_files(name).items()
    }
    psks.update(
        ((BOTH, path), content)
        for path, content in config.psk_files(config.SERVER).items()
    )
    daemons = {name: topology.member_daemons((OSPFV2,)) for name in config.ROUTERS}
    tgen = topology.start(f"mrkm_ospf_both_{request.param}", texts, daemons, psks)
    tgen.multicast = request.param == "multicast"
    yield tgen
    tgen.stop_topology()


def test_registration(tgen):
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 30)
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 60)
    assert config.identity(BOTH) in mrkm.members(tgen.gears[BOTH].vtysh_cmd)
    for name in config.ROUTERS:
        found = mrkm.rekey_sa(tgen.gears[name].vtysh_cmd)
        assert bool(found) == tgen.multicast, (name, found)


def test_rolls(tgen):
    "Nobody has to register for them, r1 least of all."
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), 30)
    watch = topology.Steady(tgen)
    before = {r: mrkm.group(tgen.gears[r].vtysh_cmd) for r in config.ROUTERS}
    for _ in range(ROLLS):
        topology.roll(tgen, ATD, DTD, server=BOTH)
    watch.check()
    for name, then in before.items():
        now = mrkm.group(tgen.gears[name].vtysh_cmd)
        assert now.rekeys >= then.rekeys + ROLLS, (name, then, now)
        assert now.registrations == then.registrations, (name, then, now)
