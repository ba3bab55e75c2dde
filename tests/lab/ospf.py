# SPDX-License-Identifier: GPL-2.0-or-later
"""
What ospfd says about its neighbours and about packets that it rejected.

`vtysh` arguments are functions that run one command and give back its output.
"""

import json
import re
from collections import namedtuple

# With "debug ospf packet all recv" ospfd says so once for each packet that it
# rejects.  The numbers are EC_OSPF_AUTH and EC_OSPF_PACKET; a packet whose
# digest is missing is not even that to it, but malformed.
_REJECTION = re.compile(r"\[EC 1342177(?:40|41)\] (.*)|(ospf_packet_examin: .*)")

Adjacency = namedtuple("Adjacency", "router neighbor state since changes")


def adjacencies(router, vtysh, now):
    """
    The router's adjacencies by neighbour.  `since` is the monotonic time, in
    seconds, of the last step up, `changes` counts steps in both directions:
    an adjacency that was lost and found again differs in both.
    """
    listed = json.loads(vtysh("show ip ospf neighbor detail json", daemon="ospfd"))
    found = {}
    for neighbor, entries in listed.get("neighbors", {}).items():
        for entry in entries:
            found[neighbor] = Adjacency(
                router,
                neighbor,
                entry["nbrState"].split("/")[0],
                now - entry.get("lastPrgrsvChangeMsec", 0) / 1000,
                entry["stateChangeCounter"],
            )
    return found


def rejections(log_file):
    "The reasons, one for each rejected packet, that ospfd's log has."
    with open(log_file, encoding="utf-8", errors="replace") as log:
        return [m.group(1) or m.group(2) for m in map(_REJECTION.search, log) if m]
