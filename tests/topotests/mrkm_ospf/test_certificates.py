# SPDX-License-Identifier: GPL-2.0-or-later
"""
Certificates: who may join by which, who may not and is told why, rolls under
them, and post-quantum pre-shared keys.

The key server shows a certificate to everybody; r1 and r2 show theirs, r3 shares
a key with it.
"""

import pytest

from lab import config, mrkm, pki
import topology

pytestmark = [pytest.mark.ospfd]

ATD, DTD = 1, 3
# mrkmd looks at its files every ten seconds.
REFRESH = 15
# For so many seconds a certificate is valid that is to expire.
BRIEF = 45
FOLDER = "/etc/frr/mrkm"
KINDS = {"ks": "P-256", "r1": "Ed25519", "r2": "RSA"}
CERTIFICATE, KEY = f"{FOLDER}/own.pem", f"{FOLDER}/own.key"
ANCHOR, CRL, PPK = f"{FOLDER}/ca.pem", f"{FOLDER}/ca.crl", f"{FOLDER}/lab.ppk"
OWN = f" certificate {CERTIFICATE} private-key {KEY}\n"
TRUST = f" trust-anchor LAB {ANCHOR}\n"


def member_text(name):
    "The usual one, but that the key server is known by its certificate."
    text = topology.member_text(name, (topology.OSPFV2,))
    psk = f"  pre-shared-key file {config.psk_file(name)}\n"
    identity = f" identity fqdn {config.identity(name)}\n"
    server = f"  key-server {config.SERVER_ADDRESS}"
    text = text.replace(
        server, f"{server} identity fqdn {config.identity(config.SERVER)}"
    )
    if name in KINDS:
        return text.replace(psk, "").replace(identity, identity + OWN + TRUST)
    return text.replace(psk, psk + "  authentication remote certificate\n").replace(
        identity, identity + TRUST
    )


def server_text():
    text = topology.server_text((topology.OSPFV2,), atd=ATD, dtd=DTD)
    identity = f" identity fqdn {config.identity(config.SERVER)}\n"
    text = text.replace(identity, f"{identity}{OWN}{TRUST} crl file {CRL}\n")
    for name in KINDS:
        text = text.replace(
            f"{config.identity(name)} pre-shared-key file {config.psk_file(name)}",
            f"{config.identity(name)} certificate",
        )
    group = f"  group {config.GROUP}\n"
    return text.replace(group, f"{group}   authentication local certificate\n")


@pytest.fixture(scope="module")
def authority():
    return pki.Authority()


@pytest.fixture(scope="module")
def certificates(authority):
    return {
        name: authority.issue(config.identity(name), kind)
        for name, kind in KINDS.items()
    }


@pytest.fixture(scope="module")
def tgen(authority, certificates):
    names = (config.SERVER,) + config.ROUTERS
    texts = {name: member_text(name) for name in config.ROUTERS}
    texts[config.SERVER] = server_text()
    files = {(name, ANCHOR): authority.certificate for name in names}
    files[config.SERVER, CRL] = authority.crl()
    for name, certificate in certificates.items():
        files[name, CERTIFICATE] = certificate.certificate
        files[name, KEY] = certificate.key
    tgen = topology.start_lab("mrkm_ospf_certificates", texts=texts, psks=files)
    yield tgen
    tgen.stop_topology()


def show(router, certificate):
    "From now on this is the certificate that the router has."
    topology.put_secret(router, KEY, certificate.key)
    topology.put_secret(router, CERTIFICATE, certificate.certificate)


def register_anew(router):
    router.vtysh_cmd(f"clear mrkm group {config.GROUP}")


def not_proven(router, local, remote, ppk=False):
    "None when it is registered, and was so by these."
    if not mrkm.registered(router.vtysh_cmd):
        return mrkm.group(router.vtysh_cmd)
    proof = mrkm.proof(router.vtysh_cmd)
    wanted = (local, remote, ppk)
    return None if (proof.local, proof.remote, proof.ppk) == wanted else proof


def wait_for_problem(router, *words):
    def check():
        problem = mrkm.group(router.vtysh_cmd).problem or ""
        return None if all(w in problem for w in words) else f"problem: {problem}"

    topology.wait_until(f"problem of {router.name}", check, REFRESH)


