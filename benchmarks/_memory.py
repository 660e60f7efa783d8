"""How much memory this process needed."""

import resource
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")


def peak_bytes() -> int:
    """The most memory that this process ever had, since its program began.

    Linux says so itself. What `getrusage` tells there includes the process that started this one, as it was then.
    """
    if not _STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    lines = _STATUS.read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) * 1024
