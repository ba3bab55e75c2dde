# SPDX-License-Identifier: GPL-2.0-or-later
"What the demo shows of each router, and its verdict on the whole."

import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

from . import config, mrkm, ospf

ADJACENCIES = len(config.ROUTERS) * (len(config.ROUTERS) - 1)

# A step up of the adjacency is told in milliseconds, and vtysh takes its time.
SLACK = 0.5


def name_of(router_id):
    return next(
        (r for r in config.ROUTERS if config.router_id(r) == router_id), router_id
    )


class Row(namedtuple("Row", "router time adjacencies sender coming rejected")):
    """
    A router at an instant: its adjacencies by neighbour, the ID of the key it
    sends with, the (ID, seconds) of the key that is next, packets rejected.
    """

    def neighbors_text(self):
        parts = []
        for adjacency in self.adjacencies.values():
            age = int(self.time - adjacency.since)
            since = f" {age // 60}:{age % 60:02d}" if adjacency.state == "Full" else ""
            parts.append(f"{name_of(adjacency.neighbor)} {adjacency.state}{since}")
        return "  ".join(parts) or "none"

    def sender_text(self):
        return f"key {self.sender}" if self.sender else "no key"

    def next_text(self):
        if not self.coming:
            return "-"
        return f"key {self.coming[0]} in {self.coming[1]} s"

    def steady(self):
        "What is worth a line of its own when it changes."
        states = [(a.neighbor, a.state) for a in self.adjacencies.values()]
        return states, self.sender, self.coming and self.coming[0], self.rejected

    def line(self):
        return (
            f"{self.router}: {self.neighbors_text()}; sends with"
            f" {self.sender_text()}; next: {self.next_text()};"
            f" rejected: {self.rejected}"
        )


class Watcher:
    "Looks at all routers, and remembers what must not change."

    def __init__(self, lab):
        self.lab = lab
        self.before = {}
        self.rejected_before = {}
        self.senders = {name: [] for name in config.ROUTERS}
        self.pool = ThreadPoolExecutor(len(config.ROUTERS))

    def _look_at(self, name):
        node = self.lab[name]
        found = ospf.adjacencies(name, node.vtysh, time.monotonic())
        now = time.monotonic()
        sender, coming = mrkm.key_in_use(node.vtysh)
        if sender and sender not in self.senders[name][-1:]:
            self.senders[name].append(sender)
        rejected = len(ospf.rejections(node.log_file("ospfd")))
        rejected -= self.rejected_before.get(name, 0)
        return Row(name, now, found, sender, coming, rejected)

    def look(self):
        return list(self.pool.map(self._look_at, config.ROUTERS))

    def all_full(self):
        return all(
            sum(a.state == "Full" for a in row.adjacencies.values())
            == len(config.ROUTERS) - 1
            for row in self.look()
        )

    def begin(self):
        "From here on nothing may be lost or rejected."
        rows = self.look()
        self.before = {row.router: row.adjacencies for row in rows}
        self.rejected_before = {row.router: row.rejected for row in rows}
        self.senders = {row.router: [row.sender] for row in rows}

    def _kept(self, row):
        kept = 0
        for neighbor, before in self.before[row.router].items():
            after = row.adjacencies.get(neighbor)
            kept += (
                after is not None
                and after.state == "Full"
                and after.changes == before.changes
                and abs(after.since - before.since) < SLACK
            )
        return kept

    def verdict(self, rolls):
        "(hitless?, sentence) after `rolls` rolls since begin()."
        rows = self.look()
        kept = sum(self._kept(row) for row in rows)
        rejected = sum(row.rejected for row in rows)
        rolled = min(len(self.senders[name]) - 1 for name in config.ROUTERS)
        hitless = kept == ADJACENCIES and rejected == 0 and rolled == rolls
        text = f"{rolled} rolls, {kept} adjacencies kept, {rejected} packets rejected: "
        if hitless:
            return True, text + "hitless"
        text += "NOT hitless"
        if rolled != rolls:
            text += f"; the key server rolled {rolls} times"
        if kept != ADJACENCIES:
            text += f"; {ADJACENCIES - kept} adjacencies were lost"
        return False, text
