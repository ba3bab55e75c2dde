# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the tests against other people's programs share.
"""

import os
import re
import shutil

import pytest

import net
import tshark
from charon import Charon
from net import ADDRESSES
from peer import Peer
from relay import Relay

PSK = "a key of no great secrecy"
OUR_ID = "engine.example.net"
THEIR_ID = "charon.example.net"


@pytest.fixture(scope="session", autouse=True)
def _link():
    net.set_up()


@pytest.fixture
def folder(request):
    "Where this test's logs, captures and keys go."
    name = re.sub(r"[^\w.-]+", "_", request.node.name).strip("_")
    path = os.path.join(os.environ["INTEROP_DIR"], request.module.__name__, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


@pytest.fixture
def charon(folder):
    "start(**arguments of Charon)"
    started = []

    def start(**arguments):
        started.append(Charon(folder, **arguments))
        return started[-1]

    yield start
    for daemon in started:
        daemon.close()


@pytest.fixture
def engine(folder):
    "start(**arguments of peer.c)"
    started = []

    def start(version=4, name="peer", **arguments):
        settings = {
            "address": ADDRESSES[version][0],
            "identity": f"fqdn:{OUR_ID}",
            "keylog": os.path.join(folder, f"{name}.keys"),
            **arguments,
        }
        started.append(Peer(folder, name, **settings))
        return started[-1]

    yield start
    for peer in started:
        peer.close()


@pytest.fixture
def asking(engine):
    "start(version, **settings): our engine as one that will ask, as plain IKEv2."

    def start(version=4, server=None, **settings):
        defaults = {
            "plain_ike": 1,
            "port": 500,
            "server": server or ADDRESSES[version][1],
            "server_port": 500,
            "ike_auth": 1,
            "offer": "201/62",
        }
        return engine(version, **{**defaults, **settings})

    return start


@pytest.fixture
def answering(engine):
    "start(version, **settings): our engine as one that is asked."

    def start(version=4, **settings):
        defaults = {"plain_ike": 1, "port": 500, "serve": "201/3/3600"}
        return engine(version, **{**defaults, **settings})

    return start


@pytest.fixture
def relay():
    "start(responder's address, ...)"
    started = []

    def start(*arguments, **settings):
        started.append(Relay(*arguments, **settings))
        return started[-1]

    yield start
    for one in started:
        one.close()


class Wire:
    "What is on the link during a test."

    def __init__(self, folder):
        self._folder = folder
        self._capture = net.Capture()

    def close(self):
        self._capture.close()

    def payloads(self):
        "What was in UDP so far."
        return [net.udp_payload(octets) for _, _, octets in self._capture.fetch()]

    def dissected(self, lua=False):
        "All packets of IKE, by Wireshark, with the keys of our engines."
        path = os.path.join(self._folder, "capture.pcap")
        self._capture.save(path)
        keys = [
            os.path.join(self._folder, name)
            for name in os.listdir(self._folder)
            if name.endswith(".keys")
        ]
        return tshark.dissect(path, tshark.key_lines(*keys), lua)

    def assert_sound(self, lua=False):
        packets = self.dissected(lua)
        tshark.assert_sound(packets)
        return packets


@pytest.fixture
def wire(folder):
    watched = Wire(folder)
    yield watched
    watched.close()
