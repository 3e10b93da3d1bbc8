"""setup.cfg, the folders and the README tell the same story."""

import configparser
from pathlib import Path

from sgd_gym.data.shipped import SHIPPED

ROOT = Path(__file__).parents[1]
PACKAGE_DIR = {
    "sgd_gym": "sgd_gym",
    "sgd_gym.envs": "envs",
    "sgd_gym.agents": "agents",
    "sgd_gym.benchmarks": "benchmarks",
}


def setup_options() -> configparser.SectionProxy:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config["options"]


def packages_in(root: Path) -> set[str]:
    """Name every package that the folders hold, as it is called once installed."""
    return {
        ".".join((package, *init.parent.relative_to(root / folder).parts))
        for package, folder in PACKAGE_DIR.items()
        for init in (root / folder).rglob("__init__.py")
    }


def test_package_dir_maps_the_rooms() -> None:
    lines = setup_options()["package_dir"].strip().splitlines()
    assert dict(line.split(" = ") for line in lines) == PACKAGE_DIR


def test_packages_are_the_folders() -> None:
    listed = setup_options()["packages"].split()
    assert len(listed) == len(set(listed)), "a package is listed twice in setup.cfg"
    assert set(listed) == packages_in(ROOT), "list every folder with an __init__.py in setup.cfg"


def test_a_package_that_is_not_listed_is_seen(tmp_path: Path) -> None:
    for folder in ("sgd_gym", "agents/new"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "__init__.py").touch()
    assert packages_in(tmp_path) == {"sgd_gym", "sgd_gym.agents.new"}


def test_no_module_lies_outside_a_package() -> None:
    modules = [path for folder in PACKAGE_DIR.values() for path in (ROOT / folder).rglob("*.py")]
    lost = [str(path) for path in modules if not path.with_name("__init__.py").exists()]
    assert not lost, f"no __init__.py beside {lost}: the wheel would lack them"


def test_readme_names_each_room() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [folder for folder in PACKAGE_DIR.values() if f"{folder}/" not in readme]
    assert not missing, f"README.md does not mention {missing}"


def test_the_wheel_holds_the_shipped_paths() -> None:
    """The package's data is what its globs match; folders without an __init__.py count as data."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    globs = [glob.strip() for glob in config["options.package_data"]["sgd_gym.data"].split(",")]
    shipped = SHIPPED.relative_to(ROOT / "sgd_gym" / "data")
    assert any(shipped.match(glob) for glob in globs)


def test_types_are_shipped() -> None:
    assert (ROOT / "sgd_gym" / "py.typed").exists()
