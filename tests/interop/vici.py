# SPDX-License-Identifier: GPL-2.0-or-later
"""
strongSwan's control protocol: commands, and events that can be waited for.

A message is a dictionary: of octets, of lists of octets, of dictionaries.
"""

import socket
import struct
import time

CMD_REQUEST, CMD_RESPONSE, CMD_UNKNOWN = 0, 1, 2
EVENT_REGISTER, _, EVENT_CONFIRM, EVENT_UNKNOWN, EVENT = 3, 4, 5, 6, 7
SECTION_START, SECTION_END, KEY_VALUE, LIST_START, LIST_ITEM, LIST_END = range(1, 7)


class ViciError(Exception):
    "strongSwan refused a command, or said something unintelligible."


def _octets(value):
    return value if isinstance(value, bytes) else str(value).encode()


def _name(name):
    return bytes([len(name)]) + name.encode()


def _value(value):
    return struct.pack(">H", len(value)) + value


def encode(message):
    out = b""
    for key, value in message.items():
        if isinstance(value, dict):
            out += bytes([SECTION_START]) + _name(key) + encode(value)
            out += bytes([SECTION_END])
        elif isinstance(value, (list, tuple)):
            out += bytes([LIST_START]) + _name(key)
            out += b"".join(bytes([LIST_ITEM]) + _value(_octets(v)) for v in value)
            out += bytes([LIST_END])
        else:
            out += bytes([KEY_VALUE]) + _name(key) + _value(_octets(value))
    return out


class _Reader:
    def __init__(self, octets):
        self.octets = octets
        self.at = 0

    def take(self, count):
        self.at += count
        return self.octets[self.at - count : self.at]

    def byte(self):
        return self.take(1)[0]

    def name(self):
        return self.take(self.byte()).decode()

    def value(self):
        return self.take(struct.unpack(">H", self.take(2))[0]).decode(errors="replace")

    def items(self):
        found = []
        while self.byte() == LIST_ITEM:
            found.append(self.value())
        return found

    def section(self):
        message = {}
        while self.at < len(self.octets):
            kind = self.byte()
            if kind == SECTION_END:
                break
            name = self.name()
            if kind == SECTION_START:
                message[name] = self.section()
            elif kind == KEY_VALUE:
                message[name] = self.value()
            elif kind == LIST_START:
                message[name] = self.items()
            else:
                raise ViciError(f"element of kind {kind}")
        return message


def decode(octets):
    return _Reader(octets).section()


class Vici:
    "A session; events that come meanwhile are kept."

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self.events = []
        self._heard = set()

    def close(self):
        self._socket.close()

    def _send(self, packet):
        self._socket.sendall(struct.pack(">I", len(packet)) + packet)

    def _receive(self, count):
        octets = b""
        while len(octets) < count:
            more = self._socket.recv(count - len(octets))
            if not more:
                raise ViciError("strongSwan closed the session")
            octets += more
        return octets

    def _packet(self):
        (length,) = struct.unpack(">I", self._receive(4))
        packet = self._receive(length)
        return packet[0], packet[1:]

    def _keep(self, packet):
        reader = _Reader(packet)
        self.events.append((reader.name(), reader.section()))

    def _answer(self, wanted):
        while True:
            kind, packet = self._packet()
            if kind == EVENT:
                self._keep(packet)
            elif kind == wanted:
                return packet
            else:
                raise ViciError(f"packet of kind {kind}")

    def listen(self, *events):
        "Each of them once: who asks twice is told twice."
        for event in set(events) - self._heard:
            self._heard.add(event)
            self._send(bytes([EVENT_REGISTER]) + _name(event))
            self._answer(EVENT_CONFIRM)

    def call(self, command, message=None):
        self._send(bytes([CMD_REQUEST]) + _name(command) + encode(message or {}))
        answer = decode(self._answer(CMD_RESPONSE))
        if answer.get("success", "yes") != "yes":
            raise ViciError(f"{command}: {answer.get('errmsg', answer)}")
        return answer

    def stream(self, command, event):
        "The messages of a command that answers by events."
        self.listen(event)
        self.call(command)
        found = [message for name, message in self.events if name == event]
        self.events = [e for e in self.events if e[0] != event]
        return found

    def wait(self, event, is_wanted=lambda message: True, timeout=20):
        "The first such event; those before it are forgotten."
        deadline = time.monotonic() + timeout
        while True:
            while self.events:
                name, message = self.events.pop(0)
                if name == event and is_wanted(message):
                    return message
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                kind, packet = self._packet()
            except socket.timeout:
                raise AssertionError(f"no event {event} in {timeout} s") from None
            finally:
                self._socket.settimeout(None)
            if kind == EVENT:
                self._keep(packet)
