# SPDX-License-Identifier: GPL-2.0-or-later
"The lab of tests/lab, built with FRR's topotest library."

import os
import time

from lib import topogen, topotest
from lib.topogen import Topogen, TopoRouter
from lab import config, ospf

MEMBER_DAEMONS = (
    (TopoRouter.RD_ZEBRA, None),
    (TopoRouter.RD_MRKM, None),
    (TopoRouter.RD_OSPF, "-M mrkm"),
)
SERVER_DAEMONS = MEMBER_DAEMONS[:2]
STATIC_DAEMONS = ((TopoRouter.RD_ZEBRA, None), (TopoRouter.RD_OSPF, None))


class Router(topotest.Router):
    "A router that can run mrkmd; its daemons are where conftest.py says."

    def __init__(self, *args, **params):
        super().__init__(*args, **params)
        self.daemons["mrkmd"] = 0

    def _config_frr(self, **params):
        super()._config_frr(frrdir=topogen.tgen_defaults["frrdir"], **params)

    def startRouterDaemons(self, daemons=None, tgen=None):
        """
        Starts all or some daemons and has them read frr.conf, as FRR's own
        start script does.  The library does it once only, and does not notice
        when a daemon takes exception to it.
        """
        result = super().startRouterDaemons(list(daemons) if daemons else None, tgen)
        for daemon in daemons or [""]:
            self.cmd_raises(f"vtysh -b {'-d ' + daemon if daemon else ''}")
        self.unified_config = False
        return result


def build(tgen):
    "Two networks, three routers, one key server."
    core, mgmt = tgen.add_switch("core"), tgen.add_switch("mgmt")
    for name in (config.SERVER,) + config.ROUTERS:
        router = tgen.add_router(name, cls=Router)
        mgmt.add_link(router, nodeif="mgmt")
        if name != config.SERVER:
            core.add_link(router, nodeif="core")


def load(router, text, daemons):
    "Gives a router its frr.conf and says which daemons it runs."
    path = os.path.join(router.logdir, router.name, "frr.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    router.load_frr_config(path, daemons)


def start(module_name, texts, daemons):
    """
    Starts the routers that `texts` names with their frr.conf; `daemons` maps a
    router's name to the daemons it runs.
    """
    tgen = Topogen(build, module_name)
    tgen.start_topology()
    for name, text in texts.items():
        load(tgen.gears[name], text, daemons[name])
        tgen.gears[name].start()
    return tgen


def wait_until(what, check, timeout, interval=0.2):
    """
    Polls until `check` returns None; the last complaint of `check` is the
    failure's text.
    """
    end = time.monotonic() + timeout
    while True:
        complaint = check()
        if complaint is None:
            return
        assert time.monotonic() < end, f"{what}, after {timeout} s: {complaint}"
        time.sleep(interval)


def all_adjacencies(tgen):
    "{(router, neighbor id): Adjacency} of r1, r2 and r3."
    found = {}
    for name in config.ROUTERS:
        router = tgen.gears[name]
        for adjacency in ospf.adjacencies(
            name, router.vtysh_cmd, time.monotonic()
        ).values():
            found[name, adjacency.neighbor] = adjacency
    return found


def not_all_full(tgen):
    "None when each router is Full with the two others."
    found = all_adjacencies(tgen)
    full = [a for a in found.values() if a.state == "Full"]
    if len(full) == 6 and len(found) == 6:
        return None
    return f"6 adjacencies should be Full, there are: {list(found.values())}"
