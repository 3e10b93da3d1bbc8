"""What a results file says of the checkout that it was made in."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from sgd_gym import provenance


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one module and one file of results, from which the package seems to run."""
    for name in ("sgd_gym/provenance.py", "benchmarks/results/env.md"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("committed\n")
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "--quiet"), ("add", "."), (*who, "commit", "--quiet", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "sgd_gym" / "provenance.py"))
    return tmp_path


def revision() -> str:
    """Return the revision that a results file would tell."""
    return str(provenance.describe_run(SimpleNamespace())["git"])


def test_a_changed_module_makes_a_revision_dirty(checkout: Path) -> None:
    clean = revision()
    assert len(clean) == 12
    (checkout / "sgd_gym" / "provenance.py").write_text("changed\n")
    assert revision() == f"{clean}-dirty"


def test_results_of_an_earlier_command_do_not(checkout: Path) -> None:
    clean = revision()
    (checkout / "benchmarks" / "results" / "env.md").write_text("made anew\n")
    assert revision() == clean


def test_outside_a_checkout_the_revision_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    assert revision() == "unknown"
