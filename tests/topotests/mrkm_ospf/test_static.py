# SPDX-License-Identifier: GPL-2.0-or-later
"The lab itself, with key chains typed by hand: what all other tests stand on."

import pytest

from lab import config
import topology

pytestmark = [pytest.mark.ospfd]


@pytest.fixture(scope="module")
def tgen():
    texts = {
        name: config.router_config(name, keys=config.static_keys_config())
        for name in config.ROUTERS
    }
    daemons = {name: topology.STATIC_DAEMONS for name in config.ROUTERS}
    tgen = topology.start("mrkm_ospf_static", texts, daemons)
    yield tgen
    tgen.stop_topology()


def test_adjacencies(tgen):
    topology.wait_until("full", lambda: topology.not_all_full(tgen), 30)
