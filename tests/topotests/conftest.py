# SPDX-License-Identifier: GPL-2.0-or-later
"""
FRR's own topotest library, used where it lies in the FRR prefix.

Nothing of FRR's is copied: its conftest.py is loaded as a plugin of this one.
What differs here is set right from outside: where the daemons are, that there
is one more of them, and what this kernel or this build of FRR is without.
"""
import importlib.util
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))


def frr_prefix():
    "The FRR prefix that mrkmd is installed in."
    if "FRR_PREFIX" in os.environ:
        return os.environ["FRR_PREFIX"]
    sdk = os.path.join(HERE, "../../tools/frr-sdk")
    return subprocess.check_output([sdk, "--print"], text=True).strip()


PREFIX = frr_prefix()
FRR_TOPOTESTS = os.path.join(PREFIX, "share/topotests")
if not os.path.isdir(FRR_TOPOTESTS):
    raise SystemExit(
        f"FRR's topotests are not in {FRR_TOPOTESTS}: run tools/frr-sdk first"
    )
sys.path[:0] = [FRR_TOPOTESTS, HERE, os.path.dirname(HERE)]
os.environ["PATH"] = f"{PREFIX}/bin:{PREFIX}/sbin:{os.environ['PATH']}"


def load_frr_conftest():
    "FRR's conftest.py under another name: there is one 'conftest' already."
    name = "frr_conftest"
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(FRR_TOPOTESTS, "conftest.py")
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


frr_conftest = load_frr_conftest()
pytest_plugins = ["frr_conftest"]

from lib import topogen, topotest  # noqa: E402  pylint: disable=C0413


def environment_has_what_we_need(rundir):
    """
    In place of diagnose_env(), which insists on daemons that we do not build
    and on /proc/modules.
    """
    os.makedirs(rundir, exist_ok=True)
    daemons = ("mgmtd", "zebra", "ospfd", "ospf6d", "ripd", "mrkmd")
    needed = [f"{PREFIX}/sbin/{daemon}" for daemon in daemons]
    needed += [f"{PREFIX}/bin/vtysh", f"{PREFIX}/lib/frr/modules/mrkm.so"]
    missing = [path for path in needed if not os.path.exists(path)]
    if os.getuid() != 0:
        missing.append("root's rights")
    for path in missing:
        print(f"topotests need {path}: 'make topotest' installs it", file=sys.stderr)
    return not missing


def only_process_limits():
    """
    In place of fix_host_limits(), which changes sysctls of the whole machine
    for good; three routers do without.
    """
    topotest.rlimit_atleast(topotest.resource.RLIMIT_NOFILE, 16 * 1024)


topogen.tgen_defaults["frrdir"] = f"{PREFIX}/sbin"
topogen.TopoRouter.RD_MRKM = max(topogen.TopoRouter.RD) + 1
topogen.TopoRouter.RD[topogen.TopoRouter.RD_MRKM] = "mrkmd"
frr_conftest.diagnose_env = environment_has_what_we_need
# The run has a PID namespace of its own (see ./run): nothing can be left over,
# and another run's daemons are none of our business.
frr_conftest.cleanup_previous = lambda: None
topotest.fix_host_limits = only_process_limits
topotest.module_present = lambda module, load=True: False
