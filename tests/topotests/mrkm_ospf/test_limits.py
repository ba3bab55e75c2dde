# SPDX-License-Identifier: GPL-2.0-or-later
"""
What strangers can make a key server write and remember has limits: datagrams that
are no IKE, peers that fail to authenticate, registrations that are only begun.
"""
import os
import re
import socket
import struct
import time

import pytest

from lab import config, mrkm, wire
import topology

pytestmark = [pytest.mark.ospfd]

# A line of a kind is logged once in so many seconds.
WINDOW = 10
HALF_OPEN_LIMIT = 40
# ... of which so many may come from one network.
OF_A_NETWORK = HALF_OPEN_LIMIT // 4
HEADER = struct.Struct("!16sBBBBII")
IKE_SA_INIT, NOTIFY, COOKIE, FLAG_RESPONSE = 34, 41, 16390, 0x20


@pytest.fixture(scope="module")
def tgen():
    tgen = topology.start_lab("mrkm_ospf_limits")
    topology.configure(
        tgen.gears[config.SERVER],
        "mrkm",
        "key-server",
        f"half-open-limit {HALF_OPEN_LIMIT}",
    )
    yield tgen
    tgen.stop_topology()


def stranger(tgen):
    "A socket beside r1's mrkmd, to the key server."

    def make():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(2)
        sock.connect((config.SERVER_ADDRESS, 848))
        return sock

    return wire.in_netns(tgen.gears["r1"].net.pid, make)


def counted(tgen, reason):
    return mrkm.reasons(tgen.gears[config.SERVER].vtysh_cmd).get(reason, 0)


def wait_for_count(tgen, reason, count):
    def check():
        there = counted(tgen, reason)
        return None if there >= count else f"{there} of {count}"

    topology.wait_until(reason, check, 20)


class Lines:
    "Lines of the key server's log that have these words, since this began."

    def __init__(self, tgen, *words):
        self.server, self.words = tgen.gears[config.SERVER], words
        self.start, self.before = time.monotonic(), len(self._all())

    def _all(self):
        return [
            line
            for line in topology.log(self.server, "mrkmd").splitlines()
            if all(w in line for w in self.words)
        ]

    def since(self):
        return self._all()[self.before :]

    def at_most(self):
        "One for each window that there was, or was a part of."
        return (time.monotonic() - self.start) // WINDOW + 2


# What is no message of ours, and what it is counted as.
MALFORMED = {
    "too-short": b"nonsense",
    "bad-version": HEADER.pack(b"x" * 16, 0, 0x10, IKE_SA_INIT, 8, 0, 28),
    "bad-length": HEADER.pack(b"x" * 16, 0, 0x20, IKE_SA_INIT, 8, 0, 4711),
    "unknown-spi": HEADER.pack(b"x" * 16, 0, 0x20, 37, 8, 0, 28),
}


def test_malformed_datagrams(tgen):
    "Each is counted, and a line of each kind in ten seconds tells of all of them."
    server = tgen.gears[config.SERVER]
    server.vtysh_cmd("debug mrkm packets")
    lines = Lines(tgen, "datagram of", config.mgmt_address("r1"))
    with stranger(tgen) as sock:
        for reason, octets in MALFORMED.items():
            before = counted(tgen, reason)
            for chunk in range(1, 11):
                for _ in range(30):
                    sock.send(octets)
                wait_for_count(tgen, reason, before + 30 * chunk)
        found = lines.since()
        assert 1 <= len(found) <= len(MALFORMED) * lines.at_most(), found

        # the next one that is logged says how many were not
        def told():
            sock.send(MALFORMED["too-short"])
            left_out = [
                int(number)
                for line in lines.since()
                for number in re.findall(r"\((\d+) more like this one were not", line)
            ]
            return None if max(left_out, default=0) >= 250 else lines.since()[-3:]

        topology.wait_until("the rest", told, 3 * WINDOW)
    server.vtysh_cmd("no debug mrkm packets")


def test_failed_authentications(tgen):
    "So do those that do not know the key; a member that does is not disturbed."
    r1, r2 = tgen.gears["r1"], tgen.gears["r2"].vtysh_cmd
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
    topology.put_secret(r1, config.psk_file("r1"), "not the key that was agreed on\n")
    lines = Lines(tgen, "member refused", config.identity("r1"))
    before = counted(tgen, "auth-failed")
    for attempt in range(1, 21):
        r1.vtysh_cmd(f"clear mrkm group {config.GROUP}")
        wait_for_count(tgen, "auth-failed", before + attempt)
    found = lines.since()
    assert 1 <= len(found) <= lines.at_most() < 20, found
    assert mrkm.registered(r2)
    topology.put_secret(r1, config.psk_file("r1"), config.psk("r1"))
    r1.vtysh_cmd(f"clear mrkm group {config.GROUP}")
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)


def first_message(tgen):
    "An IKE_SA_INIT of r1's, without a cookie."
    r1 = tgen.gears["r1"]
    with wire.Capture(r1.net.pid, "mgmt", wire.parse_ike) as capture:
        r1.vtysh_cmd(f"clear mrkm group {config.GROUP}")
        message = capture.wait_for(
            lambda m: m.exchange == IKE_SA_INIT
            and not m.flags & FLAG_RESPONSE
            and m.octets[16] != NOTIFY,
            10,
        )
    assert message, "r1 does not register"
    return message.octets


def with_cookie(request, answer):
    "The request again, behind the N(COOKIE) of the answer; None: it asks for none."
    if answer[16] != NOTIFY or struct.unpack_from("!H", answer, 34)[0] != COOKIE:
        return None
    (length,) = struct.unpack_from("!H", answer, 30)
    notify = request[16:17] + answer[29 : 28 + length]
    total = struct.pack("!I", len(request) + length)
    return request[:16] + bytes((NOTIFY,)) + request[17:24] + total + notify + request[28:]


def knock(sock, request):
    "Begins a registration by an SPI of its own; True: the key server takes part in it."
    request = os.urandom(8) + request[8:]
    try:
        sock.send(request)
        answer = sock.recv(4096)
        again = with_cookie(request, answer)
        if again:
            sock.send(again)
            answer = sock.recv(4096)
            assert not with_cookie(again, answer), "asked for a cookie twice"
    except TimeoutError:
        return False
    return True


def test_half_open(tgen):
    """
    Whoever can be reached at his address holds no more than a quarter of the places,
    and members from there register all the same.
    """
    server, refused = tgen.gears[config.SERVER].vtysh_cmd, 0
    request = first_message(tgen)
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
    with stranger(tgen) as sock:
        for _ in range(4 * HALF_OPEN_LIMIT):
            refused += not knock(sock, request)
            # one more is the place that is kept for r1's address
            assert mrkm.half_open(server) <= OF_A_NETWORK + 1
            if refused == 3:
                break
    assert refused == 3
    assert counted(tgen, "half-open-prefix") > 0
    for name in ("r2", "r3"):
        tgen.gears[name].vtysh_cmd(f"clear mrkm group {config.GROUP}")
    topology.wait_until("registered", lambda: topology.not_all_registered(tgen), 20)
    assert mrkm.half_open(server) <= OF_A_NETWORK + 1
