# SPDX-License-Identifier: GPL-2.0-or-later
"""
Members by mailbox and by address, each by pattern and by certificate; a CRL that has
to be there; a post-quantum pre-shared key of the whole group.
"""

import pytest

from lab import config, mrkm, pki
import topology

pytestmark = [pytest.mark.ospfd]

# mrkmd looks at its files every ten seconds.
REFRESH = 15
FOLDER = "/etc/frr/mrkm"
CERTIFICATE, KEY = f"{FOLDER}/own.pem", f"{FOLDER}/own.key"
ANCHOR, CRL, PPK = f"{FOLDER}/ca.pem", f"{FOLDER}/ca.crl", f"{FOLDER}/lab.ppk"
CREDENTIALS = (
    f" certificate {CERTIFICATE} private-key {KEY}\n trust-anchor LAB {ANCHOR}\n"
)
GROUP = ("mrkm", f"group {config.GROUP}")
SERVED = ("mrkm", "key-server", f"group {config.GROUP}")

# How each calls itself, as the command has it, and the name in its certificate.
IDENTITIES = {
    "r1": ("email", "r1@core.example.net"),
    "r2": ("address", config.core_address("r2")),
    "r3": ("fqdn", config.identity("r3")),
    "ks": ("fqdn", config.identity("ks")),
}
PATTERNS = {
    "r1": "member email *@core.example.net certificate",
    "r2": "member address 10.0.1.0/24 certificate trust-anchor LAB",
    "r3": "member fqdn *.example.net certificate",
}
# What does not fit them, by little.
NO_PATTERNS = {
    "r1": "member email *@ore.example.net certificate",
    "r2": "member address 10.0.1.4/30 certificate",
}


def with_identity(name, text):
    usual = f" identity fqdn {config.identity(name)}\n"
    kind, own = IDENTITIES[name]
    assert usual in text
    return text.replace(usual, f" identity {kind} {own}\n{CREDENTIALS}", 1)


def member_text(name):
    text = topology.member_text(name, (topology.OSPFV2,))
    server = f"  key-server {config.SERVER_ADDRESS}"
    return with_identity(
        name,
        text.replace(f"  pre-shared-key file {config.psk_file(name)}\n", "").replace(
            server, f"{server} identity fqdn {config.identity(config.SERVER)}"
        ),
    )


def server_text():
    text = topology.server_text((topology.OSPFV2,), atd=1, dtd=3)
    for name in config.ROUTERS:
        usual = (
            f"   member fqdn {config.identity(name)} pre-shared-key file"
            f" {config.psk_file(name)}\n"
        )
        assert usual in text
        text = text.replace(usual, f"   {PATTERNS[name]}\n")
    return with_identity(config.SERVER, text)


@pytest.fixture(scope="module", name="authority")
def fixture_authority():
    return pki.Authority()


@pytest.fixture(scope="module", name="tgen")
def fixture_tgen(authority):
    texts = {name: member_text(name) for name in config.ROUTERS}
    texts[config.SERVER] = server_text()
    files = {}
    for name, (_, own) in IDENTITIES.items():
        issued = authority.issue(own)
        files[name, CERTIFICATE], files[name, KEY] = issued.certificate, issued.key
        files[name, ANCHOR] = authority.certificate
    tgen = topology.start_lab("mrkm_ospf_identities", texts=texts, psks=files)
    yield tgen
    tgen.stop_topology()


def register_anew(tgen, name):
    tgen.gears[name].vtysh_cmd(f"clear mrkm group {config.GROUP}")


def refusal(tgen, name):
    "Why the key server refused that router the last time, by its own identity."
    kind, own = IDENTITIES[name]
    server = tgen.gears[config.SERVER].vtysh_cmd
    return mrkm.refusal_of(server, f"{kind} {own}") or ""


def wait_for_refusal(tgen, name, words, again=False):
    "`again`: it may be that the reason is not there yet."

    def check():
        if again:
            register_anew(tgen, name)
        said = refusal(tgen, name)
        return None if words in said else f"refused: {said}"

    register_anew(tgen, name)
    topology.wait_until(f"refusal of {name}", check, REFRESH + 5, 1 if again else 0.2)


def wait_for_working(tgen, name, again=False):
    vtysh = tgen.gears[name].vtysh_cmd
    before = mrkm.group(vtysh).registrations

    def check():
        if again:
            register_anew(tgen, name)
        group = mrkm.group(vtysh)
        works = group.registered and not group.problem
        return None if works and group.registrations > before else group

    register_anew(tgen, name)
    topology.wait_until(f"{name} registers", check, REFRESH + 5, 1 if again else 0.2)


