"""A guide who finishes games that a student spoils, and what is learnt from them; on the real simulator."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.agents.guided.agent import IDLE_MOVES, PATIENCE, GuidedAgent
from sgd_gym.agents.guided.guide import Guide, find_guides
from sgd_gym.benchmarks.bench import BenchConfig, bench
from sgd_gym.benchmarks.journal import Row, key_of, transcript_path
from sgd_gym.benchmarks.played import PlayedConfig, keep_played
from sgd_gym.benchmarks.protocols import PROTOCOLS, Protocol
from sgd_gym.benchmarks.run import play
from sgd_gym.benchmarks.transcripts import read_moves
from sgd_gym.data.annotate import AnnotateConfig, annotate_folder
from sgd_gym.data.collect import CollectConfig, collect
from sgd_gym.errors import DataError
from sgd_gym.options import Info, Observation
from sgd_gym.prompts import Command, Done, Plan, make_segments
from sgd_gym.prompts.events import make_events
from sgd_gym.trajectories import Episode, Step, read_episodes

TASKS = (
    *("boil", "use-thermometer", "power-component", "find-animal", "chemistry-mix-paint-secondary-color"),
    *("identify-life-stages-1", "inclined-plane-determine-angle"),
)
ELSEWHERE = ["go to hallway", "go to kitchen", "open cupboard", "wait1", "go to outside", "look around"]


class Student(Agent):
    """Sends what it is told to, over and over."""

    def __init__(self, *commands: str):
        self._commands = commands
        self._sent: dict[int, int] = {}

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        self._sent.update(dict.fromkeys(slots, -1))

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        for slot in slots:
            self._sent[slot] += 1
        return [self._commands[self._sent[slot] % len(self._commands)] for slot in slots]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return annotated short paths of the tasks, from the package."""
    folder = tmp_path_factory.mktemp("paths")
    config = CollectConfig(folder / "raw", list(TASKS), ["train"], max_variations=1, from_shipped=True)
    collect(replace(config, shorten=True, short_out=folder / "short"))
    annotate_folder(AnnotateConfig(folder / "short", folder / "annotated"))
    return folder / "annotated"


@pytest.fixture(scope="module")
def play_guided(
    paths: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[list[Row], Path]]:
    def play_guided(*commands: str) -> tuple[list[Row], Path]:
        protocol = Protocol("guided", TASKS, "train", 1, 100, 50, "easy", ())
        journal = tmp_path_factory.mktemp("guided") / "episodes.jsonl"
        guides = find_guides(paths)

        def make() -> Agent:
            return GuidedAgent(Student(*commands), guides)

        return play("guided", make, protocol, protocol.episodes(), 2, journal, "test"), journal

    return play_guided


def test_after_refused_commands_the_guide_steps_in(
    play_guided: Callable[..., tuple[list[Row], Path]],
) -> None:
    rows, journal = play_guided("sing a song")
    assert {row["score_last"] for row in rows} == {100}
    assert {row["student_moves"] for row in rows} <= set(range(PATIENCE[0], PATIENCE[1] + 1))
    assert len({row["student_moves"] for row in rows}) > 1
    for row in rows:
        _, *moves = read_moves(transcript_path(journal, key_of(row)), "guided", key_of(row))
        own, guided = moves[: row["student_moves"]], moves[row["student_moves"] :]
        assert {(move.action, move.subgoal) for move in own} == {("sing a song", None)}
        assert all(move.subgoal for move in guided)
        numbers = [move.option_index for move in guided]
        assert numbers == sorted(numbers)
        assert len({move.subgoal for move in guided}) > 1


def test_after_a_walk_that_leads_nowhere_too(play_guided: Callable[..., tuple[list[Row], Path]]) -> None:
    rows, _ = play_guided(*ELSEWHERE)
    # Time passes meanwhile: animals grow up, and no way leads back.
    assert sum(row["score_last"] == 100 for row in rows) >= len(rows) - 2
    assert max(row["student_moves"] for row in rows) >= IDLE_MOVES


def test_a_focus_that_loses_the_game_is_not_sent(play_guided: Callable[..., tuple[list[Row], Path]]) -> None:
    rows, _ = play_guided("focus on agent")
    assert {(row["score_last"], row["student_moves"]) for row in rows} == {(100, 0)}


