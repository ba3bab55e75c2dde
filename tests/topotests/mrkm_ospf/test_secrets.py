# SPDX-License-Identifier: GPL-2.0-or-later
"""
No secret is left lying about: with all debugging on, through rolls and restarts,
no key of the run is in a log, in a dump of zebra's messages, in the configuration,
in what is shown, or in a file of stored state; and the daemons' memory does not
hold what is no longer in use.

r3 is a member that tells which octets it is given.
"""

import glob
import json
import os

import pytest

from lab import config, mrkm, secrets
from lab.bird import Bird
from lab.protocols import OSPFV2
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 1, 3
WITNESS = "r3"
FRR = ("r1", "r2")
ALL = (config.SERVER,) + FRR
STATE = "/var/lib/frr"
DEBUG = """\
debug zebra packet detail
debug zebra events
debug zebra kernel
debug zebra kernel msgdump
debug mrkm
debug northbound
"""
SHOWN = (
    "show running-config",
    "show mrkm",
    "show mrkm json",
    "show mrkm group json",
    "show mrkm key-server json",
    "show mrkm key-server members json",
    "show mrkm keys",
    "show mrkm keys json",
    "show mrkm statistics json",
    "show yang operational-data /frr-mrkmd:mrkmd mrkmd",
)


class Run:
    "The lab, and each secret that was in use in it so far."

    def __init__(self, tgen, witness):
        self.tgen, self.witness = tgen, witness
        self.keys = {}  # of routing protocols: {key ID: octets}
        self.wrap_keys = {}
        self.psks = {
            f"PSK of {name}": config.psk(name).strip().encode()
            for name in config.ROUTERS
        }
        self.look()

    def look(self):
        self.witness.news()
        for key in self.witness.keys:
            self.keys[key["id"]] = key["key"].encode()

    def look_at_wrap_key(self, name):
        path = os.path.join(root(self.tgen.gears[name]), "run/frr/mrkmd.wrap")
        with open(path, "rb") as file:
            octets = file.read()
        # the key is the last that is in the file
        self.wrap_keys[f"wrap key {len(self.wrap_keys) + 1} of {name}"] = octets[-32:]

    def not_held(self, key_id):
        self.look()
        return None if key_id in self.keys else f"the witness has {list(self.keys)}"

    def named_keys(self, key_ids):
        return {f"key {key_id}": self.keys[key_id] for key_id in key_ids}

    def ike_keys(self):
        "Of the witness's IKE SAs, as its key log has them: without a salt."
        with open(self.witness.keylog, encoding="ascii") as file:
            lines = [l.strip().split(",") for l in file if not l.startswith("#")]
        return {
            f"SK_e{side} of {fields[0]}": bytes.fromhex(fields[field])[:32]
            for fields in lines
            for side, field in (("i", 2), ("r", 3))
            if len(fields[field]) >= 32
        }

    def all_secrets(self):
        return {
            **self.named_keys(self.keys),
            **self.wrap_keys,
            **self.psks,
            **self.ike_keys(),
        }


def root(router):
    "The router's own file system, seen from here."
    return f"/proc/{router.net.pid}/root"


def text_of(name):
    if name == config.SERVER:
        text = topology.server_text((OSPFV2,), atd=ATD, dtd=DTD)
    else:
        text = topology.member_text(name, (OSPFV2,), keep=True)
        text += "debug ospf zebra\ndebug ospf packet all detail\n"
    return DEBUG + text


@pytest.fixture(scope="module")
def run():
    folder, member = os.environ.get("BIRD_DIR"), os.environ.get("PEER")
    assert member, "PEER is not set: run 'make topotest'"
    daemons = {name: topology.member_daemons((OSPFV2,)) for name in FRR}
    daemons[config.SERVER] = topology.SERVER_DAEMONS
    psks = {
        (name, path): content
        for name in ALL
        for path, content in config.psk_files(name).items()
    }
    texts = {name: text_of(name) for name in ALL}
    tgen = topology.start("mrkm_ospf_secrets", texts, daemons, psks)
    node = tgen.gears[WITNESS]
    node.cmd_raises(f"ip address add {config.mgmt_address(WITNESS)}/24 dev mgmt")
    witness = Bird(node.net.popen, WITNESS, node.gearlogdir, folder, member)
    witness.join(keylog=True)
    topology.wait_until("witness", lambda: None if witness.news() else "none", 30)
    topology.wait_until("one sender", lambda: not_one_sender(tgen), 40)
    found = Run(tgen, witness)
    for name in FRR:
        found.look_at_wrap_key(name)
    yield found
    witness.stop()
    tgen.stop_topology()


def not_one_sender(tgen):
    return topology.not_one_sender(tgen, OSPFV2, FRR)


def not_alone(router):
    "None when the router's ospfd has one key, and nothing left of others."
    said = router.vtysh_cmd("show mrkm keys json", daemon="ospfd")
    held = json.loads(said)["keyChains"][config.KEY_CHAIN]["keys"]
    return None if len(held) == 1 else f"{router.name} holds {held}"


