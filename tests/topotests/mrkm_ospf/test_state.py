# SPDX-License-Identifier: GPL-2.0-or-later
"""
A key server that dies at any moment, and one whose state file is of no use: no
member notices the one, and all live on through the other.
"""

import json
import os
import random

import pytest

from lab import config, mrkm, wire
from lab.bird import Bird
from lab.protocols import OSPFV2
import topology

pytestmark = [pytest.mark.ospfd]

# To be longer than the key server is away.
ATD, DTD = 5, 8
KILLS = 12
# Seconds, at most, from the command that rolls to the end of mrkmd.
MOMENTS = 0.1

STATE = "/var/lib/frr/state"
FILE = f"{STATE}/ks.db"
WITNESS = "r3"
FRR = ("r1", "r2")


@pytest.fixture(scope="module")
def lab():
    """
    The state file is in a folder that is a small disk of its own.  r3 is a member
    that tells which octets it is given.
    """
    folder, member = os.environ.get("BIRD_DIR"), os.environ.get("PEER")
    assert member, "PEER is not set: run 'make topotest'"
    texts = {name: topology.member_text(name, (OSPFV2,)) for name in FRR}
    texts[config.SERVER] = topology.server_text(
        (OSPFV2,), atd=ATD, dtd=DTD, state_file=FILE
    )
    daemons = {name: topology.member_daemons((OSPFV2,)) for name in FRR}
    daemons[config.SERVER] = topology.SERVER_DAEMONS
    psks = {
        (name, path): content
        for name in texts
        for path, content in config.psk_files(name).items()
    }
    tgen = topology.start("mrkm_ospf_state", texts, daemons, psks)
    server, node = tgen.gears[config.SERVER], tgen.gears[WITNESS]
    server.cmd_raises(
        f"install -d -o frr -g frr {STATE};"
        f" mount -t tmpfs -o size=2m,uid=frr,gid=frr,mode=750 tmpfs {STATE}"
    )
    node.cmd_raises(f"ip address add {config.mgmt_address(WITNESS)}/24 dev mgmt")
    witness = Bird(node.net.popen, WITNESS, node.gearlogdir, folder, member)
    witness.join()
    topology.wait_until("witness", lambda: None if witness.news() else "none", 30)
    topology.wait_until("members", lambda: not_all_members(server), 40)
    topology.wait_until("one sender", lambda: not_one_sender(tgen), 40)
    topology.wait_until("Full", lambda: not_full(tgen), OSPFV2.patience)
    yield tgen, witness
    witness.stop()
    tgen.stop_topology()


def not_full(tgen):
    "r3 speaks no OSPF."
    found = topology.all_adjacencies(tgen, OSPFV2, FRR).values()
    full = [a for a in found if a.state == "Full"]
    return None if len(full) == len(FRR) else f"{list(found)}"


def not_one_sender(tgen):
    return topology.not_one_sender(tgen, OSPFV2, FRR)


def not_all_members(server):
    missing = {config.identity(r) for r in config.ROUTERS}
    missing -= set(mrkm.members(server.vtysh_cmd))
    return f"missing members: {missing}" if missing else None


class Steady(topology.Steady):
    "Of two routers, Full with each other."

    def __init__(self, tgen):  # pylint: disable=W0231
        self.tgen, self.protocol, self.routers = tgen, OSPFV2, FRR
        complaint = not_full(tgen)
        assert complaint is None, complaint
        self.adjacencies = topology.all_adjacencies(tgen, OSPFV2, FRR)
        self.rejections = topology.rejections(tgen, OSPFV2, FRR)


class Keys:
    "Each key that the witness was ever given: an ID stands for the same octets."

    def __init__(self, witness):
        self.witness = witness
        self.octets = {}
        self.look()

    def look(self):
        self.witness.news()
        for key in self.witness.keys:
            octets = self.octets.setdefault(key["id"], key["key"])
            assert octets == key["key"], f"key ID {key['id']} was used twice"

    def not_held(self, key_id):
        "None when the witness has been given that key."
        self.look()
        return None if key_id in self.octets else f"the witness has {self.octets}"


def server_keys(server):
    "IDs of the keys that the key server has alive, oldest first; none: it serves not."
    said = json.loads(server.vtysh_cmd("show mrkm key-server json", daemon="mrkmd"))
    return [key["keyId"] for key in said.get(config.GROUP, {}).get("keys", [])]


def not_spread(tgen, keys):
    "None when the key server's youngest key is sent with, and the witness has it."
    alive = server_keys(tgen.gears[config.SERVER])
    if not alive:
        return "the key server does not serve"
    senders = topology.senders(tgen, OSPFV2, FRR)
    if set(senders.values()) != {alive[-1]}:
        return f"{senders}, of {alive}"
    return keys.not_held(alive[-1])


def registrations(tgen):
    return {name: mrkm.group(tgen.gears[name].vtysh_cmd) for name in FRR}


def roll_and_kill(server, seconds):
    "The two race: the roll is done, half done, or not begun when mrkmd dies."
    pid = topology.daemon_pid(server, "mrkmd")
    server.cmd_raises(
        f"(sleep {seconds}; kill -KILL {pid}) &"
        f" vtysh -d mrkmd -c 'mrkm rekey group {config.GROUP}' >/dev/null 2>&1; wait"
    )
    topology.wait_until(
        "end of mrkmd",
        lambda: f"{pid} lives" if os.path.exists(f"/proc/{pid}") else None,
        15,
        0.02,
    )


