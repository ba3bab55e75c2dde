# SPDX-License-Identifier: GPL-2.0-or-later
"The kernel that the other tests stand on has what they need."

import subprocess

import pytest

KEY = "0x" + "5a" * 32
GCM_KEY = "0x" + "5a" * 20


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.mark.parametrize(
    "protocol, algorithms",
    (
        ("ah", ("auth-trunc", "hmac(sha256)", KEY, "128")),
        (
            "esp",
            ("enc", "ecb(cipher_null)", "", "auth-trunc", "hmac(sha256)", KEY, "128"),
        ),
        ("esp", ("enc", "cbc(aes)", KEY, "auth-trunc", "hmac(sha512)", KEY, "256")),
        ("esp", ("aead", "rfc4106(gcm(aes))", GCM_KEY, "128")),
        ("esp", ("aead", "rfc4543(gcm(aes))", GCM_KEY, "128")),
    ),
    ids=("ah", "esp-null", "esp-cbc", "esp-gcm", "esp-gmac"),
)
@pytest.mark.parametrize("group", ("224.0.0.13", "ff02::d"))
def test_security_association(group, protocol, algorithms):
    identity = ("dst", group, "proto", protocol, "spi", "0x1000")
    run(
        "ip",
        "xfrm",
        "state",
        "add",
        "src",
        "::" if ":" in group else "0.0.0.0",
        *identity,
        "reqid",
        "1",
        "mode",
        "transport",
        *algorithms
    )
    try:
        assert algorithms[1] in run("ip", "xfrm", "state", "get", *identity)
    finally:
        run("ip", "xfrm", "state", "delete", *identity)


def test_filter():
    "A classic BPF program can drop what comes in."
    run("ip", "link", "add", "smoke0", "type", "veth", "peer", "name", "smoke1")
    try:
        run("tc", "qdisc", "add", "dev", "smoke0", "clsact")
        run(
            "tc",
            "filter",
            "add",
            "dev",
            "smoke0",
            "ingress",
            "bpf",
            "bytecode",
            "1,6 0 0 4294967295,",
            "action",
            "drop",
        )
        assert "bytecode" in run("tc", "filter", "show", "dev", "smoke0", "ingress")
    finally:
        run("ip", "link", "del", "smoke0")