def wait_for_refusal(tgen, name, *words):
    "The key server's show and its log say why."
    server = tgen.gears[config.SERVER]

    def check():
        reason = mrkm.refusal(server.vtysh_cmd, name) or ""
        return None if all(w in reason for w in words) else f"refused: {reason}"

    topology.wait_until(f"refusal of {name}", check, REFRESH)
    lines = [
        line
        for line in topology.log(server, "mrkmd").splitlines()
        if "member refused" in line and config.identity(name) in line
    ]
    assert any(all(w in line for w in words) for line in lines), lines


def wait_for_working(router):
    def check():
        group = mrkm.group(router.vtysh_cmd)
        return None if group.registered and not group.problem else group

    topology.wait_until(f"{router.name} works", check, REFRESH + 5)


def test_registration(tgen):
    "Ed25519, ECDSA, RSA-PSS and a pre-shared key, each side by itself."
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
    certificate, psk = "certificate", "pre-shared key"
    for name, own in (("r1", certificate), ("r2", certificate), ("r3", psk)):
        assert not_proven(tgen.gears[name], own, certificate) is None
    members = mrkm.members(tgen.gears[config.SERVER].vtysh_cmd)
    assert {config.identity(r) for r in config.ROUTERS} == set(members)


def test_show(tgen):
    "Whose certificate it is, and that nothing is wrong."
    for name in KINDS:
        shown = mrkm.credentials(tgen.gears[name].vtysh_cmd)
        (own,) = shown["certificates"]
        assert config.identity(name) in own["subject"], own
        assert "problem" not in own, own
        assert shown["trustAnchors"]["LAB"] == {"uri": ANCHOR}
        assert mrkm.group(tgen.gears[name].vtysh_cmd).problem is None


def test_hitless_rolls(tgen):
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)
    watch = topology.Steady(tgen)
    for _ in range(3):
        topology.roll(tgen, ATD, DTD)
    watch.check()


def test_key_of_another(tgen, authority):
    "A certificate and a key that do not belong together."
    r1, path = tgen.gears["r1"], f"{FOLDER}/other.key"
    topology.put_secret(r1, path, authority.issue("x.example.net").key)
    said = topology.configure_in_vain(
        r1, "mrkm", f"certificate {CERTIFICATE} private-key {path}"
    )
    assert CERTIFICATE in said and "private key" in said, said
    assert mrkm.group(r1.vtysh_cmd).problem is None


def test_readable_key(tgen):
    "A private key that others can read is refused; the error names the file."
    r1, path = tgen.gears["r1"], f"{FOLDER}/open.key"
    r1.cmd_raises(f"cp -p {KEY} {path}; chmod 644 {path}")
    said = topology.configure_in_vain(
        r1, "mrkm", f"certificate {CERTIFICATE} private-key {path}"
    )
    assert path in said and "chmod 600" in said, said


def test_missing_files(tgen):
    "Each names the file."
    r1, path = tgen.gears["r1"], f"{FOLDER}/none"
    for command in (
        f"certificate {path} private-key {KEY}",
        f"trust-anchor NONE {path}",
        f"crl file {path}",
    ):
        said = topology.configure_in_vain(r1, "mrkm", command)
        assert path in said and "missing" in said, said


@pytest.mark.parametrize(
    "here, there, name, times",
    [
        ("expired", "expired", config.identity("r2"), {"start": -2, "end": -1}),
        ("not for", "does not name", "other.example.net", {}),
    ],
)
def test_bad_certificate(tgen, authority, certificates, here, there, name, times):
    "The router itself knows, the key server says so; a good one mends it."
    r2 = tgen.gears["r2"]
    bad = authority.issue(name, **times)
    show(r2, bad)
    wait_for_problem(r2, CERTIFICATE, name, here)
    register_anew(r2)
    wait_for_refusal(tgen, "r2", name, there)
    show(r2, certificates["r2"])
    wait_for_working(r2)
    assert mrkm.refusal(tgen.gears[config.SERVER].vtysh_cmd, "r2") is None


