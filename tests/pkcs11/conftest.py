# SPDX-License-Identifier: GPL-2.0-or-later
"Tests with keys in tokens, on Debian 13; see tools/check-trixie."
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
