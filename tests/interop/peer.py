# SPDX-License-Identifier: GPL-2.0-or-later
"""
The engine as a program (peer.c), in our namespace.
"""

import json
import os
import queue
import subprocess
import threading
import time


class Peer:
    """
    One process.  `arguments` are those of peer.c, underscores for dashes, lists
    for what comes more than once.  `namespace` is that of another than ours.
    """

    def __init__(self, directory, name="peer", namespace=None, **arguments):
        self.log = os.path.join(str(directory), f"{name}.log")
        words = ["ip", "netns", "exec", namespace] if namespace else []
        words.append(os.environ["PEER"])
        for key, values in arguments.items():
            if not isinstance(values, (list, tuple)):
                values = [values]
            words += [f"{key.replace('_', '-')}={value}" for value in values]
        self._log = open(self.log, "w", encoding="utf-8")
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            bufsize=1,
        )
        self.status = {"ikes": [], "counters": {}}
        self._killed = False
        self.events = []
        self.drops = []
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.wait(lambda line: "ready" in line)

    def _read(self):
        for line in self._process.stdout:
            self._log.write(line)
            self._log.flush()
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def kill(self):
        "Ends it without a word to anybody."
        self._process.kill()
        self._process.wait()
        self._killed = True

    def close(self):
        self._process.stdin.close()
        try:
            status = self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._log.close()
        assert (
            status == 0 or self._killed
        ), f"the engine's program ended with {status}, see {self.log}"

    def command(self, words):
        self._process.stdin.write(words + "\n")

    # ---------------------------------------------------------------- waiting

    def _take(self, timeout):
        line = self._lines.get(timeout=timeout)
        assert line is not None, f"the engine's program has ended, see {self.log}"
        if "ikes" in line:
            self.status = line
        if "event" in line:
            self.events.append(line)
        if "dropped" in line:
            self.drops.append(line["dropped"])
        return line

    def wait(self, is_wanted, timeout=20, what="what was waited for"):
        "The next line that is wanted."
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self._take(max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{what} did not come, see {self.log}") from None
            if is_wanted(line):
                return line

    def wait_status(self, is_wanted, timeout=20, what="that state"):
        "Until the status is as wanted, perhaps at once."
        self.command("status")
        return self.wait(lambda l: "ikes" in l and is_wanted(l), timeout, what)

    def established(self):
        return [sa for sa in self.status["ikes"] if sa["state"] == "established"]

    def wait_established(self):
        "The SA; there is but one."
        self.wait_status(
            lambda s: [sa["state"] for sa in s["ikes"]] == ["established"],
            what="one established IKE SA",
        )
        return self.status["ikes"][0]

    def wait_heir_of(self, old):
        "One SA, and another than before."
        self.wait_status(
            lambda s: [sa["state"] for sa in s["ikes"]] == ["established"]
            and s["ikes"][0]["spi_i"] != old["spi_i"],
            what="a new IKE SA in place of the old one",
        )
        return self.status["ikes"][0]

    def wait_none(self):
        self.wait_status(lambda s: not s["ikes"], what="the end of all IKE SAs")

    def wait_event(self, name, timeout=20):
        found = next((e for e in self.events if e["event"] == name), None)
        found = found or self.wait(
            lambda l: l.get("event") == name, timeout, f"event {name}"
        )
        self.events.remove(found)
        return found
