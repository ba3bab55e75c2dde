#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Makes what the fuzzers start from: messages as they should be, and a few as they
should not.

    /usr/bin/python3 tests/fuzz/make_corpus.py

writes tests/fuzz/corpus/NAME/*.  The layouts of the inputs are described in
fuzz_NAME.c.
"""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, seed, data):
    folder = os.path.join(HERE, "corpus", name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, seed), "wb") as file:
        file.write(data)


# ------------------------------------------------------------- payloads


def chain(*payloads):
    """(type, body)... as (first type, octets)."""
    octets = b""
    for i, (_, body) in enumerate(payloads):
        following = payloads[i + 1][0] if i + 1 < len(payloads) else 0
        octets += struct.pack(">BBH", following, 0, len(body) + 4) + body
    return (payloads[0][0] if payloads else 0), octets


def tlv(kind, value):
    return struct.pack(">HH", kind, len(value)) + value


def tv(kind, value):
    return struct.pack(">HH", 0x8000 | kind, value)


def transforms(*items):
    octets = b""
    for i, (kind, ident, *attrs) in enumerate(items):
        body = struct.pack(">BBH", kind, 0, ident) + b"".join(attrs)
        more = 3 if i + 1 < len(items) else 0
        octets += struct.pack(">BBH", more, 0, len(body) + 4) + body
    return octets


def proposals(*items):
    octets = b""
    for i, (number, protocol, spi, *parts) in enumerate(items):
        body = struct.pack(">BBBB", number, protocol, len(spi), len(parts)) + spi
        body += transforms(*parts)
        more = 2 if i + 1 < len(items) else 0
        octets += struct.pack(">BBH", more, 0, len(body) + 4) + body
    return octets


def notify(kind, data=b""):
    return 41, struct.pack(">BBH", 0, 0, kind) + data


def delete(protocol, size, *spis):
    return 42, struct.pack(">BBH", protocol, size, len(spis)) + b"".join(spis)


def ident(payload, kind, name):
    return payload, struct.pack(">BBH", kind, 0, 0) + name


AUTH = (39, struct.pack(">BBH", 2, 0, 0) + bytes(32))
IDG = ident(50, 11, b"CORE")
SENDER = notify(16429, struct.pack(">I", 1))
SAG = (
    33,
    proposals(
        (1, 6, b"", (13, 3), (1, 20, tv(14, 256)), (14, 1)), (1, 201, b"", (3, 1027), (3, 1028))
    ),
)


def policy(key_id, lifetime=3600, algo=3):
    body = struct.pack(">BBH", key_id, 0, algo) + tlv(1, struct.pack(">I", lifetime))
    return struct.pack(">BBH", 201, 1, len(body) + 4) + body


def group_wide(*attrs):
    body = b"".join(attrs)
    return struct.pack(">BBH", 0, 0, len(body) + 4) + body


def sa_key(plain_len):
    """Room for a key of that length; the last octet says how much shorter."""
    wrapped = -(-plain_len // 8) * 8 + 8
    return tlv(1, bytes(8) + b"K" * (wrapped - 1) + bytes([0x40 + (wrapped - 8 - plain_len)]))


def bag(protocol, spi, *attrs):
    body = spi + b"".join(attrs)
    return struct.pack(">BBH", protocol, len(spi), len(body) + 4) + body


def keys(*ids, delays=True, algo=3, length=32):
    gsa = b"".join(policy(i, algo=algo) for i in ids)
    if delays:
        gsa += group_wide(tv(1, 5), tv(2, 15))
    return (51, gsa), (52, b"".join(bag(201, bytes([i]), sa_key(length)) for i in ids))


def selector(protocol, port, address):
    high = 65535 if port is None else port
    return struct.pack(">BBHHH", 7, protocol, 16, port or 0, high) + address * 2


REKEY_SPI = bytes(range(1, 17))


def rekey_sa(key_id, registration):
    parts = [(1, 20, tv(14, 256)), (13, 3)] + ([(14, 1)] if registration else [])
    body = (
        REKEY_SPI
        + selector(17, 848, bytes([10, 0, 0, 1]))
        + selector(17, 848, bytes([239, 192, 1, 1]))
    )
    body += transforms(*parts) + tlv(1, struct.pack(">I", 86400))
    gsa = struct.pack(">BBH", 6, 16, len(body) + 4) + body + policy(key_id)
    kd = bag(6, REKEY_SPI, sa_key(68)) + bag(201, bytes([key_id]), sa_key(32))
    return (51, gsa + group_wide(tv(1, 5), tv(2, 15))), (52, kd)


IKE_SUITE = ((1, 20, tv(14, 256)), (2, 5), (4, 31), (13, 3))
NONCE = (40, bytes(range(32)))
KE = (34, struct.pack(">HH", 31, 0) + bytes(range(9, 41)))
VENDOR = (43, bytes.fromhex("c1a0ab3a8bd6c8f22b1d33f3f6d6c3b1"))

# ---------------------------------------------------------------- fuzz_clear

TO_MEMBER, LENGTH, SPI_I, SPI_R, PASS, TIME, RESPONSE = (1 << i for i in range(7))


def header(first, exchange, flags, octets, spi_r=bytes(8)):
    return (
        b"\x11" * 8
        + spi_r
        + struct.pack(">BBBBII", first, 0x20, exchange, flags, 0, 28 + len(octets))
        + octets
    )


def clear(seed, settings, *datagrams):
    data = bytes([settings])
    for flags, octets in datagrams:
        data += struct.pack(">BH", flags, len(octets)) + octets
    write("clear", seed, data)


def make_clear():
    sa = (33, proposals((1, 1, b"", *IKE_SUITE)))
    first, octets = chain(sa, KE, NONCE, VENDOR)
    request = header(first, 34, 8, octets)
    answer = header(first, 34, 32, octets, b"\x22" * 8)
    clear("request", 0, (0, request))
    clear("request-twice", 0, (0, request), (PASS, request))
    clear("request-cookie", 1, (0, request), (TIME, request))
    clear("many-half-open", 2, *((0, b"\x11" * 7 + bytes([i]) + request[8:]) for i in range(6)))
    clear("answer", 0, (TO_MEMBER | SPI_I, answer), (TO_MEMBER | TIME | PASS, b""))
    first, octets = chain(notify(16390, bytes(33)))
    clear("cookie-wanted", 0, (TO_MEMBER | SPI_I | PASS, header(first, 34, 32, octets)))
    first, octets = chain(notify(17, struct.pack(">H", 19)))
    clear("group-wanted", 0, (TO_MEMBER | SPI_I | PASS, header(first, 34, 32, octets)))
    first, octets = chain(notify(14))
    clear("refused", 0, (TO_MEMBER | SPI_I | PASS, header(first, 34, 32, octets)))
    classic = proposals(
        (1, 1, b"", *IKE_SUITE),
        (2, 1, b"", (1, 12, tv(14, 128)), (2, 5), (3, 12), (4, 19), (13, 3)),
    )
    first, octets = chain(
        (33, classic),
        (34, struct.pack(">HH", 19, 0) + bytes(64)),
        NONCE,
        notify(16430),
        notify(16431, b"\0\2"),
    )
    clear("classic", 0, (PASS, header(first, 34, 8, octets)))
    first, octets = chain((46, bytes(60)))
    clear(
        "protected",
        0,
        (SPI_I | SPI_R, header(first, 39, 8, octets)),
        (TO_MEMBER | PASS | SPI_I | SPI_R, header(first, 37, 32, octets)),
    )
    clear(
        "unknown-spi",
        0,
        (0, header(first, 37, 8, octets)),
        (0, header(53, 42, 8, octets)),
        (0, header(first, 41, 8, octets)),
    )
    clear("real", 0, (PASS, b""), (TIME | SPI_I | SPI_R, header(first, 37, 8, octets)))


# ---------------------------------------------------------------- fuzz_inner

(
    SERVER_AUTH,
    MEMBER_AUTH,
    SERVER_READY,
    MEMBER_READY,
    SERVER_ASKED,
    MEMBER_ASKED,
    PUSHED,
    SIGNED,
) = range(8)
(EXPECTED, GSA_AUTH, REGISTRATION, INBAND, INFO, CHILD, IKE_AUTH, PUSH) = range(8)
OTHER_WAY, RIGHT_AUTH, RIGHT_KEYS, DELIVER, FRAGMENT = (1 << i for i in range(3, 8))


def inner(seed, situation, what, *messages):
    data = bytes([situation, what])
    for flags, payloads in messages:
        first, octets = chain(*payloads)
        data += struct.pack(">BBH", flags, first, len(octets)) + octets
    write("inner", seed, data)


def make_inner():
    idi, idr = ident(35, 2, b"r1"), ident(36, 2, b"ks")
    good = RIGHT_AUTH | RIGHT_KEYS | DELIVER
    inner("auth", SERVER_AUTH, 0, (good, (idi, AUTH, IDG, SAG, SENDER)))
    inner("auth-wrong", SERVER_AUTH, 0, (DELIVER, (idi, AUTH, IDG, SAG, SENDER)))
    inner("auth-no-sag", SERVER_AUTH, 0, (good, (idi, AUTH, IDG)), (good | INFO, ()))
    inner(
        "auth-unknown-group",
        SERVER_AUTH,
        0,
        (good, (idi, AUTH, ident(50, 2, b"x"), SAG)),
        (good | REGISTRATION, (IDG, SAG)),
    )
    inner("auth-stranger", SERVER_AUTH, 0, (good, (ident(35, 2, b"rx"), AUTH, IDG, SAG)))
    inner(
        "auth-ike",
        SERVER_AUTH,
        0,
        (good | IKE_AUTH, (idi, AUTH)),
        (good | REGISTRATION, (IDG, SAG, SENDER)),
    )
    inner("auth-critical", SERVER_AUTH, 0, (good, ((200, b""), idi, AUTH, IDG)))
    inner(
        "answer",
        MEMBER_AUTH,
        0,
        (good, (idr, AUTH) + keys(7, delays=False)),
        (good | INBAND | OTHER_WAY, keys(8)),
    )
    inner("answer-two", MEMBER_AUTH, 0, (good, (idr, AUTH) + keys(7, 8)))
    inner("answer-rekey-sa", MEMBER_AUTH, 0, (good, (idr, AUTH) + rekey_sa(7, True)))
    inner("answer-refused", MEMBER_AUTH, 0, (good, (idr, AUTH, notify(46))))
    inner("answer-failed", MEMBER_AUTH, 0, (good, (notify(24),)))
    inner("answer-bad-key", MEMBER_AUTH, 0, (good, (idr, AUTH) + keys(7, length=31)))
    inner("server-info", SERVER_READY, 0, (good | INFO, ()), (good | INFO, (delete(1, 0),)))
    inner(
        "server-leave",
        SERVER_READY,
        0,
        (good | REGISTRATION, (IDG, notify(14))),
        (good | REGISTRATION, (IDG, SAG, SENDER)),
    )
    inner(
        "server-child",
        SERVER_READY,
        0,
        (good | CHILD, ((33, proposals((1, 1, b"8octets.", *IKE_SUITE))), NONCE, KE)),
        (good | INFO, (delete(1, 0),)),
    )
    inner("server-fragments", SERVER_READY, 0, (good | INFO, ()))
    inner(
        "member-rekey",
        MEMBER_READY,
        0,
        (good | INBAND, keys(7) + (delete(201, 1, b"\x01"),)),
        (good | INBAND, keys(8, 9)),
    )
    inner("member-rekey-sa", MEMBER_READY, 0, (good | INBAND, rekey_sa(7, False)))
    inner(
        "member-deleted",
        MEMBER_READY,
        0,
        (good | INBAND, (delete(201, 1, b"\0"),)),
        (good | INBAND, (delete(6, 16, bytes(16)),)),
    )
    inner("member-all-deleted", MEMBER_READY, 0, (good | INBAND, (delete(0, 0),)))
    inner("member-unfollowable", MEMBER_READY, 0, (good | INBAND, keys(7, algo=9)))
    inner(
        "member-child",
        MEMBER_READY,
        0,
        (good | CHILD, ((33, proposals((1, 1, b"8octets.", *IKE_SUITE))), NONCE, KE)),
    )
    inner(
        "member-info", MEMBER_READY, 0, (good | INFO, (notify(24),)), (good | INFO, (delete(1, 0),))
    )
    for what in range(4):
        inner("server-asked-%d" % what, SERVER_ASKED, what, (good, ()), (good, (delete(1, 0),)))
        inner("member-asked-%d" % what, MEMBER_ASKED, what, (good, ()), (good, keys(7)))
    child = ((33, proposals((1, 1, b"8octets.", *IKE_SUITE))), NONCE, KE)
    inner("server-heir", SERVER_ASKED, 1, (good, child), (good, ()))
    inner("member-heir", MEMBER_ASKED, 1, (good, child), (good, ()))
    # the other end writes to what has no keys yet
    inner("server-heir-too-soon", SERVER_ASKED, 1, (PUSH, ()), (good, child))
    inner("member-heir-too-soon", MEMBER_ASKED, 1, (PUSH, ()), (good, child))
    inner("member-heir-refused", MEMBER_ASKED, 1, (good, (notify(43),)))
    inner("member-refuses", MEMBER_ASKED, 2, (good, keys(7, 8)))
    for name, situation in (("pushed", PUSHED), ("signed", SIGNED)):
        inner(name, situation, 0, (good, keys(7) + (delete(201, 1, b"\x01"),)), (good, keys(8)))
        inner(name + "-rekey-sa", situation, 0, (good, rekey_sa(7, False)))
        inner(name + "-excluded", situation, 0, (good, (delete(6, 16, bytes(16)),)))
        inner(name + "-deleted", situation, 0, (good, (delete(201, 1, b"\0"),)))


# ----------------------------------------------------------------- fuzz_push


def make_push():
    DELIVER, CHANGE, FORGE, INTRUDE, ROLL, EXCLUDE, PASS = range(7)
    KEYS, RESERVED = 1, 64
    ALL = 7

    def said(what, flags, *payloads, pieces=1):
        first, octets = chain(*payloads)
        flags |= 2 | (pieces - 1) << 3
        return bytes([what, flags, first]) + struct.pack(">H", len(octets)) + octets

    def last(count, mask=ALL):
        """The datagrams that came last, in their order."""
        return [(DELIVER, mask, i) for i in reversed(range(count))]

    def push(seed, settings, *events):
        write("push", seed, bytes([settings]) + b"".join(bytes(e) for e in events))

    new = keys(7) + (delete(201, 1, b"\x01"),)
    auth = (39, struct.pack(">BBHB", 14, 0, 0, 7) + bytes.fromhex("300506032b6570") + bytes(64))
    for settings, name in enumerate(
        ("implicit", "signed", "implicit-fragments", "signed-fragments", "classic")
    ):
        pieces = 3 if settings & 2 else 1
        push(name, settings, (ROLL, 0), *last(pieces), (PASS, 6), (ROLL, 0), *last(pieces))
        push(name + "-some", settings, (ROLL, 0), *last(pieces, 3), (PASS, 20), *last(pieces))
        push(name + "-changed", settings, (ROLL, 0), (CHANGE, 0, 0, 60, 1), *last(pieces))
        push(
            name + "-excluded",
            settings | 8,
            (EXCLUDE, 0),
            *last(2 * pieces),
            (PASS, 2),
            *last(3),
            (EXCLUDE, 1),
            (PASS, 2),
            *last(2 * pieces),
        )
        for what, who in ((FORGE, "server"), (INTRUDE, "member")):
            push(
                "%s-by-%s" % (name, who),
                settings,
                said(what, KEYS, *new),
                *last(1),
                said(what, KEYS | RESERVED, *keys(8), auth, pieces=4),
                *last(4),
                said(what, KEYS, *rekey_sa(9, False)),
                *last(1),
                said(what, 0, delete(6, 16, bytes(16))),
                *last(1),
                (PASS, 30),
            )


# --------------------------------------------------------------- fuzz_script


def script(seed, settings, *events):
    write("script", seed, bytes(settings) + b"".join(bytes(e) for e in events))


def make_script():
    (
        STEP,
        RUN_MS,
        RUN,
        DROP,
        COPY,
        CORRUPT,
        HURRY,
        CUT,
        ROLL,
        BOOT,
        AWAY,
        AGAIN,
        LEAVE,
        CLEAR,
        REVOKE,
        ALGORITHM,
        OFFER,
        DELAYS,
        REPLAY,
        SECRET,
        WEATHER,
        SUITE,
    ) = range(22)
    for mode, name in enumerate(("inband", "implicit", "signed")):
        script(name, (1, mode, 0), (RUN, 10), (ROLL, 0), (RUN, 6), (ROLL, 0), (RUN, 20))
        script(
            name + "-lossy",
            (2, mode, 0),
            (WEATHER, 0x33),
            (RUN, 30),
            (ROLL, 0),
            (RUN, 60),
            (ROLL, 0),
            (RUN, 60),
        )
        script(
            name + "-boots",
            (3, mode, 0),
            (RUN, 10),
            (BOOT, 0),
            (RUN, 30),
            (BOOT, 1),
            (RUN, 5),
            (ROLL, 0),
            (BOOT, 0),
            (RUN, 90),
        )
        script(
            name + "-members",
            (4, mode, 0),
            (RUN, 10),
            (LEAVE, 1),
            (RUN, 2),
            (ROLL, 0),
            (LEAVE, 1),
            (RUN, 3),
            (CLEAR, 2),
            (REVOKE, 3),
            (CLEAR, 3),
            (RUN, 60),
            (REVOKE, 3),
        )
        script(
            name + "-forged",
            (5, mode, 0),
            (STEP, 0),
            (STEP, 0),
            (CORRUPT, 0, 40, 1),
            (STEP, 0),
            (CUT, 0, 60),
            (RUN, 5),
            (REPLAY, 3),
            (REPLAY, 1),
            (RUN, 5),
            (DROP, 0),
            (COPY, 0),
            (HURRY, 1),
            (ROLL, 0),
            (STEP, 0),
            (REPLAY, 0),
        )
        script(
            name + "-config",
            (6, mode, 0),
            (RUN, 10),
            (ALGORITHM, 4),
            (RUN, 20),
            (OFFER, 1, 0x06),
            (RUN, 30),
            (DELAYS, 9, 20),
            (ROLL, 0),
            (RUN, 10),
            (SECRET, 2),
            (AGAIN, 2),
            (RUN, 30),
            (SUITE, 1, 0),
            (AGAIN, 1),
        )
    script("cookies", (7, 0, 1), (RUN, 10), (BOOT, 1), (RUN, 10))
    script("away", (8, 0, 0), (RUN, 10), (AWAY, 0), (RUN, 200), (AWAY, 0), (RUN, 100))
    for settings in (2, 4, 6, 8, 16, 31):
        name = "settings-%d" % settings
        events = (RUN, 40), (ROLL, 0), (WEATHER, 0x12), (RUN, 60), (BOOT, 0), (RUN, 40), (ROLL, 0)
        script(name, (9, 0, settings), *events)
        script(name + "-signed", (9, 2, settings), *events)


# -------------------------------------------------------------- fuzz_channel


def channel_message(kind, body):
    """Boot, session and serial are put right."""
    return bytes([2, kind]) + bytes(15) + b"\1" + body


def text(value):
    return bytes([len(value)]) + value


def make_channel():
    (
        DELIVER,
        DROP,
        COPY,
        CHANGE,
        TO_DAEMON,
        TO_MRKMD,
        SET,
        SET_WILD,
        BIND,
        UNSET,
        PROTECT,
        REGISTERED,
        GONE,
        DAEMON,
        MRKMD,
        ZEBRA,
        TIME,
        FILES,
        CAPABILITY,
    ) = range(19)
    ALL = (DELIVER, 31)
    begin = [(REGISTERED, 0), (REGISTERED, 1), ALL, (SET, 0, 0, 0), (SET, 1, 1, 1), ALL]

    def channel(seed, *events):
        write("channel", seed, b"".join(bytes(e) for e in (*begin, *events)))

    channel("sets", (SET, 0, 0, 0), ALL, (BIND, 0, 0, 2), (UNSET, 1, 1), ALL)
    channel("wild", *((SET_WILD, i, i, i, 0, i, 0, i) + (i,) * 9 for i in range(3)), ALL)
    channel("protect", (PROTECT, 1, 1, 3), ALL, (PROTECT, 1, 1, 255), ALL, (PROTECT, 1, 1, 0), ALL)
    channel("losses", (SET, 0, 0, 0), (DROP,), ALL, (TIME, 40), ALL, (SET, 0, 0, 1), (COPY,), ALL)
    channel("changes", *((SET, 0, 0, 0), (CHANGE, 0, 40, 1), ALL, (TIME, 80), ALL) * 3)
    channel("restarts", (DAEMON, 0), (REGISTERED, 0), ALL, (MRKMD,), ALL, (SET, 2, 2, 2), ALL)
    channel("zebra", (ZEBRA,), ALL, (SET, 0, 0, 0), ALL, (GONE, 0), ALL, (GONE, 128), ALL)
    channel("no-file", (FILES, 0), (SET, 0, 0, 0), ALL, (TIME, 8), ALL, (FILES, 7), (TIME, 40), ALL)
    channel("capability", (CAPABILITY, 0, 0, 2), ALL, (TIME, 8), ALL)
    channel("silence", (REGISTERED, 4), *((TIME, 255),) * 8)
    hello = bytes([1]) + text(b"x") + bytes([0, 1, 1, 201, 0, 0, 0, 62])
    row = bytes(4) + bytes([0, 3, 3]) + bytes(32) + bytes(20)
    messages = (
        (1, hello),
        (1, b"\2" + hello[1:]),
        (2, bytes([201]) + text(b"CORE") + text(b"EDGE")),
        (3, bytes([201]) + text(b"CORE") + text(b"CORE") + b"\0"),
        (3, bytes([201]) + text(b"CORE") + text(b"CORE") + b"\1" + row + b"\x48" + bytes(72)),
        (4, bytes([201]) + text(b"CORE")),
        (5, b""),
        (6, bytes([201]) + text(b"CORE") + b"\0\1\0\0\0\1\5"),
        (7, b"\3"),
        (8, bytes([203]) + text(b"EDGE") + text(b"EDGE") + b"\1" + text(b"eth0")),
    )
    for i, (kind, body) in enumerate(messages):
        octets = channel_message(kind, body)
        for way in (TO_DAEMON, TO_MRKMD):
            event = bytes([way, 0, 1]) + struct.pack(">H", len(octets)) + octets
            channel("forged-%d-%d" % (way, i), event, ALL, (SET, 0, 0, 0), ALL, (TIME, 80), ALL)


if __name__ == "__main__":
    make_channel()
    make_push()
    make_clear()
    make_inner()
    make_script()
