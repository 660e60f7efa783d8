"""When a command looks for garbage: a process of its own, since the tests' own must not change its ways."""

import subprocess
import sys

_COMMAND = """
import atexit, gc, sys
from cip_async.cli import main

before = gc.get_threshold()
sys.argv = ["cip", "version"]
atexit.register(lambda: print(gc.get_freeze_count() > 0, gc.get_threshold() > before))
main()
"""


def test_a_command_collects_rarely_and_not_when_it_ends() -> None:
    """What is registered first runs last, so it sees what is left for the end."""
    done = subprocess.run([sys.executable, "-c", _COMMAND], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True True"