def test_stranger(tgen, certificates):
    "A certificate by a CA that nobody here trusts."
    server, r2 = tgen.gears[config.SERVER].vtysh_cmd, tgen.gears["r2"]
    show(r2, pki.Authority("Other").issue(config.identity("r2")))
    # each time with the certificate that it has read by then
    topology.wait_until(
        "the other certificate",
        lambda: register_anew(r2)
        or (None if mrkm.refusal(server, "r2") else "not refused"),
        REFRESH,
        1,
    )
    wait_for_refusal(tgen, "r2", config.identity("r2"), "trust anchor")
    wait_for_problem(r2, "show mrkm key-server members")
    show(r2, certificates["r2"])
    wait_for_working(r2)


def test_revoked(tgen, authority, certificates):
    """
    A CRL that changes is read again: it shuts out who is in, and does not let
    him in again; the others roll and notice nothing.
    """
    server, r1 = tgen.gears[config.SERVER], tgen.gears["r1"]
    topology.put_secret(server, CRL, authority.crl(certificates["r1"]))

    def check():
        reason = mrkm.exclusion(server.vtysh_cmd, "r1") or ""
        return None if "revoked" in reason else f"excluded: {reason}"

    topology.wait_until("exclusion", check, REFRESH)
    assert config.identity("r1") in mrkm.exclusion(server.vtysh_cmd, "r1")
    assert config.identity("r1") not in mrkm.members(server.vtysh_cmd)
    assert "r1.example.net is excluded: " in topology.log(server, "mrkmd")
    register_anew(r1)
    wait_for_refusal(tgen, "r1", config.identity("r1"), "revoked")
    topology.put_secret(server, CRL, authority.crl())
    topology.wait_until(
        "r1 is back",
        lambda: register_anew(r1) or not_proven(r1, "certificate", "certificate"),
        REFRESH,
        1,
    )
    wait_for_working(r1)
    assert mrkm.exclusion(server.vtysh_cmd, "r1") is None


def lines_with(router, *words):
    lines = topology.log(router, "mrkmd").splitlines()
    return [line for line in lines if all(w in line for w in words)]


def wait_for_line(router, before, *words):
    def check():
        return None if len(lines_with(router, *words)) > before else f"no {words}"

    topology.wait_until(f"{router.name}: {words}", check, REFRESH)


def test_expires_while_in(tgen, authority, certificates):
    """
    A registration ends with the certificate that it is by, and nothing else does:
    keys live on, nobody is excluded, and the next certificate is as good.
    """
    server, r2 = tgen.gears[config.SERVER], tgen.gears["r2"]
    own = "this router has the certificate"
    registered = "member registered", config.identity("r2")
    read, came = len(lines_with(r2, own)), len(lines_with(server, *registered))
    show(r2, authority.issue(config.identity("r2"), end=BRIEF / 3600))
    wait_for_line(r2, read, own)
    register_anew(r2)
    wait_for_line(server, came, *registered)
    key = mrkm.key_in_use(r2.vtysh_cmd)

    def not_over():
        # whatever it says, it is looked at who may stay
        topology.put_secret(server, CRL, authority.crl())
        gone = lines_with(server, "member gone", config.identity("r2"), "expired")
        return None if gone else lines_with(server, config.identity("r2"))[-3:]

    topology.wait_until("the end", not_over, BRIEF + REFRESH, 2)
    wait_for_refusal(tgen, "r2", config.identity("r2"), "expired")
    assert mrkm.exclusion(server.vtysh_cmd, "r2") is None
    assert mrkm.key_in_use(r2.vtysh_cmd) == key != (None, None)
    show(r2, certificates["r2"])
    wait_for_working(r2)
    assert mrkm.key_in_use(r2.vtysh_cmd) == key


def test_crl_gone(tgen):
    "What was revoked stays so when the file is away; that is told."
    server = tgen.gears[config.SERVER]
    server.cmd_raises(f"mv {CRL} {CRL}.away")

    def check():
        (crl,) = mrkm.credentials(server.vtysh_cmd)["crls"]
        return None if "missing" in crl.get("problem", "") else crl

    topology.wait_until("the CRL's absence", check, REFRESH)
    server.cmd_raises(f"mv {CRL}.away {CRL}")


