"""Shorter paths still solve the task and still show what their choices depend on."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sgd_gym.data.evidence import EVIDENCE, check_evidence
from sgd_gym.data.proposals import PROPOSALS, Pause, propose
from sgd_gym.data.recording import play_path
from sgd_gym.data.replay import shorten, without_misunderstood
from sgd_gym.data.shorten import score_at, shorten_folder
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import get_task
from sgd_gym.errors import DataError
from sgd_gym.trajectories import Episode, Step, read_episodes, write_episodes

PATHS: dict[str, tuple[str, list[str]]] = json.loads(
    (Path(__file__).parents[1] / "subgoals" / "oracle_paths.json").read_text(encoding="utf-8")
)
PLAYED = (
    "use-thermometer/0",
    "measure-melting-point-unknown-substance/0",
    "power-component/0",
    "test-conductivity/0",
    "find-plant/0",
    "grow-plant/0",
    "grow-fruit/0",
    "chemistry-mix/0",
    "chemistry-mix-paint-tertiary-color/0",
    "lifespan-longest-lived-then-shortest-lived/0",
    "identify-life-stages-1/0",
    "inclined-plane-friction-named-surfaces/0",
)


def make_episode(*lines: tuple[str, str, str], task: str = "find-plant") -> Episode:
    """Return an episode of (room, command, reply)."""
    steps = tuple(
        Step(f"This room is called the {room}. In it, you see:", "", command, reply, 0.0, 0, False)
        for room, command, reply in lines
    )
    return Episode(task, 0, "train", "Your task is to wait.", "oracle", steps=steps)


def commands_of(*lines: tuple[str, str, str], proposal: int = 0) -> list[str]:
    plan = propose(make_episode(*lines), PROPOSALS[proposal])
    return [item if isinstance(item, str) else f"<{item.ticks}>" for item in plan]


# --- rules


def test_a_walk_is_one_teleport() -> None:
    walk = (
        ("hallway", "open door to kitchen", "The door is already open."),
        ("hallway", "go to kitchen", "You move to the kitchen."),
        ("kitchen", "look around", "..."),
        ("kitchen", "go to outside", "You move to the outside."),
        ("outside", "pick up axe", "You move the axe to the inventory."),
    )
    assert commands_of(*walk) == ["teleport to outside", "pick up axe", "<10>"]


def test_a_walk_that_comes_back_goes() -> None:
    walk = (
        ("hallway", "go to kitchen", "You move to the kitchen."),
        ("kitchen", "go to hallway", "You move to the hallway."),
        ("hallway", "pick up axe", "You move the axe to the inventory."),
    )
    assert commands_of(*walk) == ["pick up axe", "<10>"]


def test_commands_without_effect_go() -> None:
    lines = (
        ("kitchen", "pick up pot", "You move the pot to the inventory."),
        ("kitchen", "pick up pot", "You move the pot to the inventory."),
        ("kitchen", "pour pot into pot", "You can't move something into itself."),
        ("kitchen", "drop light", "No known action matches that input."),
    )
    assert commands_of(*lines) == ["pick up pot", "<10>"]


def test_watering_becomes_time() -> None:
    lines = (
        ("greenhouse", "move jug to sink", "You move the jug to the sink."),
        ("greenhouse", "activate sink", "The sink is now activated."),
        ("greenhouse", "pour jug into flower pot 3", "You pour the contents."),
        ("greenhouse", "deactivate sink", "The sink is now deactivated."),
        ("greenhouse", "wait1", "You decide to wait for 1 iterations."),
        ("greenhouse", "focus on seed", "You focus on the seed."),
    )
    assert commands_of(*lines) == ["<5>", "focus on seed", "<10>"]


def test_filling_a_pot_is_no_watering() -> None:
    lines = (
        ("kitchen", "activate sink", "The sink is now activated."),
        ("kitchen", "deactivate sink", "The sink is now deactivated."),
    )
    assert commands_of(*lines) == ["activate sink", "deactivate sink", "<10>"]


def test_what_comes_into_view_is_awaited() -> None:
    egg, hatchling = ("outside. \n\ta turtle egg", "outside. \n\ta hatchling turtle")
    lines = (
        (egg, "wait1", "You decide to wait for 1 iterations."),
        (egg, "wait1", "You decide to wait for 1 iterations."),
        (hatchling, "focus on hatchling turtle in outside", "You focus on the turtle."),
    )
    (pause, *_) = propose(make_episode(*lines), PROPOSALS[0])
    assert isinstance(pause, Pause)
    assert pause.awaited == (("a hatchling turtle", 1),)


def test_the_careful_proposal_keeps_the_clock() -> None:
    lines = (
        ("hallway", "open door to kitchen", "The door is already open."),
        ("hallway", "go to kitchen", "You move to the kitchen."),
        ("kitchen", "look around", "..."),
        ("kitchen", "wait1", "You decide to wait for 1 iterations."),
    )
    assert commands_of(*lines, proposal=3) == ["teleport to kitchen", "wait1", "wait1", "wait1", "<10>"]


# --- played in the simulator


@pytest.fixture(scope="module")
def env() -> Iterator[ScienceWorldEnv]:
    env = ScienceWorldEnv(split="train", infos=("goal_progress",))
    yield env
    env.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAYED)
def test_a_shortened_path_solves_the_task_and_shows_why(name: str, env: ScienceWorldEnv) -> None:
    """And without the observation a choice rests on, the check fails, whatever the score."""
    task, variation = name.split("/")
    raw = play_path(env, task, int(variation), PATHS[name][1], "oracle")
    assert raw.steps[-1].score == 100
    found = shorten(env, raw)
    assert found.proposal != "raw", found.reasons
    assert len(found.episode.steps) < len(raw.steps)
    assert score_at(found.episode) == 100
    replayed = play_path(env, task, int(variation), found.episode.actions, "shortened")
    assert replayed == found.episode

    task_id = get_task(task).id
    findings = check_evidence(found.episode, task_id)
    assert bool(findings) == any(task_id in evidence.tasks for evidence in EVIDENCE)
    for clue in findings[-1].clues if findings else ():
        left = [command for number, command in enumerate(found.episode.actions) if number not in clue]
        mutant = play_path(env, task, int(variation), left, "mutant")
        assert any(finding.fault for finding in check_evidence(mutant, task_id)), set(clue)


def test_commands_that_did_nothing_are_left_out(env: ScienceWorldEnv) -> None:
    raw = play_path(env, "find-plant", 0, PATHS["find-plant/0"][1], "oracle")
    path = [*raw.actions[:2], "juggle oranges", *raw.actions[2:]]
    played = play_path(env, "find-plant", 0, path, "oracle")
    assert without_misunderstood(env, played).actions == raw.actions
    assert without_misunderstood(env, raw) is raw
    # Without the command the task fails here: the path stays as it is.
    unfinished = replace(played, steps=played.steps[:4])
    assert without_misunderstood(env, unfinished) is unfinished


@pytest.mark.slow
def test_a_folder_is_shortened_once_and_reported(raw_data: Path, tmp_path: Path) -> None:
    notes = shorten_folder(raw_data, tmp_path, worlds=1)
    raw, short = read_episodes(raw_data), read_episodes(tmp_path)
    assert [episode.episode_id for episode in short] == [episode.episode_id for episode in raw]
    assert {episode.source for episode in short} == {"shortened"}
    assert sum(note.moves for note in notes) == sum(len(episode.steps) for episode in short)
    assert sum(note.raw_moves for note in notes) == sum(len(episode.steps) for episode in raw)
    report = (tmp_path / "shortening.md").read_text()
    assert "| find-plant | 3 |" in report
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*.parquet")}
    assert shorten_folder(raw_data, tmp_path, worlds=1) == notes
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*.parquet")} == before


@pytest.mark.slow
def test_a_shard_that_has_grown_is_shortened_again(raw_data: Path, tmp_path: Path) -> None:
    raw, short = tmp_path / "raw", tmp_path / "short"
    (shard,) = (path.relative_to(raw_data) for path in raw_data.glob("train/*.parquet"))
    episodes = read_episodes(raw_data / shard)
    for count in (1, 2):
        write_episodes(raw / shard, episodes[:count])
        assert len(shorten_folder(raw, short, worlds=1)) == count
        assert len(read_episodes(short / shard)) == count


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no train, dev or test shards\. Fix: .*sgd-gym collect"):
        shorten_folder(tmp_path, tmp_path / "short")


# --- evidence

BOX_TASK = (
    "Your task is to measure the temperature of lead, which is located around the kitchen. First, focus on "
    "the thermometer. If the lead temperature is above 50.0 degrees celsius, place it in the red box. If the "
    "lead temperature is below 50.0 degrees celsius, place it in the green box."
)


def thermometer_episode(temperature: int, box: str) -> Episode:
    episode = make_episode(
        (
            "kitchen",
            "use thermometer in inventory on lead",
            f"the thermometer measures a temperature of {temperature} degrees celsius",
        ),
        ("kitchen", f"move lead to {box} box", f"You move the lead to the {box} box."),
    )
    return replace(episode, task="use-thermometer", task_description=BOX_TASK)


@pytest.mark.parametrize(
    ("temperature", "box", "holds"),
    [(80, "red", True), (20, "green", True), (20, "red", False), (80, "green", False)],
)
def test_the_reading_has_to_speak_for_the_box(temperature: int, box: str, holds: bool) -> None:
    (finding,) = check_evidence(thermometer_episode(temperature, box), "2-1")
    assert (finding.fault is None) == holds


LAMP_TASK = (
    "Your task is to determine if fork is electrically conductive. The fork is located around the workshop. "
    "First, focus on the fork. If it is electrically conductive, place it in the red box. If it is "
    "electrically nonconductive, place it in the green box."
)


@pytest.mark.parametrize(
    ("after_connecting", "after_waiting", "box", "holds"),
    [
        ("on", None, "red", True),
        ("off", "on", "red", True),
        ("off", "off", "green", True),
        ("off", None, "green", False),  # it may light a tick later
        ("off", None, "red", False),
        ("on", None, "green", False),
    ],
)
def test_a_lamp_that_is_dark_tells_something_a_tick_after_it_was_connected(
    after_connecting: str, after_waiting: str | None, box: str, holds: bool
) -> None:
    def see(state: str) -> str:
        return f"workshop. In it, you see:\n\ta red light bulb, which is {state}"

    # each line: the room before a command, the command, the reply
    connected = "is now connected to"
    path = [
        (see("off"), "connect battery anode to red light bulb cathode", connected),
        (see("off"), "connect fork terminal 1 to red wire terminal 1", connected),
        (see("off"), "connect fork terminal 2 to blue wire terminal 1", connected),
    ]
    if after_waiting is not None:
        path.append((see(after_connecting), "wait1", "You decide to wait for 1 iterations."))
    path.append((see(after_waiting or after_connecting), f"move fork to {box} box", "You move the fork."))
    episode = replace(make_episode(*path), task="test-conductivity", task_description=LAMP_TASK)
    (finding,) = check_evidence(episode, "3-3")
    assert (finding.fault is None) == holds


def test_a_decision_before_its_reading_is_a_fault() -> None:
    episode = thermometer_episode(80, "red")
    (finding,) = check_evidence(replace(episode, steps=episode.steps[::-1]), "2-1")
    assert "saw nothing like" in (finding.fault or "")


def test_no_decision_is_a_fault() -> None:
    episode = thermometer_episode(80, "red")
    (finding,) = check_evidence(replace(episode, steps=episode.steps[:1]), "2-1")
    assert finding.fault == "made 0 of 1 decisions"


def test_an_episode_of_another_task_is_refused() -> None:
    with pytest.raises(DataError, match=r"find-plant/0 is described as .*2-1"):
        check_evidence(make_episode(("kitchen", "wait", "...")), "2-1")


def test_each_task_of_the_table_is_there_once() -> None:
    ids = [task_id for evidence in EVIDENCE for task_id in evidence.tasks]
    assert len(ids) == len(set(ids)) == 18
    for task_id in ids:
        assert get_task(task_id).id == task_id


def test_an_object_that_takes_no_wire_was_tried_on_one() -> None:
    """The attempt shows that it does not conduct, though the simulator understands no such command."""
    path = (
        ("workshop", "connect book terminal 1 to red wire terminal 2", "No known action matches that input."),
        ("workshop", "juggle book", "No known action matches that input."),
    )
    assert commands_of(*path) == ["connect book terminal 1 to red wire terminal 2", "<10>"]
