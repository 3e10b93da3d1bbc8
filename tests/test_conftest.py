"""A skip passes at home and fails on CI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIP_AT_RUN = "import pytest\ndef test_one():\n    pytest.skip('no moon')\n"
SKIP_BY_MARK = "import pytest\n@pytest.mark.skip(reason='no moon')\ndef test_one(): pass\n"
SKIP_MODULE = "import pytest\npytest.skip('no moon', allow_module_level=True)\n"
XFAIL = "import pytest\n@pytest.mark.xfail(reason='no moon')\ndef test_one(): assert False\n"


def run_pytest(folder: Path, source: str, ci: bool) -> subprocess.CompletedProcess[str]:
    shutil.copy(Path(__file__).with_name("conftest.py"), folder)
    (folder / "test_made_up.py").write_text(source)
    env = {key: value for key, value in os.environ.items() if key != "SGD_GYM_CI"}
    if ci:
        env["SGD_GYM_CI"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", str(folder)]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("source", [SKIP_AT_RUN, SKIP_BY_MARK, SKIP_MODULE])
def test_a_skip_fails_on_ci(tmp_path: Path, source: str) -> None:
    done = run_pytest(tmp_path, source, ci=True)
    assert done.returncode in (1, 2), done.stdout
    assert "skipped, which fails under SGD_GYM_CI: " in done.stdout
    assert "no moon" in done.stdout


def test_a_skip_passes_elsewhere_and_says_why(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, SKIP_AT_RUN, ci=False)
    assert done.returncode == 0, done.stdout
    assert "no moon" in done.stdout


def test_an_expected_failure_passes_on_ci(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, XFAIL, ci=True)
    assert done.returncode == 0, done.stdout
