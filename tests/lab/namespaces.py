# SPDX-License-Identifier: GPL-2.0-or-later
"""
The lab in network namespaces of its own, for the demo and the benchmarks.

Each node lives in network, mount and PID namespaces that are held by one
process.  That process dies with this one, however it ends, and takes the
node's daemons, interfaces and mounts with it.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time

from . import config

PR_SET_PDEATHSIG = 1
# the last one is where daemons keep what a crash would need
PRIVATE_DIRS = ("/etc/frr", "/var/run/frr", "/var/lib/frr", "/var/tmp/frr")

SERVER_DAEMONS = (("mgmtd",), ("zebra",), ("mrkmd",))
MEMBER_DAEMONS = SERVER_DAEMONS + (("ospfd", "-M", "mrkm"),)

# PID 1 of a node: it reaps daemons that end.
INIT = """
for dir in {dirs}; do mount -t tmpfs tmpfs $dir || exit 1; done
ip link set lo up
touch {ready}
while :; do sleep 3600 & wait; done
"""

_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    "Something that the lab needs did not work; the text is for people."


def _die_with_parent():
    # Ctrl-C is for the program that owns the lab; it then takes the lab down.
    os.setsid()
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def run(command, **options):
    "Runs a command; its output, or a LabError that has it."
    done = subprocess.run(
        command,
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        **options,
    )
    if done.returncode != 0:
        raise LabError(
            f"'{' '.join(command)}' failed with status {done.returncode}:\n"
            + done.stdout.strip()
        )
    return done.stdout


class Node:
    "A router of the lab, or its switch."

    def __init__(self, lab, name):
        self.lab = lab
        self.name = name
        self.dir = os.path.join(lab.dir, name)
        os.mkdir(self.dir)
        shutil.chown(self.dir, "frr", "frr")
        ready = os.path.join(self.dir, "ready")
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
            + ["--mount-proc", "--propagation", "private", "/bin/sh", "-c"]
            + [INIT.format(dirs=" ".join(PRIVATE_DIRS), ready=ready)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,
        )
        try:
            wait_until(
                f"namespaces of {name}",
                lambda: os.path.exists(ready) or self._holder.poll() is not None,
                60,
            )
            self.pid = self._first_process()
        except BaseException:
            self.close()
            raise

    def _first_process(self):
        holder = self._holder.pid
        try:
            path = f"/proc/{holder}/task/{holder}/children"
            with open(path, encoding="ascii") as children:
                return int(children.read().split()[0])
        except (OSError, IndexError):
            raise LabError(
                "cannot make namespaces; this needs root's rights and a kernel"
                " with network, mount and PID namespaces"
            ) from None

    def close(self):
        self._holder.kill()
        self._holder.wait()

    def run(self, *command, **options):
        return run(["nsenter", "-a", "-t", str(self.pid), *command], **options)

    def vtysh(self, command, daemon=None):
        only = ["-d", daemon] if daemon else []
        return self.run(f"{self.lab.prefix}/bin/vtysh", *only, "-c", command)

    def write(self, path, content, mode="640", owner="frr:frr"):
        "A file in the node's own /etc/frr, /run/frr or /var/lib/frr."
        self.run("install", "-d", "-m", "750", "-o", "frr", os.path.dirname(path))
        user, group = owner.split(":")
        source = os.path.join(self.dir, "content")
        with open(source, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
        self.run("install", "-m", mode, "-o", user, "-g", group, source, path)
        os.unlink(source)

    def log_file(self, daemon):
        return os.path.join(self.dir, f"{daemon}.log")

    def start(self, daemon, *options, environment=()):
        "Starts a daemon; it is ready when this returns."
        log = self.log_file(daemon)
        with open(os.path.join(self.dir, f"{daemon}.out"), "ab") as out:
            done = subprocess.run(
                ["nsenter", "-a", "-t", str(self.pid), "env", *environment]
                + [f"{self.lab.prefix}/sbin/{daemon}", "-d", *options]
                + ["--log", f"file:{log}", "--log-level", "debugging"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self.dir,
                check=False,
            )
        if done.returncode != 0:
            with open(out.name, encoding="utf-8", errors="replace") as file:
                raise LabError(
                    f"{daemon} does not start on {self.name}:\n{file.read()}"
                )

    def daemon_pid(self, daemon):
        "The daemon's process ID as this machine counts; None: not running."
        try:
            inner = int(self.run("cat", f"/var/run/frr/{daemon}.pid"))
            for pid in self._processes():
                with open(f"/proc/{pid}/status", encoding="ascii") as status:
                    if f"\t{inner}\n" in next(
                        line for line in status if line.startswith("NSpid:")
                    ):
                        return pid
        except (LabError, OSError, ValueError, StopIteration):
            pass
        return None

    def _processes(self):
        namespace = os.readlink(f"/proc/{self.pid}/ns/pid")
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{entry}/ns/pid") == namespace:
                    yield int(entry)
            except OSError:
                continue


class Lab:
    """
    Routers, key server and networks.  Use it in a `with` statement: leaving it
    takes everything down.
    """

    def __init__(self, prefix, label, routers=config.ROUTERS):
        self.prefix = prefix
        self.routers = routers
        self.nodes = {}
        self.dir = tempfile.mkdtemp(prefix=f"mrkm-{label}.")
        os.chmod(self.dir, 0o755)
        self.keep_files = False
        self._made = [d for d in PRIVATE_DIRS if not os.path.isdir(d)]
        for path in self._made:
            os.makedirs(path, exist_ok=True)

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes.values():
            node.close()
        for path in self._made:
            try:
                os.rmdir(path)
            except OSError:
                pass
        if not self.keep_files:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __getitem__(self, name):
        return self.nodes[name]

    def _add(self, name):
        self.nodes[name] = Node(self, name)
        return self.nodes[name]

    def add_network(self, network):
        switch = self.nodes["switch"]
        switch.run("ip", "link", "add", network, "type", "bridge")
        switch.run("ip", "link", "set", network, "up")

    def _build(self):
        self._add("switch")
        for network in ("core", "mgmt"):
            self.add_network(network)
        for name in (config.SERVER,) + self.routers:
            self._add(name)
            self.connect(name, "mgmt")
            if name != config.SERVER:
                self.connect(name, "core")

    def connect(self, name, network):
        "Gives a node an interface of the network's name."
        switch, node = self.nodes["switch"], self.nodes[name]
        port = f"{network}-{name}"
        switch.run("ip", "link", "add", port, "type", "veth", "peer", "name", "far")
        switch.run("ip", "link", "set", port, "master", network, "up")
        # The switch does not see other PID namespaces: its veth is moved from
        # here, where both are seen.
        run(
            ["nsenter", "-n", "-t", str(switch.pid)]
            + ["ip", "link", "set", "far", "netns", str(node.pid), "name", network]
        )
        node.run("ip", "link", "set", network, "up")

    def start(self, name, text, daemons, environment=()):
        """
        Starts a router with this frr.conf; `daemons` are lists of a daemon's
        name and its options, `environment` lines NAME=VALUE.
        """
        node = self.nodes[name]
        node.write("/etc/frr/frr.conf", text)
        node.write("/etc/frr/vtysh.conf", "service integrated-vtysh-config\n")
        for daemon, *options in daemons:
            node.start(daemon, *options, environment=environment)
        node.run(f"{self.prefix}/bin/vtysh", "-b")

    def start_all(self, server=None):
        "Starts the key server, with `server` as in config.server_config(), and all members."
        self.put_keys()
        server_text = config.key_server_config(**(server or {}))
        self.start(config.SERVER, server_text, SERVER_DAEMONS)
        for name in self.routers:
            self.start(name, config.router_config(name), MEMBER_DAEMONS)

    def put_keys(self):
        "Gives every router its pre-shared key files."
        for name in (config.SERVER,) + self.routers:
            for path, content in config.psk_files(name).items():
                self.nodes[name].write(path, content, mode="600")


def wait_until(what, check, timeout, interval=0.05):
    "Polls `check` until it is true; a LabError names `what` when it never is."
    end = time.monotonic() + timeout
    while not check():
        if time.monotonic() > end:
            raise LabError(f"waited {timeout} s in vain for: {what}")
        time.sleep(interval)