def check_messages(messages):
    "No Message ID and no IV stands for two different messages."
    seen, ivs = {}, {}
    for message in messages:
        if message.iv() is None:
            continue
        # fragments share a Message ID; each has an IV of its own
        if message.octets[16] == wire.PAYLOAD_SK:
            first = seen.setdefault(message.key(), message.octets)
            assert first == message.octets, f"Message ID used twice: {message.key()}"
        first = ivs.setdefault(message.iv(), message.octets)
        assert first == message.octets, f"IV used twice: {message.iv()}"
    assert len(seen) > KILLS, "hardly a message was seen"


def test_killed_in_a_loop(lab):
    """
    Around a dozen rolls.  Each time what the key server then calls its youngest
    key comes into use everywhere, and nobody has had to register for it.
    """
    tgen, witness = lab
    server = tgen.gears[config.SERVER]
    moments = random.Random(848)
    keys, watch, before = Keys(witness), Steady(tgen), registrations(tgen)
    with wire.Capture(server.net.pid, "mgmt", wire.parse_ike) as capture:
        for _ in range(KILLS):
            roll_and_kill(server, moments.uniform(0, MOMENTS))
            server.startDaemons(["mrkmd"])
            topology.wait_until("key", lambda: not_spread(tgen, keys), 20)
        mrkm.rekey(server.vtysh_cmd)
        topology.wait_until("one more", lambda: not_spread(tgen, keys), 20)
    watch.check()
    check_messages(capture.packets)
    for name, then in before.items():
        now = registrations(tgen)[name]
        assert now.registrations == then.registrations, (name, then, now)
        assert now.failures == then.failures, (name, then, now)
    assert not_all_members(server) is None
    assert len(keys.octets) > KILLS / 2, f"hardly a roll came through: {keys.octets}"


# ----------------------------------------------------- a file that is of no use


def problem(server):
    said = json.loads(server.vtysh_cmd("show mrkm json", daemon="mrkmd"))
    return said["keyServerGroups"][config.GROUP].get("problem", "")


def not_refusing(server, words):
    said = problem(server)
    return None if all(word in said for word in words) else f"problem: {said!r}"


def sqlite(server, statement):
    "As user frr, so that what SQLite makes beside the file is mrkmd's."
    server.cmd_raises(
        "runuser -u frr -- /usr/bin/python3 -c"
        f" \"import sqlite3; sqlite3.connect('{FILE}').execute('{statement}')\""
    )


def damage(server):
    server.cmd_raises(f"cp -p {FILE} {FILE}.good")
    server.cmd_raises(
        f"dd if=/dev/urandom of={FILE} bs=4096 seek=1 count=3 conv=notrunc"
    )


def make_newer(server):
    sqlite(server, "PRAGMA user_version = 99")


# What happens to the file while mrkmd is not there, what is said, and what mends it
HARM = {
    "corrupt": (
        damage,
        ("is damaged", "restore it, or remove it"),
        lambda server: server.cmd_raises(f"mv {FILE}.good {FILE}"),
    ),
    "newer": (
        make_newer,
        ("written by newer software", "install that, or remove"),
        lambda server: sqlite(server, "PRAGMA user_version = 1"),
    ),
    "read-only": (
        lambda server: server.cmd_raises(f"mount -o remount,ro {STATE}"),
        ("read-only", "mount it for writing"),
        lambda server: server.cmd_raises(f"mount -o remount,rw {STATE}"),
    ),
}


def check_alive(tgen, watch, key):
    "The members send with the key that they had, and hear each other."
    assert topology.sender(tgen, OSPFV2, FRR) == key
    with topology.capture_of(tgen) as capture:
        for name in FRR:
            heard = capture.wait_for(
                lambda p, sent_by=OSPFV2.sender(name): p.sender == sent_by,
                OSPFV2.interval,
            )
            assert heard and heard.key_id == key, f"{name}: {heard}"
    watch.check()


def check_mended(tgen, witness, watch):
    "It goes on by itself, from where it was."
    server = tgen.gears[config.SERVER]
    keys = Keys(witness)
    topology.wait_until("members", lambda: not_all_members(server), 40)
    assert not problem(server)
    mrkm.rekey(server.vtysh_cmd)
    topology.wait_until("roll", lambda: not_spread(tgen, keys), 30)
    watch.check()


@pytest.mark.parametrize("harm", HARM)
def test_useless_file(lab, harm):
    "mrkmd starts, says what to do, and touches nothing."
    tgen, witness = lab
    server = tgen.gears[config.SERVER]
    do, words, mend = HARM[harm]
    watch, key = Steady(tgen), topology.sender(tgen, OSPFV2, FRR)
    topology.stop_daemon(server, "mrkmd")
    do(server)
    before = server.cmd_raises(f"sha256sum {FILE}")
    server.startDaemons(["mrkmd"])
    topology.wait_until("refusal", lambda: not_refusing(server, words), 15)
    assert not server_keys(server)
    assert server.cmd_raises(f"sha256sum {FILE}") == before
    check_alive(tgen, watch, key)
    mend(server)
    check_mended(tgen, witness, watch)


def test_full_disk(lab):
    "The disk fills up while the key server works: it stops when it next has to write."
    tgen, witness = lab
    server = tgen.gears[config.SERVER]
    watch, key = Steady(tgen), topology.sender(tgen, OSPFV2, FRR)
    server.cmd_raises(f"dd if=/dev/zero of={STATE}/filler bs=4096 2>/dev/null; true")
    try:
        mrkm.rekey(server.vtysh_cmd)
    except AssertionError as refusal:
        # the end of the last roll may come before
        assert "disk is full" in str(refusal)
    topology.wait_until(
        "refusal", lambda: not_refusing(server, ("disk is full", "free some")), 15
    )
    assert not server_keys(server)
    check_alive(tgen, watch, key)
    server.cmd_raises(f"rm {STATE}/filler")
    check_mended(tgen, witness, watch)
