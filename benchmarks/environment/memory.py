"""How much memory a process holds."""

import subprocess
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
