# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two key servers, which do not know of each other: when the first one is gone the
members register with the second one, and when it is back they can go back.
"""

import pytest

from lab import config, mrkm
from lab.protocols import OSPFV2
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 1, 3
# the second one is a member, too
SECOND = "r3"
# until a dead peer is given up, and until the next one has its turn
PATIENCE = 90


def member_text(name):
    "frr.conf of a router that knows both."
    text = topology.member_text(name, (OSPFV2,))
    first = f"  key-server {config.SERVER_ADDRESS}\n"
    assert first in text
    second = f"  key-server {config.mgmt_address(SECOND)} preference 200\n"
    return text.replace(first, second + first)


def second_text():
    group = config.server_config(atd=ATD, dtd=DTD)
    group = group.replace(
        f"fqdn {config.identity(config.SERVER)}", f"fqdn {config.identity(SECOND)}"
    )
    return member_text(SECOND) + group.replace(
        f"listen {config.SERVER_ADDRESS}", f"listen {config.mgmt_address(SECOND)}"
    )


@pytest.fixture(scope="module", name="tgen")
def fixture_tgen():
    texts = {name: member_text(name) for name in config.ROUTERS}
    texts[SECOND] = second_text()
    files = config.psk_files(config.SERVER)
    psks = {(SECOND, path): content for path, content in files.items()}
    tgen = topology.start_lab(
        "mrkm_ospf_servers", texts=texts, psks=psks, atd=ATD, dtd=DTD
    )
    yield tgen
    tgen.stop_topology()


def not_all_at(tgen, server):
    "None when all members are registered there, and with nobody else."
    found = set(mrkm.members(tgen.gears[server].vtysh_cmd))
    missing = {config.identity(name) for name in config.ROUTERS} - found
    return f"not registered at {server}: {missing}" if missing else None


def wait_for_keys_of(tgen, server):
    topology.wait_until(f"all at {server}", lambda: not_all_at(tgen, server), PATIENCE)
    topology.wait_until("one sender", lambda: topology.not_one_sender(tgen), 30)
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 60)


def test_first(tgen):
    "That with the lower preference, though it is configured last."
    wait_for_keys_of(tgen, config.SERVER)
    assert not mrkm.members(tgen.gears[SECOND].vtysh_cmd)


def test_second(tgen):
    "It has keys of its own, and rolls them."
    topology.stop_daemon(tgen.gears[config.SERVER], "mrkmd", "KILL")
    wait_for_keys_of(tgen, SECOND)
    topology.wait_until("one key", lambda: topology.not_one_key(tgen), 90)
    watch = topology.Steady(tgen)
    topology.roll(tgen, ATD, DTD, server=SECOND)
    watch.check()


def test_first_again(tgen):
    "Of itself a member looks every ten minutes; a command is faster."
    tgen.gears[config.SERVER].startDaemons(["mrkmd"])
    for name in config.ROUTERS:
        tgen.gears[name].vtysh_cmd(f"clear mrkm group {config.GROUP}", daemon="mrkmd")
    wait_for_keys_of(tgen, config.SERVER)