def roll(run, patience=15):
    "Rolls, and waits until the old key is gone everywhere."
    old = topology.sender(run.tgen, OSPFV2, FRR)
    mrkm.rekey(run.tgen.gears[config.SERVER].vtysh_cmd)
    topology.wait_until(
        "roll",
        lambda: topology.not_rolled_from(run.tgen, old, OSPFV2, FRR),
        ATD + patience,
    )
    new = topology.sender(run.tgen, OSPFV2, FRR)
    topology.wait_until("witness", lambda: run.not_held(new), 10)
    for name in FRR:
        topology.wait_until(
            "old key is gone", lambda n=name: not_alone(run.tgen.gears[n]), DTD + 15
        )
    return old, new


def pid(run, name, daemon):
    return topology.daemon_pid(run.tgen.gears[name], daemon)


PROCESSES = ((config.SERVER, "mrkmd"), ("r1", "mrkmd"), ("r1", "ospfd"))


def check_memory(run):
    """
    Who uses the key in use has it in memory, so the search finds what there is;
    nobody has those that were, nor what is read from a file for a moment only.
    """
    used = topology.sender(run.tgen, OSPFV2, FRR)
    retired = run.named_keys(set(run.keys) - {used})
    assert retired
    for name, daemon in PROCESSES:
        number = pid(run, name, daemon)
        assert secrets.in_process(number, run.named_keys([used])), (name, daemon)
        assert not secrets.in_process(number, {**retired, **run.psks}), (name, daemon)
    for name in ALL:
        for daemon in ("zebra", "mgmtd"):
            everything = run.all_secrets()
            assert not secrets.in_process(pid(run, name, daemon), everything), daemon


def test_memory(run):
    for _ in range(2):
        roll(run)
    check_memory(run)


def test_memory_after_restarts(run):
    "Keys from the state file and from the file of kept keys are wiped as well."
    for name, how in ((config.SERVER, "KILL"), ("r1", "TERM"), ("r2", "KILL")):
        router = run.tgen.gears[name]
        topology.stop_daemon(router, "mrkmd", how)
        router.startDaemons(["mrkmd"])
    topology.wait_until(
        "members",
        lambda: None
        if len(mrkm.members(run.tgen.gears[config.SERVER].vtysh_cmd)) == 3
        else "not all are back",
        40,
    )
    for name in FRR:
        run.look_at_wrap_key(name)
    # r1 came back with keys, and the key server's first start was not long ago
    roll(run, 75)
    check_memory(run)


def test_memory_after_ike_sa(run):
    "What encrypted an IKE SA goes with it."
    server = pid(run, config.SERVER, "mrkmd")
    keys = run.ike_keys()
    assert secrets.in_process(server, keys), "the IKE SA's keys are not found"
    run.witness.leave()
    topology.wait_until(
        "end of the IKE SA",
        lambda: "still a member"
        if config.identity(WITNESS)
        in mrkm.members(run.tgen.gears[config.SERVER].vtysh_cmd)
        else None,
        10,
    )
    assert not secrets.in_process(server, keys)


def test_shown(run):
    everything = run.all_secrets()
    for name in ALL:
        for command in SHOWN:
            shown = run.tgen.gears[name].vtysh_cmd(command).encode()
            assert not secrets.in_octets(everything, shown), (name, command)


def test_scan_of_dumps():
    "A secret that a hex dump breaks over its lines is found."
    secret = bytes(range(0x30, 0x50))
    octets = b"before" + secret + b"after"
    lines = [
        f"2026/11/30 03:18:31 ZEBRA: [ABCDE-FGHIJ] 00007ffc00000{at:03x}: "
        + octets[at : at + 8].hex(" ").ljust(23)
        + " "
        + octets[at : at + 8].decode()
        for at in range(0, len(octets), 8)
    ]
    found = secrets.in_log({"it": secret}, "\n".join(lines).encode())
    assert found == ["it, as it is in a hex dump"] * 3


def test_logs(run):
    everything = run.all_secrets()
    dumps = b""
    for name in ALL:
        files = glob.glob(f"{run.tgen.gears[name].gearlogdir}/*.*")
        assert any(path.endswith("mrkmd.log") for path in files), files
        for path in filter(os.path.isfile, files):
            with open(path, "rb") as file:
                octets = file.read()
            assert not secrets.in_log(everything, octets), path
            if path.endswith("zebra.log"):
                dumps += secrets.dumped(octets.decode("utf-8", "replace"))
    # the key channel's messages are among what was dumped
    assert dumps.count(config.GROUP.encode()) > len(run.keys)


def test_files(run):
    "Sealed is what is stored; the files of pre-shared keys show that the search finds."
    everything = run.all_secrets()
    for name in ALL:
        top = root(run.tgen.gears[name])
        stored = [p for p in glob.glob(f"{top}{STATE}/*") if os.path.isfile(p)]
        assert any(path.endswith(".db") for path in stored), (name, stored)
        for path in stored:
            assert not secrets.in_file(everything, path), path
        psk = top + config.psk_file("r1" if name == config.SERVER else name)
        assert secrets.in_file(run.psks, psk), psk
