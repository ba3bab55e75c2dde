# SPDX-License-Identifier: GPL-2.0-or-later
"The lab of tests/lab, built with FRR's topotest library."

import glob
import os
import shlex
import time

from lib import topogen, topotest
from lib.topogen import Topogen, TopoRouter
from lab import config, mrkm, wire
from lab.protocols import OSPFV2

SERVER_DAEMONS = ((TopoRouter.RD_ZEBRA, None), (TopoRouter.RD_MRKM, None))
STATIC_DAEMONS = ((TopoRouter.RD_ZEBRA, None), (TopoRouter.RD_OSPF, None))


class Router(topotest.Router):
    "A router that can run mrkmd; its daemons are where conftest.py says."

    def __init__(self, *args, **params):
        self.environment = {}  # of a daemon: {variable: value}
        self.launcher = ""  # in front of each command that starts a daemon
        super().__init__(*args, **params)
        self.daemons["mrkmd"] = 0

    def _config_frr(self, **params):
        super()._config_frr(frrdir=topogen.tgen_defaults["frrdir"], **params)

    def cmd_raises(self, cmd, **kwargs):
        "Here every daemon is started: some get an environment of their own."
        for daemon, environment in self.environment.items():
            if f"/sbin/{daemon} " in cmd:
                kwargs["env"] = {**os.environ, **environment}
        if self.launcher and self.daemondir in cmd:
            cmd = f"{self.launcher} sh -c {shlex.quote(cmd)}"
        return super().cmd_raises(cmd, **kwargs)

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


def put_secret(router, path, content):
    "A file as mrkmd wants it for keys: readable by user frr alone."
    directory = os.path.dirname(path)
    router.cmd_raises(f"install -d -m 750 -o frr -g frr {directory}")
    router.cmd_raises(f"umask 077; cat >{path}; chown frr:frr {path}", stdin=content)


def write_config(router, text):
    "A new frr.conf for a router that runs already; daemons read it at their start."
    router.cmd_raises("cat >/etc/frr/frr.conf", stdin=text)


