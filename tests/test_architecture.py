"""Imports run one way, and a few things are known in one place only.

The checkers take a module's name and its source, so that each of them is also shown made-up modules
that break its rules.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "sgd_gym": "sgd_gym",
    "envs": "sgd_gym.envs",
    "agents": "sgd_gym.agents",
    "benchmarks": "sgd_gym.benchmarks",
}
MAX_LINES = 400

# A room may import itself and the levels above it in this table; where a level is written with `<`,
# also what stands to its left. Registration reads the table of tasks; environments it names by string.
LEVELS = (
    "errors < shipped < files < processes < progress < provenance < llm",
    "spaces < trajectories < vocabulary < sight < subgoals < prompts",
    "goals < knowledge < options < encoders < naming < arrays",
    "envs",
    "data",
    "models",
    "agents",
    "benchmarks",
    "training",
    "registration < sgd_gym",
    "quickstart < reproduce < play < cli",
)
RANKS = {
    room: (level, place if "<" in line else 0)
    for level, line in enumerate(LEVELS)
    for place, room in enumerate(line.replace(" < ", ", ").split(", "))
}


def room_of(module: str) -> str:
    """Name the room of a module or of a name in it: sgd_gym.envs.tasks belongs to envs."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "sgd_gym"


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Yield everything a module imports, wherever in it, `a.b` for `from a import b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{a.name}" for a in node.names)
        elif isinstance(node, ast.Call) and called_name(node) in ("import_module", "__import__"):
            yield from (str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant))


def called_name(node: ast.Call) -> str:
    """Name the function or method that is called: `f` for `f()` and for `a.b.f()`."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def import_faults(module: str, source: str) -> list[str]:
    """Find imports against the order of the rooms, and py4j outside the gateway."""
    room = room_of(module)
    if room not in RANKS:
        return [f"{module}: give the room {room!r} a place in LEVELS"]
    faults = []
    for name in imported_names(ast.parse(source)):
        top = name.split(".")[0]
        if top in ("", "envs", "agents", "benchmarks"):
            faults.append(f"{module} imports {name}: write sgd_gym.…")
        elif top == "py4j" and module != "sgd_gym.envs.gateway":
            faults.append(f"{module} imports py4j: only sgd_gym.envs.gateway may")
        elif top == "sgd_gym":
            other = room_of(name)
            if other not in RANKS:  # from sgd_gym import __version__
                other = "sgd_gym"
            # `import sgd_gym` itself is for everyone: importing any room runs it anyway.
            if other not in (room, "sgd_gym") and not RANKS[other] < RANKS[room]:
                faults.append(f"{module} imports {name}: {room} comes before {other} or beside it")
    return faults


def text_faults(module: str, source: str) -> list[str]:
    """Find a missing docstring, too many lines, prints, and generation outside sgd_gym.models."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    faults = []
    if not ast.get_docstring(tree):
        faults.append(f"{module}: no docstring")
    if source.count("\n") > MAX_LINES:
        faults.append(f"{module}: more than {MAX_LINES} lines")
    # A module that renders with rich speaks to a person; all others log.
    renders = room_of(module) == "cli" or any(name.split(".")[0] == "rich" for name in imported_names(tree))
    if not renders and any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls):
        faults.append(f"{module}: print in the library, use logging")
    if room_of(module) != "models" and any(
        isinstance(call.func, ast.Attribute) and call.func.attr == "generate" for call in calls
    ):
        faults.append(f"{module}: .generate( outside sgd_gym.models")
    return faults


def modules() -> dict[str, str]:
    """Read the source of every module in the four rooms, by its installed name."""
    found = {}
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            name = ".".join((package, *parts)).removesuffix(".__init__")
            found[name] = path.read_text(encoding="utf-8")
    return found


def test_imports_run_one_way() -> None:
    faults = [fault for item in modules().items() for fault in import_faults(*item)]
    assert not faults, "\n".join(faults)


def test_modules_keep_the_rules_of_the_house() -> None:
    faults = [fault for item in modules().items() for fault in text_faults(*item)]
    assert not faults, "\n".join(faults)


def test_modules_are_found() -> None:
    assert {"sgd_gym", "sgd_gym.errors", "sgd_gym.envs.simulator"} <= set(modules())


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sgd_gym.spaces", "import sgd_gym.envs"),
        ("sgd_gym.spaces", "from sgd_gym import prompts"),
        ("sgd_gym.subgoals.grammar", "from sgd_gym.prompts import planner_prompt"),
        ("sgd_gym.errors", "from sgd_gym.files import write_json"),
        ("sgd_gym.envs.tasks", "def late():\n    from sgd_gym.models import presets"),
        ("sgd_gym.goals", "from sgd_gym.options import Option"),
        ("sgd_gym.agents.sgd.train", "from sgd_gym.training.trainer import fit"),
        ("sgd_gym.models.load", "import importlib\nimportlib.import_module('sgd_gym.cli')"),
        ("sgd_gym.envs.tasks", "from sgd_gym.registration import MAX_MOVES"),
        ("sgd_gym.cli", "from envs import tasks"),
        ("sgd_gym.cli", "from . import models"),
        ("sgd_gym.envs.tasks", "from py4j.java_gateway import JavaGateway"),
        ("sgd_gym.odds_and_ends", ""),
    ],
)
def test_a_wrong_import_is_seen(module: str, source: str) -> None:
    assert len(import_faults(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sgd_gym", "from sgd_gym.registration import register_all"),
        ("sgd_gym.prompts", "from sgd_gym.subgoals.grammar import parse"),
        ("sgd_gym.envs.gateway", "import py4j.java_gateway\nfrom sgd_gym import errors"),
        ("sgd_gym.agents.sgd.model", "from sgd_gym import __version__\nimport sgd_gym.agents.base"),
        ("sgd_gym.data.pool", "from sgd_gym.envs.vector import VectorEnv\nimport torch"),
        ("sgd_gym.cli", "import sgd_gym.training.trainer\nimport benchmarks_of_others"),
    ],
)
def test_a_right_import_passes(module: str, source: str) -> None:
    assert import_faults(module, source) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sgd_gym.spaces", "x = 1"),
        ("sgd_gym.spaces", '"""Doc."""\nprint(1)'),
        ("sgd_gym.agents.flat", '"""Doc."""\nmodel.generate(ids)'),
        ("sgd_gym.spaces", '"""Doc."""\n' + "x = 1\n" * MAX_LINES),
    ],
)
def test_a_broken_rule_is_seen(module: str, source: str) -> None:
    assert len(text_faults(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sgd_gym.cli", '"""Doc."""\nprint(1)'),
        ("sgd_gym.benchmarks.report", '"""Doc."""\nfrom rich import print\nprint(1)'),
        ("sgd_gym.models.generation", '"""Doc."""\nmodel.generate(ids)'),
        ("sgd_gym.spaces", '"""Doc."""\n' + "x = 1\n" * (MAX_LINES - 1)),
    ],
)
def test_what_the_rules_allow_passes(module: str, source: str) -> None:
    assert text_faults(module, source) == []


# Runs a statement, then prints the heavy modules it loaded and the java processes it asked for.
PROBE = """
import sys
started = []
sys.addaudithook(lambda event, args: started.append(str(args)) if event in (
    "subprocess.Popen", "os.exec", "os.posix_spawn", "os.system") else None)
exec(sys.argv[1])
heavy = ("torch", "transformers", "py4j", "scienceworld", "stable_baselines3")
print([name for name in heavy if name in sys.modules] + [a for a in started if "java" in a])
"""


def heavy_after(statement: str) -> str:
    command = [sys.executable, "-c", PROBE, statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_import_is_light() -> None:
    assert heavy_after("import sgd_gym") == "[]"


def test_the_probe_sees_heavy_imports_and_java() -> None:
    assert "py4j" in heavy_after("import py4j")
    java = "import subprocess\ntry: subprocess.run(['java-not-there'])\nexcept OSError: pass"
    assert "java-not-there" in heavy_after(java)
