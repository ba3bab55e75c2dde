# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a process costs.
"""

import os

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    "Of all threads."
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        words = stat.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / _TICK


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(
            int(line.split()[1]) for line in status if line.startswith("VmRSS:")
        )