def test_with_other_seeds_one_who_knows_the_way_slips(paths: Path, tmp_path: Path) -> None:
    protocol = Protocol("guided", TASKS[:3], "train", 1, 100, 50, "easy", (), fill=3)
    known = {(one.task, one.variation): one.actions for one in read_episodes(paths)}

    class Knower(Student):
        def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
            super().reset(slots, keys)
            (key,) = keys
            self._commands = tuple(known[key.task, key.variation])

    def make() -> Agent:
        return GuidedAgent(Knower(), find_guides(paths))

    rows = play("guided", make, protocol, protocol.episodes(), 1, tmp_path / "episodes.jsonl", "test")
    assert [row["seed"] for row in rows] == [0, 1, 2] * 3
    assert {row["score_last"] for row in rows} == {100}
    for row in rows:
        own, path = row["student_moves"], known[row["task"], row["variation"]]
        _, *moves = read_moves(
            transcript_path(tmp_path / "episodes.jsonl", key_of(row)), "guided", key_of(row)
        )
        slipped = [move.action for move in moves[:own]] != path[:own]
        assert slipped == (row["seed"] > 0)
        assert (own == row["moves"]) == (row["seed"] == 0)


def test_games_of_a_model_are_kept_and_learnt_from(
    checkpoints: Path, annotated_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sgd_gym.training.config import TrainConfig
    from sgd_gym.training.train import train

    changes = {"split": "train", "max_variations": 2, "max_moves": 60}
    monkeypatch.setitem(PROTOCOLS, "smoke", replace(PROTOCOLS["smoke"], **changes))
    config = BenchConfig(["guided"], "smoke", out=tmp_path / "run", guide=annotated_data)
    config.planner, config.executor = checkpoints / "planner", checkpoints / "executor"
    rows = bench(config).rows
    assert [row["score_last"] for row in rows] == [100, 100]
    assert all(0 < row["student_moves"] < row["moves"] for row in rows)
    data = tmp_path / "data"
    keep_played(PlayedConfig(tmp_path / "run" / "results.json", "guided", out=data / "guided"))
    for row, episode in zip(rows, read_episodes(data / "guided"), strict=True):
        own = row["student_moves"]
        assert [step.taught for step in episode.steps] == [False] * own + [True] * (len(episode.steps) - own)
        targets = [one.text for one in make_segments(episode, ["flat"]) if one.target]
        assert len(targets) <= len(episode.steps) - own
    shutil.copytree(annotated_data, data / "paths")
    meta = train("planner", TrainConfig(tmp_path / "model", data, shared=True, epochs=1, batch_tokens=1024))
    assert meta.scores["exact_subgoal"] >= 0


def make_step(action: str, observation: str, option: int, taught: bool) -> Step:
    subgoal = f"pick_up(thing {option})"
    return Step("A kitchen.", "", action, observation, 0.0, 0, False, subgoal, option, taught)


@pytest.mark.parametrize(("reply", "ends"), [("No known action matches that input.", True), ("Done.", False)])
def test_what_the_student_did_is_read_and_not_learnt(reply: str, ends: bool) -> None:
    steps = (
        make_step("look around", "A kitchen.", 0, False),
        make_step("pick up air", reply, 0, False),
        make_step("look around", "A kitchen.", 1, True),
        make_step("open cupboard", "The cupboard is now open.", 1, True),
        make_step("pick up cup", "You move the cup to the inventory.", 2, True),
    )
    episode = Episode("boil", 0, "train", "Boil.", "guided", annotator="guided", steps=steps)
    told = [one for one in make_events(episode, subgoals=True) if isinstance(one, Plan | Command | Done)]
    assert told == [
        Plan("pick_up(thing 0)", False),
        Command("look around", False),
        Command("pick up air", False),
        Done(ends),
        Plan("pick_up(thing 1)"),
        Command("open cupboard"),
        Done(),
        Plan("pick_up(thing 2)"),
        Command("pick up cup"),
    ]


def test_what_cannot_guide_is_an_error(paths: Path, annotated_data: Path) -> None:
    with pytest.raises(DataError, match=r"holds no path of boil/0"):
        find_guides(annotated_data)(EpisodeKey("boil", 0, 0))
    path = read_episodes(paths)[0]
    with pytest.raises(DataError, match="has no sub-goals"):
        Guide(replace(path, steps=tuple(replace(step, subgoal=None) for step in path.steps)))
    with pytest.raises(DataError, match="ends at 0"):
        Guide(replace(path, steps=(replace(path.steps[0], score=0),)))