def ppk_at(router, on, *where, secret="a PPK of the lab: not a secret", required=True):
    topology.put_secret(router, PPK, secret)
    command = f"ppk id lab file {PPK}{' required' if required else ''}"
    topology.configure(router, "mrkm", *where, command if on else "no ppk id lab")


def test_ppk(tgen):
    "Required on both sides: right, wrong, missing, and right again."
    server, r3 = tgen.gears[config.SERVER], tgen.gears["r3"]
    group = f"group {config.GROUP}"
    member = f"member fqdn {config.identity('r3')}"
    topology.put_secret(server, PPK, "a PPK of the lab: not a secret")
    topology.configure(
        server, "mrkm", "key-server", group, f"{member} ppk id lab file {PPK} required"
    )
    register_anew(r3)
    wait_for_refusal(tgen, "r3", "post-quantum")
    ppk_at(r3, True, group, secret="another PPK, which is wrong here")
    wait_for_refusal(tgen, "r3", "authentication failed")
    wait_for_problem(r3, "authentication failed")
    ppk_at(r3, True, group)
    register_anew(r3)
    topology.wait_until(
        "r3 by PPK",
        lambda: not_proven(r3, "pre-shared key", "certificate", ppk=True),
        REFRESH,
    )
    # the others have none, and need none
    register_anew(tgen.gears["r1"])
    topology.wait_until(
        "r1 without",
        lambda: not_proven(tgen.gears["r1"], "certificate", "certificate"),
        REFRESH,
    )


def test_additional_key_exchange(tgen):
    "One that every OpenSSL has; what was used is shown."
    server, r1 = tgen.gears[config.SERVER], tgen.gears["r1"]
    topology.configure(
        server, "mrkm", "additional-key-exchange ml-kem-768,ecp-384"
    )
    topology.configure(r1, "mrkm", "additional-key-exchange ecp-384 required")
    register_anew(r1)

    def check():
        proof = mrkm.proof(r1.vtysh_cmd)
        return None if "ECP_384" in proof.key_exchanges else proof

    topology.wait_until("ECP_384 besides", check, REFRESH)
    # without one the key server does not get on with it, and neither with who
    # wants it done: anybody could say so to r1, which asks on for a minute
    topology.configure(server, "mrkm", "additional-key-exchange none")
    before = mrkm.reasons(server.vtysh_cmd)["no-proposal"]
    register_anew(r1)
    topology.wait_until(
        "no proposal",
        lambda: None
        if mrkm.reasons(server.vtysh_cmd)["no-proposal"] > before
        else "the key server accepts what r1 proposes",
        REFRESH,
    )
    topology.configure(server, "mrkm", "no additional-key-exchange")
    topology.configure(r1, "mrkm", "no additional-key-exchange")
    register_anew(r1)
    wait_for_working(r1)
    said = topology.configure_in_vain(r1, "mrkm", "additional-key-exchange rot13")
    assert "ml-kem-768" in said, said


def mrkm_part(text):
    start = text.index("\nmrkm\n")
    return text[start : text.index("\nexit\n", start)]


def test_configuration_survives(tgen):
    "What was typed is in the integrated configuration, and is read from there."
    server = tgen.gears[config.SERVER]
    before = mrkm_part(server.vtysh_cmd("show running-config"))
    for words in (
        f"certificate {CERTIFICATE} private-key {KEY}",
        f"trust-anchor LAB {ANCHOR}",
        f"crl file {CRL}",
        "authentication local certificate",
        f"member fqdn {config.identity('r1')} certificate",
        f"member fqdn {config.identity('r3')} ppk id lab file {PPK} required",
    ):
        assert words in before, before
    server.vtysh_cmd("write memory")
    topology.stop_daemon(server, "mrkmd")
    server.startDaemons(["mrkmd"])
    topology.wait_until(
        "mrkmd is back",
        lambda: None
        if mrkm_part(server.vtysh_cmd("show running-config")) == before
        else server.vtysh_cmd("show running-config"),
        10,
    )
    for name in config.ROUTERS:
        register_anew(tgen.gears[name])
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
