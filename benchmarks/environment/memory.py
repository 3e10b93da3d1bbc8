"""How much memory a process holds."""

import contextlib
import resource
import subprocess
import sys
from pathlib import Path

from sgd_gym.errors import SgdGymError


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in MB (1,000,000 bytes).

    Raises:
        SgdGymError: If there is no such process.
    """
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise SgdGymError(f"There is no process {pid} whose memory could be told.")
    return int(done.stdout) * 1024 / 1e6


class PeakMemory:
    """The most that this process has held since it was asked; since its start where only that is known."""

    def __init__(self) -> None:
        """Forget the peak until now, where the system lets a process do so (Linux)."""
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")

    def peak_mb(self) -> float:
        """Return the peak in MB (1,000,000 bytes)."""
        status = Path("/proc/self/status")
        if status.exists():
            for line in status.read_text(encoding="utf-8").splitlines():
                if line.startswith("VmHWM:"):
                    return round(int(line.split()[1]) * 1024 / 1e6, 1)
        unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, others kilobytes
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)
