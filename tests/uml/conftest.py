# SPDX-License-Identifier: GPL-2.0-or-later
"Tests that run inside user-mode Linux; see ./run."
import os
import platform
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [HERE, TESTS]
sys.path.append(os.path.join(TESTS, "interop"))

if "MRKM_RESULTS" not in os.environ or os.getpid() == 1:
    raise SystemExit("these tests want a kernel of their own: use tests/uml/run")


def pytest_report_header():
    return f"kernel {platform.release()}"
