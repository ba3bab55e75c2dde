# SPDX-License-Identifier: GPL-2.0-or-later
"""
mrkmd among the daemons of FRR's init script, which has never heard of it: three
lines in /etc/frr/daemons. It is started, watched, restarted and stopped as any other.
"""

import os
import shutil
import subprocess
import tempfile

import pytest

from lab.namespaces import wait_until

PREFIX = os.environ["FRR_PREFIX"]
FOLDERS = ["/etc/frr", "/run/frr", "/var/lib/frr", "/var/log/frr", "/var/tmp/frr"]

DAEMONS = """\
ospfd=yes
DAEMONS="$DAEMONS mrkmd"
mrkmd=yes
zebra_options="-A 127.0.0.1 -s 90000000"
ospfd_options="-A 127.0.0.1 -M mrkm"
mrkmd_options="-A 127.0.0.1"
vtysh_enable=yes
"""

FRR_CONF = """\
mrkm
 identity fqdn r1.example.net
 group CORE
  key-server 127.0.0.1
  pre-shared-key file /etc/frr/mrkm/core.psk
  protocol ospfv2 key-chain CORE
 exit
exit
"""

# of its own: processes, so that none outlives this; mounts, for FRR's folders
MACHINE = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]

SETUP = """\
mount --make-rprivate /
ip link set lo up
for folder in {folders}; do
	mkdir -p $folder && mount -t tmpfs tmpfs $folder && chown frr:frr $folder
done
echo up
# not by exec: while a shell waits for this one it reaps daemons that end
cat
exit
"""


class Machine:
    "Where the init script has the daemons."

    def __init__(self):
        self._init = subprocess.Popen(
            MACHINE + ["sh", "-c", SETUP.format(folders=" ".join(FOLDERS))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        assert self._init.stdout.readline() == "up\n"
        children = f"/proc/{self._init.pid}/task/{self._init.pid}/children"
        with open(children, encoding="ascii") as file:
            self.init_pid = file.read().split()[0]

    def end(self):
        self._init.stdin.close()
        self._init.wait()

    def run(self, *command):
        "Status and output; daemons that it starts must not hold a pipe open."
        with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
            status = subprocess.run(
                ["nsenter", "-t", self.init_pid, "-m", "-n", "-p", *command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False,
            ).returncode
            out.seek(0)
            return status, out.read()

    def write(self, path, text, mode):
        with open(f"/proc/{self.init_pid}/root{path}", "w", encoding="ascii") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        shutil.chown(file.name, "frr", "frr")

    def init(self, command):
        status, said = self.run(f"{PREFIX}/sbin/frrinit.sh", command)
        assert status == 0, said
        return said

    def vtysh(self, command):
        return self.run(f"{PREFIX}/bin/vtysh", "-c", command)[1]

    def pid(self):
        return self.run("cat", "/run/frr/mrkmd.pid")[1].strip()

    def is_watched(self):
        return ["mrkmd", "Up"] in [l.split() for l in self.vtysh("show watchfrr").splitlines()]


@pytest.fixture(scope="module", name="machine")
def fixture_machine():
    machine = Machine()
    try:
        os.mkdir(f"/proc/{machine.init_pid}/root/etc/frr/mrkm")
        machine.run("chown", "frr:frr", "/etc/frr/mrkm")
        machine.write("/etc/frr/mrkm/core.psk", "no secret: of a test\n", 0o600)
        machine.write("/etc/frr/daemons", DAEMONS, 0o640)
        machine.write("/etc/frr/frr.conf", FRR_CONF, 0o640)
        machine.write("/etc/frr/vtysh.conf", "", 0o640)
        machine.init("start")
        yield machine
    finally:
        machine.end()


def configured(machine):
    return "  key-server 127.0.0.1" in machine.vtysh("show running-config").splitlines()


def test_started(machine):
    wait_until("mrkmd watched", machine.is_watched, 30)
    wait_until("the configuration", lambda: configured(machine), 30)
    assert "mrkmd: running" in machine.init("status")


def test_reloaded(machine):
    "What FRR's script for changed files does not know it leaves alone."
    pid = machine.pid()
    conf = machine.vtysh("show running-config").split("Current configuration:")[1]
    router = "router ospf\n ospf router-id 192.0.2.1\nexit\n"
    machine.write("/etc/frr/frr.conf", conf.replace("\nend", "\n" + router + "end"), 0o640)
    machine.init("reload")
    lines = machine.vtysh("show running-config").splitlines()
    assert " ospf router-id 192.0.2.1" in lines
    assert configured(machine)
    assert machine.pid() == pid


def test_restarted(machine):
    "Killed, it is there again, and has read its configuration."
    pid = machine.pid()
    machine.run("kill", "-KILL", pid)
    wait_until("another mrkmd", lambda: machine.pid() not in ("", pid), 60)
    wait_until("mrkmd watched", machine.is_watched, 60)
    wait_until("the configuration", lambda: configured(machine), 30)


def test_stopped(machine):
    machine.init("stop")
    status, _ = machine.run("pgrep", "-x", "mrkmd")
    assert status == 1