def load(router, text, daemons):
    "Gives a router its frr.conf and says which daemons it runs."
    path = os.path.join(router.logdir, router.name, "frr.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    router.load_frr_config(path, daemons)


def start(module_name, texts, daemons, psks=(), environment=()):
    """
    Starts the routers that `texts` names with their frr.conf; `daemons` maps a
    router's name to the daemons it runs, `psks` (router, path) to the content
    of a pre-shared key file, `environment` (router, daemon) to what that
    daemon has in its environment besides.
    """
    tgen = Topogen(build, module_name)
    tgen.start_topology()
    for (name, path), content in dict(psks).items():
        put_secret(tgen.gears[name], path, content)
    for (name, daemon), variables in dict(environment).items():
        tgen.gears[name].net.environment[daemon] = variables
    for name, text in texts.items():
        load(tgen.gears[name], text, daemons[name])
        tgen.gears[name].start()
    return tgen


def member_daemons(protocols):
    numbers = {name: number for number, name in TopoRouter.RD.items()}
    return SERVER_DAEMONS + tuple((numbers[p.daemon], p.options) for p in protocols)


def faketime_library():
    "What gives a process a wall clock of its own, by LD_PRELOAD."
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    assert found, "libfaketime is missing: apt-get install libfaketime"
    return found[0]


def member_text(name, protocols, routing=None, keep=False):
    """
    frr.conf of a member whose routing protocols are all keyed; `routing` has
    the options of some of them, {protocol's name: {option: value}}.
    """
    key_chains = {p.name: p.key_chain for p in protocols}
    return config.router_config(
        name,
        config.member_config(name, key_chains, keep),
        "".join(p.config(name, **(routing or {}).get(p.name, {})) for p in protocols),
    )


def server_text(protocols, **group):
    """
    frr.conf of their key server, with `group` as in config.server_config();
    algorithms are the protocols' usual ones unless said otherwise.
    """
    algorithms = {p.name: p.algorithm for p in protocols}
    algorithms.update(group.pop("algorithms", ()))
    return config.key_server_config(algorithms=algorithms, **group)


def start_lab(
    module_name,
    texts=None,
    psks=None,
    environment=(),
    protocols=(OSPFV2,),
    routing=None,
    **group,
):
    """
    Starts the key server, with `group` as in server_text(), and its members,
    with `routing` as in member_text().  `texts` and `psks` replace what
    config.py has for some routers.
    """
    names = (config.SERVER,) + config.ROUTERS
    all_texts = {name: member_text(name, protocols, routing) for name in config.ROUTERS}
    all_texts[config.SERVER] = server_text(protocols, **group)
    all_psks = {
        (name, path): content
        for name in names
        for path, content in config.psk_files(name).items()
    }
    daemons = {name: member_daemons(protocols) for name in config.ROUTERS}
    daemons[config.SERVER] = SERVER_DAEMONS
    return start(
        module_name,
        {name: {**all_texts, **(texts or {})}[name] for name in names},
        daemons,
        {**all_psks, **(psks or {})},
        environment,
    )


def _vtysh(*commands):
    lines = ["configure terminal", *commands]
    return "vtysh " + " ".join(f"-c {shlex.quote(line)}" for line in lines)


def configure(router, *commands):
    "Types commands in configuration mode; a command that fails fails the test."
    router.cmd_raises(_vtysh(*commands))


def configure_in_vain(router, *commands):
    "The same, of which one must be refused; what is said of it."
    status, out, err = router.net.cmd_status(_vtysh(*commands), warn=False)
    assert status != 0, f"nobody minds {commands}"
    return out + err


def daemon_pid(router, daemon):
    return int(router.cmd_raises(f"cat /var/run/frr/{daemon}.pid"))


def stop_daemon(router, daemon, signal="TERM"):
    "Ends a daemon, and returns when it is gone."
    pid = daemon_pid(router, daemon)
    router.cmd_raises(f"kill -{signal} {pid}")
    wait_until(
        f"end of {daemon}",
        lambda: f"{pid} lives" if os.path.exists(f"/proc/{pid}") else None,
        15,
        0.05,
    )


def reboot(router, launcher="", environment=()):
    """
    All daemons of a router die at once and are started again, in another boot as
    far as they can tell.  `launcher` is put in front of the commands that start
    them, `environment` ({daemon: variables}) is that of some.
    """
    node = router.net
    daemons = [name for name, runs in node.daemons.items() if runs]
    pids = [daemon_pid(router, name) for name in daemons]
    router.cmd_raises(f"kill -KILL {' '.join(map(str, pids))}")
    wait_until(
        f"end of {router.name}",
        lambda: next(
            (f"{pid} lives" for pid in pids if os.path.exists(f"/proc/{pid}")), None
        ),
        15,
        0.05,
    )
    router.cmd_raises("rm -f /var/run/frr/*")
    router.cmd_raises(
        "cat /proc/sys/kernel/random/uuid >/run/boot_id;"
        " mount --bind /run/boot_id /proc/sys/kernel/random/boot_id"
    )
    node.launcher = launcher
    node.environment = dict(environment)
    node.startRouterDaemons()


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


def all_adjacencies(tgen, protocol=OSPFV2, routers=config.ROUTERS):
    "{(router, neighbour): Adjacency} of the routers that run FRR."
    found = {}
    for name in routers:
        listed = protocol.adjacencies(name, tgen.gears[name].vtysh_cmd)
        for adjacency in listed.values():
            found[name, adjacency.neighbor] = adjacency
    return found


def not_all_full(tgen, protocol=OSPFV2, routers=config.ROUTERS):
    "None when each router is Full with the two others."
    found = all_adjacencies(tgen, protocol, routers)
    full = [a for a in found.values() if a.state == "Full"]
    wanted = 2 * len(routers)
    if len(full) == wanted and len(found) == wanted:
        return None
    return f"{wanted} adjacencies should be Full, there are: {list(found.values())}"


def wait_for_full(tgen, *protocols):
    for protocol in protocols:
        wait_until(
            f"Full, {protocol.name}",
            lambda protocol=protocol: not_all_full(tgen, protocol),
            protocol.patience,
        )


def not_all_registered(tgen):
    for name in config.ROUTERS:
        if not mrkm.registered(tgen.gears[name].vtysh_cmd):
            return f"{name}: {mrkm.group(tgen.gears[name].vtysh_cmd)}"
    return None


def keys(tgen, name, protocol=OSPFV2):
    "{key ID: Key} that the router's daemon has and that are not over."
    return mrkm.keys(tgen.gears[name].vtysh_cmd, protocol.daemon, protocol.key_chain)


def senders(tgen, protocol=OSPFV2, routers=config.ROUTERS):
    "The ID of the key that each router's daemon sends with."
    return {
        r: mrkm.key_in_use(
            tgen.gears[r].vtysh_cmd, protocol.daemon, protocol.key_chain
        )[0]
        for r in routers
    }


def not_one_sender(tgen, protocol=OSPFV2, routers=config.ROUTERS):
    "None when all routers send with one and the same key."
    found = senders(tgen, protocol, routers)
    return (
        f"senders {found}"
        if len(set(found.values())) > 1 or None in found.values()
        else None
    )


def sender(tgen, protocol=OSPFV2, routers=config.ROUTERS):
    "The ID of the key that all routers send with."
    found = senders(tgen, protocol, routers)
    assert len(set(found.values())) == 1 and None not in found.values(), found
    return found[routers[0]]


def not_rolled_from(tgen, old, protocol=OSPFV2, routers=config.ROUTERS):
    "None when all routers send with one key, and it is not `old`."
    found = senders(tgen, protocol, routers)
    return not_one_sender(tgen, protocol, routers) or (
        f"senders {found}" if old in found.values() else None
    )


def not_one_key(tgen, protocol=OSPFV2, routers=config.ROUTERS):
    "None when every router holds one key only: the old one is forgotten."
    for name in routers:
        held = keys(tgen, name, protocol)
        if len(held) != 1:
            return f"{name} holds {held}"
    return None


def roll(tgen, atd, dtd, *protocols, server=config.SERVER, patience=10):
    """
    Rolls once, and waits until the old keys are forgotten: the way from the
    key server into the daemons is open on all routers.
    """
    before = [(p, sender(tgen, p)) for p in protocols or (OSPFV2,)]
    mrkm.rekey(tgen.gears[server].vtysh_cmd)
    for protocol, old in before:
        wait_until(
            f"roll, {protocol.name}",
            lambda p=protocol, old=old: not_rolled_from(tgen, old, p),
            atd + patience,
        )
    for protocol, _ in before:
        wait_until(
            f"one key, {protocol.name}",
            lambda p=protocol: not_one_key(tgen, p),
            dtd + 5,
        )


def log(router, daemon):
    with open(log_path(router, daemon), encoding="utf-8", errors="replace") as file:
        return file.read()


def log_path(router, daemon):
    return os.path.join(router.gearlogdir, f"{daemon}.log")


def rejections(tgen, protocol=OSPFV2, routers=config.ROUTERS):
    "{router: reasons of the packets that its daemon has rejected}"
    return {
        name: protocol.rejections(
            tgen.gears[name].vtysh_cmd, log_path(tgen.gears[name], protocol.daemon)
        )
        for name in routers
    }


class Steady:
    """
    Remembers all adjacencies, and what was rejected so far; check() fails when
    an adjacency was lost since, even if it is back, or a packet was rejected.
    """

    def __init__(self, tgen, protocol=OSPFV2, routers=config.ROUTERS):
        self.tgen = tgen
        self.protocol = protocol
        self.routers = routers
        complaint = not_all_full(tgen, protocol, routers)
        assert complaint is None, complaint
        self.adjacencies = all_adjacencies(tgen, protocol, routers)
        self.rejections = rejections(tgen, protocol, routers)

    def check_adjacencies(self):
        now = all_adjacencies(self.tgen, self.protocol, self.routers)
        assert now.keys() == self.adjacencies.keys(), now
        for key, before in self.adjacencies.items():
            after = now[key]
            assert after.state == "Full", after
            assert after.changes == before.changes, (before, after)
            moved = abs(after.since - before.since)
            assert moved < self.protocol.slack, (before, after)

    def check_rejections(self):
        for name, reasons in rejections(self.tgen, self.protocol, self.routers).items():
            new = reasons[len(self.rejections[name]) :]
            assert not new, f"{name} rejected {len(new)} packets: {new[:5]}"

    def check(self):
        self.check_adjacencies()
        self.check_rejections()


def capture_of(tgen, protocol=OSPFV2):
    "What passes r1's core interface of a protocol, both ways."
    return wire.Capture(
        tgen.gears["r1"].net.pid, "core", protocol.parse, protocol.ethertype
    )


def hear_everyone(tgen, capture=None, protocol=OSPFV2):
    """
    {router: packet} of the next packet that each router sends to the core
    network, which takes a Hello interval; `capture` may be one under way.
    """
    if capture is None:
        with capture_of(tgen, protocol) as capture:
            return hear_everyone(tgen, capture, protocol)
    start = time.time()
    heard = {}
    for name in config.ROUTERS:
        sent_by = protocol.sender(name)
        heard[name] = capture.wait_for(
            lambda p, sent_by=sent_by: p.time > start and p.sender == sent_by,
            protocol.interval,
        )
        assert heard[name], f"{name} is silent"
    return heard


DIGEST_LENGTH = {
    "md5": 16,
    "hmac-sha-1": 20,
    "hmac-sha-256": 32,
    "hmac-sha-384": 48,
    "hmac-sha-512": 64,
}


def check_digest(packet, algorithm):
    assert packet.auth_type == wire.AUTH_CRYPTOGRAPHIC, str(packet)
    assert len(packet.digest) == DIGEST_LENGTH[algorithm], str(packet)
    assert any(packet.digest), str(packet)


def check_key_order(packets, order, algorithm, protocol=OSPFV2):
    """
    Every packet is authenticated, and each router went through the keys of
    `order` one after the other, and back to none.  A key that was in use for
    less than a Hello interval may not have been seen.
    """
    for name in config.ROUTERS:
        mine = [p for p in packets if p.sender == protocol.sender(name)]
        assert mine, f"{name} is silent"
        used = []
        for packet in mine:
            check_digest(packet, algorithm)
            if packet.key_id not in used[-1:]:
                used.append(packet.key_id)
        expected = [key_id for key_id in order if key_id in used]
        assert used == expected, f"{name} sent with keys {used}, not {order}"
