# SPDX-License-Identifier: GPL-2.0-or-later
"""
A router that is key server and member, keeps its keys as a member, and nothing
as a key server: its mrkmd is restarted, and no adjacency notices.
"""

import pytest

from lab import config, mrkm
from lab.protocols import OSPFV2
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 1, 3


def text_of_both():
    "r1 is the key server, too: at the key server's address."
    return (
        config.interfaces_config("r1")
        + f"interface mgmt\n ip address {config.SERVER_ADDRESS}/24\nexit\n"
        # Half of a key's life is what a key server that forgot waits for its
        # members; here that is to be short.
        + config.server_config(lifetime=60, atd=ATD, dtd=DTD, state_file="none")
        + config.member_config("r1", keep=True)
        + config.ospf_config("r1")
    )


@pytest.fixture(scope="module")
def tgen():
    texts = {name: topology.member_text(name, (OSPFV2,)) for name in ("r2", "r3")}
    texts["r1"] = text_of_both()
    daemons = {name: topology.member_daemons((OSPFV2,)) for name in config.ROUTERS}
    psks = {
        (name, path): content
        for name, owner in (("r1", config.SERVER), ("r2", "r2"), ("r3", "r3"))
        for path, content in config.psk_files(owner).items()
    }
    tgen = topology.start("mrkm_ospf_keep_server", texts, daemons, psks)
    topology.wait_for_full(tgen, OSPFV2)
    yield tgen
    tgen.stop_topology()


def young_key(tgen):
    """
    Rolls: what a key server that forgot waits for its members may be no longer
    than the key that they have lives.
    """
    before = topology.sender(tgen)
    mrkm.rekey(tgen.gears["r1"].vtysh_cmd)
    topology.wait_until("roll", lambda: topology.not_rolled_from(tgen, before), 10)
    # a roll that was due anyway may come in between
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), 4 * DTD + 10)


@pytest.mark.parametrize("how", ["TERM", "KILL"])
def test_restart(tgen, how):
    """
    The key server knows no past and makes new keys; r1 as its member does know
    it, and goes over to them with the others, through the same wait.
    """
    r1 = tgen.gears["r1"]
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
    topology.wait_until("one sender", lambda: topology.not_one_sender(tgen), 20)
    young_key(tgen)
    watch = topology.Steady(tgen)
    before = topology.sender(tgen)
    with topology.capture_of(tgen) as capture:
        topology.stop_daemon(r1, "mrkmd", how)
        r1.startDaemons(["mrkmd"])
        topology.wait_until("roll", lambda: topology.not_rolled_from(tgen, before), 50)
        after = topology.sender(tgen)
        topology.hear_everyone(tgen, capture)
    watch.check()
    topology.check_key_order(capture.packets, [before, after], OSPFV2.algorithm)