def names_of_members(tgen):
    return set(mrkm.members(tgen.gears[config.SERVER].vtysh_cmd))


def test_patterns(tgen):
    "Each by the name in its certificate, and they are neighbours."
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
    assert names_of_members(tgen) == {IDENTITIES[r][1] for r in config.ROUTERS}
    for name in config.ROUTERS:
        proof = mrkm.proof(tgen.gears[name].vtysh_cmd)
        assert (proof.local, proof.remote) == ("certificate", "certificate")
    topology.wait_until("Full", lambda: topology.not_all_full(tgen), 40)


@pytest.mark.parametrize("name", NO_PATTERNS)
def test_pattern_does_not_fit(tgen, name):
    "Another domain, another prefix: it is out, and in again with its own."
    server = tgen.gears[config.SERVER]
    topology.configure(server, *SERVED, NO_PATTERNS[name], f"no {PATTERNS[name]}")
    own = IDENTITIES[name][1]
    topology.wait_until(
        f"{name} is out",
        lambda: f"{names_of_members(tgen)}" if own in names_of_members(tgen) else None,
        10,
    )
    wait_for_refusal(tgen, name, "no credential")
    topology.configure(server, *SERVED, PATTERNS[name], f"no {NO_PATTERNS[name]}")
    wait_for_working(tgen, name)
    assert own in names_of_members(tgen)


@pytest.mark.parametrize(
    "name, other", [("r1", "r3@core.example.net"), ("r2", "10.0.1.77")]
)
def test_name_of_another(tgen, authority, name, other):
    "The pattern fits whom it says it is; the certificate is another's."
    router = tgen.gears[name]
    own = authority.issue(IDENTITIES[name][1])
    issued = authority.issue(other)
    topology.put_secret(router, KEY, issued.key)
    topology.put_secret(router, CERTIFICATE, issued.certificate)
    wait_for_refusal(tgen, name, "does not name", again=True)
    topology.put_secret(router, KEY, own.key)
    topology.put_secret(router, CERTIFICATE, own.certificate)
    wait_for_working(tgen, name, again=True)


def test_crl_required(tgen, authority):
    "Without a list nobody gets in by certificate; with one, who is not on it."
    server = tgen.gears[config.SERVER]
    topology.configure(server, "mrkm", "crl required")
    wait_for_refusal(tgen, "r1", "CRL")
    # who is in stays in
    assert names_of_members(tgen) >= {IDENTITIES[r][1] for r in ("r2", "r3")}
    topology.put_secret(server, CRL, authority.crl())
    topology.configure(server, "mrkm", f"crl file {CRL}")
    wait_for_working(tgen, "r1")
    # the list of another CA is none of this one's
    topology.put_secret(server, CRL, pki.Authority("Other").crl())
    wait_for_refusal(tgen, "r1", "CRL", again=True)
    topology.configure(server, "mrkm", "no crl required", f"no crl file {CRL}")
    wait_for_working(tgen, "r1")


def test_ppk_of_the_group(tgen):
    "One for all: who does not have it, or has another, stays out."
    server, secret = tgen.gears[config.SERVER], "a PPK of the lab: not a secret"
    topology.put_secret(server, PPK, secret)
    topology.configure(server, *SERVED, f"ppk id lab file {PPK} required")
    wait_for_refusal(tgen, "r3", "post-quantum")
    topology.put_secret(tgen.gears["r3"], PPK, "another PPK, which is wrong here")
    topology.configure(tgen.gears["r3"], *GROUP, f"ppk id lab file {PPK} required")
    wait_for_refusal(tgen, "r3", "does not verify")
    for name in config.ROUTERS:
        router = tgen.gears[name]
        topology.put_secret(router, PPK, secret)
        topology.configure(router, *GROUP, f"ppk id lab file {PPK} required")
        wait_for_working(tgen, name)
        assert mrkm.proof(router.vtysh_cmd).ppk, name
    topology.configure(server, *SERVED, "no ppk id lab")
    # a member that wants it does not do without it
    register_anew(tgen, "r3")
    topology.wait_until(
        "r3's problem",
        lambda: None if mrkm.group(tgen.gears["r3"].vtysh_cmd).problem else "none",
        REFRESH,
    )
    for name in config.ROUTERS:
        topology.configure(tgen.gears[name], *GROUP, "no ppk id lab")
        wait_for_working(tgen, name)
    assert not mrkm.proof(tgen.gears["r3"].vtysh_cmd).ppk
