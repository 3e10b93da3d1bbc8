"""Playing a protocol: complete rows, the same with any number of worlds, nothing played twice."""

import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.agents.oracle import OracleAgent
from sgd_gym.agents.random import RandomAgent
from sgd_gym.benchmarks.journal import transcript_path
from sgd_gym.benchmarks.protocols import HELDOUT_TASKS, PROTOCOLS, get_protocol
from sgd_gym.benchmarks.run import fingerprint_of, play
from sgd_gym.benchmarks.transcripts import Move, read_moves
from sgd_gym.envs.scienceworld import INFOS, ScienceWorldEnv
from sgd_gym.envs.tasks import TASKS, get_task
from sgd_gym.errors import DataError, SgdGymError, UnknownNameError
from sgd_gym.options import Info, Observation

PROTOCOL = replace(get_protocol("quickstart-dev"), max_moves=12)
EPISODES = [EpisodeKey("find-plant", variation, 0) for variation in (150, 151)]
FIELDS = (
    "protocol agent task variation seed score_last score_last_good score_negative_as_zero success moves "
    "invalid_commands ended_by error fault fault_passing planner_calls executor_calls model_tokens "
    "llm_tokens_in llm_tokens_out llm_tokens seconds agent_seconds training_seed peak_memory_mb"
)
MEASURED = ("seconds", "agent_seconds", "peak_memory_mb")
Row = dict[str, Any]


class Diary(RandomAgent):
    """Plays as the random agent does, and writes down what it is given and told."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[EpisodeKey] = []
        self.told: dict[EpisodeKey, list[tuple[float, bool]]] = {}
        self.playing: dict[int, EpisodeKey] = {}

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        super().reset(slots, keys)
        self.keys += keys
        self.playing.update(zip(slots, keys, strict=True))

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        self.told.setdefault(self.playing[slot], []).append((reward, ended))


class Fixed(Agent):
    """Sends the same commands in every episode; asks for no infos."""

    commands: ClassVar[tuple[str, ...]] = ("go to kitchen", "focus on stove")
    seen: ClassVar[list[set[str]]] = []

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        self.seen.extend(set(info) for info in infos)
        return [self.commands[info["moves"]] for info in infos]


def run(
    journal: Path,
    name: str = "random",
    make_agent: Callable[[], Agent] = RandomAgent,
    worlds: int = 1,
    fingerprint: str = "f",
    **limits: Any,
) -> list[Row]:
    protocol = replace(PROTOCOL, **limits)
    return play(name, make_agent, protocol, EPISODES, worlds, journal, fingerprint, training_seed=7)


def refuse() -> Agent:
    raise AssertionError("an agent was built though there is nothing to play")


def timeless(rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in MEASURED} for row in rows]


def transcripts(journal: Path, agent: str = "random") -> list[list[Move]]:
    """Return the moves of each episode, without the time they took."""
    files = [transcript_path(journal, key) for key in EPISODES]
    moves = [read_moves(file, agent, key, 7) for file, key in zip(files, EPISODES, strict=True)]
    return [[replace(move, seconds=0.0) for move in episode] for episode in moves]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journals") / "new" / "random.jsonl"


@pytest.fixture(scope="module")
def rows(journal: Path) -> list[Row]:
    """Return the rows of the random agent in one world; the journal then holds them."""
    return run(journal)


def test_rows_are_complete_and_in_order(rows: list[Row]) -> None:
    assert [(row["task"], row["variation"], row["seed"]) for row in rows] == [
        ("find-plant", 150, 0),
        ("find-plant", 151, 0),
    ]
    for row in rows:
        assert set(row) == set(FIELDS.split())
        assert (row["protocol"], row["agent"]) == ("quickstart-dev", "random")
        assert row["score_negative_as_zero"] == max(0, row["score_last"])
        assert 1 <= row["moves"] <= 12
        assert row["ended_by"] in ("solved", "failed", "move_limit")
        assert row["success"] == (row["ended_by"] == "solved") == (row["score_last"] == 100)
        assert (row["ended_by"] == "move_limit") <= (row["moves"] == 12)
        assert row["seconds"] >= row["agent_seconds"] >= 0
        assert row["error"] is None
        assert row["training_seed"] == 7
        assert row["score_last_good"] >= row["score_negative_as_zero"]
        assert 20 < row["peak_memory_mb"] < 10_000
        counts = ("planner_calls", "executor_calls", "model_tokens", "llm_tokens")
        assert [row[name] for name in counts] == [0] * 4
    assert json.loads(json.dumps(rows)) == rows


def test_commands_that_the_simulator_does_not_understand_are_counted(tmp_path: Path) -> None:
    class Babbler(Fixed):
        commands = ("sing a song", "look around", "open the sky", "focus on")

    rows = run(tmp_path / "journal.jsonl", make_agent=Babbler, max_moves=4)
    assert [(row["moves"], row["invalid_commands"]) for row in rows] == [(4, 3)] * 2


def test_two_worlds_give_the_rows_and_transcripts_of_one(
    rows: list[Row], journal: Path, tmp_path: Path
) -> None:
    agent = Diary()
    again = run(tmp_path / "journal.jsonl", make_agent=lambda: agent, worlds=2)
    assert timeless(again) == timeless(rows)
    assert transcripts(tmp_path / "journal.jsonl") == transcripts(journal)
    assert sorted(agent.keys, key=lambda key: key.variation) == EPISODES
    for key, row in zip(EPISODES, again, strict=True):
        told = agent.told[key]
        assert sum(reward for reward, _ in told) == row["score_last"]
        assert [ended for _, ended in told] == [False] * (row["moves"] - 1) + [True]


def test_transcripts_tell_the_whole_episode(rows: list[Row], journal: Path) -> None:
    for row, (start, *moves) in zip(rows, transcripts(journal), strict=True):
        assert (start.move, start.action, start.score) == (0, None, 0)
        assert start.observation.startswith("Your task is to")
        assert "This room is called" in start.look
        assert [move.move for move in moves] == list(range(1, row["moves"] + 1))
        assert all(move.action and move.observation and move.look for move in moves)
        assert sum(move.reward for move in moves) == moves[-1].score == row["score_last"]
        assert {move.subgoal for move in moves} == {move.option_index for move in moves} == {None}


def test_the_oracle_solves_what_the_protocol_lets_it(tmp_path: Path) -> None:
    rows = run(tmp_path / "journal.jsonl", "oracle", OracleAgent, max_moves=100)
    for row in rows:
        assert (row["ended_by"], row["success"], row["score_last"]) == ("solved", True, 100)


def test_limits_and_failures_end_episodes(tmp_path: Path) -> None:
    Fixed.seen.clear()
    failed = run(tmp_path / "failed.jsonl", "fixed", Fixed)
    for row in failed:
        assert (row["ended_by"], row["moves"], row["success"]) == ("failed", 2, False)
        assert (row["score_last"], row["score_negative_as_zero"]) == (-100, 0)
        assert row["score_last_good"] > 0
        assert row["score_last_good"] == sum(
            move.reward for move in transcripts(tmp_path / "failed.jsonl", "fixed")[0][:2]
        )
    for keys in Fixed.seen:
        assert not keys & set(INFOS), "an agent saw what it did not ask for"


def test_the_limit_counts_moves(tmp_path: Path) -> None:
    for row in run(tmp_path / "limit.jsonl", "fixed", Fixed, max_moves=1):
        assert (row["ended_by"], row["moves"], row["success"]) == ("move_limit", 1, False)
        assert row["score_last"] == row["score_negative_as_zero"] > 0


def test_a_score_that_does_not_rise_ends_an_episode_where_the_rule_holds(tmp_path: Path) -> None:
    """The first move scores, whatever it is."""

    class Waiter(Fixed):
        commands: ClassVar[tuple[str, ...]] = ("wait1",) * 9

    for name, limits, moves in (
        ("stalled", {"stall_moves": 3}, 4),
        ("late", {"stall_moves": 3, "stall_from": 6}, 6),
        ("never", {"stall_moves": None, "max_moves": 8}, 8),
    ):
        for row in run(tmp_path / f"{name}.jsonl", "waiter", Waiter, **limits):
            assert (row["moves"], row["ended_by"]) == (moves, "move_limit" if moves == 8 else "stalled")


# --- errors


class Failing(Diary):
    """Plays as the random agent does, but raises in one variation."""

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        if any(info["variation"] == 151 and info["moves"] == 2 for info in infos):
            raise ZeroDivisionError("out of ideas")
        return super().act(slots, observations, infos)


@pytest.mark.parametrize("worlds", [1, 2])
def test_an_error_of_the_agent_ends_the_episode_it_belongs_to(
    rows: list[Row], tmp_path: Path, worlds: int
) -> None:
    path = tmp_path / "journal.jsonl"
    good, bad = run(path, make_agent=Failing, worlds=worlds)
    assert timeless([good]) == timeless(rows[:1])
    assert (bad["ended_by"], bad["moves"]) == ("error", 2)
    assert bad["error"] == "ZeroDivisionError: out of ideas"
    assert len(transcripts(path)[1]) == 3
    agent = Diary()
    assert timeless(run(path, make_agent=lambda: agent)) == timeless(rows), "played again, and well this time"
    assert agent.keys == EPISODES[1:]


def test_a_world_that_dies_ends_its_episode_and_no_other(
    rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = ScienceWorldEnv.step

    def die(env: ScienceWorldEnv, command: str) -> Any:
        if env._variation_now == 150 and env._moves == 2:  # type: ignore[attr-defined]
            assert env._simulator is not None
            os.kill(env._simulator.pid, signal.SIGKILL)
        return step(env, command)

    monkeypatch.setattr(ScienceWorldEnv, "step", die)
    bad, good = run(tmp_path / "journal.jsonl")
    assert (bad["ended_by"], bad["moves"]) == ("error", 2)
    assert bad["error"].startswith("SimulatorError: ")
    assert timeless([good]) == timeless(rows[1:])


def test_an_agent_that_always_fails_is_an_error(tmp_path: Path) -> None:
    class Broken(Fixed):
        commands: ClassVar[tuple[str, ...]] = ()

    with pytest.raises(
        SgdGymError, match=r"Each of 2 episodes of fixed ended by an error; first: IndexError"
    ):
        run(tmp_path / "journal.jsonl", "fixed", Broken)


# --- journals


def test_a_whole_journal_is_not_played_again(rows: list[Row], journal: Path) -> None:
    before = journal.read_bytes()
    assert run(journal, make_agent=refuse) == rows
    assert journal.read_bytes() == before


@pytest.mark.parametrize("cut", [1, 10])
def test_after_a_kill_only_the_missing_episode_is_played(
    rows: list[Row], journal: Path, tmp_path: Path, cut: int
) -> None:
    """A kill can cut the last line anywhere, also just before its line end."""
    part = tmp_path / "random.jsonl"
    part.write_bytes(journal.read_bytes()[:-cut])
    shutil.copytree(journal.with_suffix(""), part.with_suffix(""))
    agent = Diary()
    again = run(part, make_agent=lambda: agent)
    assert agent.keys == EPISODES[1:]
    assert again[0] == rows[0]
    assert timeless(again) == timeless(rows)
    assert run(part, make_agent=refuse) == again


def test_an_episode_without_its_transcript_is_played_again(
    rows: list[Row], journal: Path, tmp_path: Path
) -> None:
    part = tmp_path / "random.jsonl"
    part.write_bytes(journal.read_bytes())
    shutil.copytree(journal.with_suffix(""), part.with_suffix(""))
    transcript_path(part, EPISODES[0]).unlink()
    agent = Diary()
    assert timeless(run(part, make_agent=lambda: agent)) == timeless(rows)
    assert agent.keys == EPISODES[:1]


def test_an_episode_that_fails_again_spoils_nothing(rows: list[Row], journal: Path, tmp_path: Path) -> None:
    class Broken(Fixed):
        commands: ClassVar[tuple[str, ...]] = ()

    part = tmp_path / "random.jsonl"
    part.write_bytes(journal.read_bytes()[:-1])
    shutil.copytree(journal.with_suffix(""), part.with_suffix(""))
    again = run(part, make_agent=Broken)
    assert again[0] == rows[0]
    assert again[1]["ended_by"] == "error"


def test_a_journal_that_was_cut_in_its_first_line_begins_anew(journal: Path, tmp_path: Path) -> None:
    part = tmp_path / "random.jsonl"
    part.write_bytes(journal.read_bytes()[:5])
    agent = Diary()
    run(part, make_agent=lambda: agent, max_moves=1)
    assert agent.keys == EPISODES


def test_a_journal_of_another_setting_is_refused(rows: list[Row], journal: Path) -> None:
    before = journal.read_bytes()
    with pytest.raises(DataError, match=r"random\.jsonl holds episodes of another .*Fix: "):
        run(journal, make_agent=refuse, fingerprint="other")
    assert journal.read_bytes() == before


@pytest.mark.parametrize("text", ["no journal\n", "[]\n", '{"fingerprint": "f"}\n{"task"\n{}\n', "{}\n"])
def test_a_file_that_is_no_journal_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=r"journal\.jsonl.* Fix: "):
        run(path, make_agent=refuse)
    assert path.read_text() == text


def test_the_fingerprint_changes_with_all_that_changes_results(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"1")
    first = fingerprint_of("sgd", PROTOCOL, 30, [tmp_path])
    assert first == fingerprint_of("sgd", PROTOCOL, 30, [tmp_path])
    others = [
        fingerprint_of("flat", PROTOCOL, 30, [tmp_path]),
        fingerprint_of("sgd", replace(PROTOCOL, max_moves=99), 30, [tmp_path]),
        fingerprint_of("sgd", PROTOCOL, 31, [tmp_path]),
        fingerprint_of("sgd", PROTOCOL, 30, []),
    ]
    weights.write_bytes(b"2")
    others.append(fingerprint_of("sgd", PROTOCOL, 30, [tmp_path]))
    assert len({first, *others}) == 6


# --- what an agent may see


@pytest.mark.parametrize("info", ["oracle_path", "goal_progress", "valid_objects", "valid_action"])
def test_an_info_outside_the_protocol_is_refused(tmp_path: Path, info: str) -> None:
    class Peeker(Fixed):
        needs_infos: ClassVar[tuple[str, ...]] = (info,)

    with pytest.raises(UnknownNameError, match=rf"protocol quickstart-dev '{info}'.*valid_actions"):
        run(tmp_path / "journal.jsonl", "my.module:Peeker", Peeker)


def test_the_oracle_gets_its_path_and_nothing_more(tmp_path: Path) -> None:
    class Greedy(OracleAgent):
        needs_infos: ClassVar[tuple[str, ...]] = ("oracle_path", "goal_progress")

    with pytest.raises(UnknownNameError, match="'goal_progress'"):
        run(tmp_path / "journal.jsonl", "oracle", Greedy)


# --- protocols


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=lambda one: one.name)
def test_protocols_let_no_agent_see_what_is_the_evaluators(protocol: Any) -> None:
    assert set(protocol.allowed_infos) <= {"valid_actions"}
    assert protocol.episodes()
    assert (protocol.split == "train") == protocol.name.startswith("train")


@pytest.mark.parametrize(
    ("name", "episodes", "tasks"),
    [
        ("sgd-100", 271, 30),
        ("swiftsage-271", 271, 30),
        ("full-test", 1819, 30),
        ("dev-mini", 89, 30),
        ("heldout", 87, 10),
    ],
)
def test_protocols_have_the_episodes_of_the_papers(name: str, episodes: int, tasks: int) -> None:
    protocol = get_protocol(name)
    keys = protocol.episodes()
    assert (len(keys), len({key.task for key in keys})) == (episodes, tasks)
    assert {get_task(key.task).split_of(key.variation) for key in keys} == {protocol.split}


def test_fewer_variations_where_a_task_has_fewer() -> None:
    """The counts of SwiftSage's logs: 8-1 has 5, 8-2 4, 3-1 and 3-2 5, 6-1 8, 1-x, 6-2, 6-3 9, others 10."""
    counts = Counter(get_task(key.task).id for key in get_protocol("sgd-100").episodes())
    few = {"8-1": 5, "8-2": 4, "3-1": 5, "3-2": 5, "6-1": 8, "6-2": 9, "6-3": 9}
    few |= {f"1-{number}": 9 for number in (1, 2, 3, 4)}
    assert counts == {task.id: few.get(task.id, 10) for task in TASKS}


def test_variations_are_spread_from_the_first_to_the_last() -> None:
    keys = get_protocol("dev-mini").episodes(["find-plant", "identify-life-stages-2"])
    plants = get_task("find-plant").variations("dev")
    chosen = [key.variation for key in keys if key.task == "find-plant"]
    assert chosen == [plants[0], plants[len(plants) // 2], plants[-1]]
    assert [key.variation for key in keys[3:]] == list(get_task("identify-life-stages-2").variations("dev"))


def test_games_to_learn_from_are_of_the_last_variations_and_filled_up() -> None:
    keys = get_protocol("train-30").episodes(["find-plant", "boil"])
    plants = [key for key in keys if key.task == "find-plant"]
    assert [key.variation for key in plants] == list(get_task("find-plant").variations("train"))[-30:]
    assert {key.seed for key in plants} == {0}
    boiled = Counter((key.variation, key.seed) for key in keys if key.task == "boil")
    few = get_task("boil").variations("train")
    assert set(boiled.values()) == {1}
    assert boiled.total() == 30 > len(few)
    assert {variation for variation, seed in boiled if seed == 0} == set(few)


def test_tasks_are_held_out_of_each_topic_and_keep_siblings() -> None:
    held = [get_task(name).id.split("-")[0] for name in HELDOUT_TASKS]
    assert sorted(map(int, held)) == list(range(1, 11))
    left = {task.id.split("-")[0] for task in TASKS if task.name not in HELDOUT_TASKS}
    assert left == set(held)


def test_episodes_come_in_order_and_only_of_the_protocol() -> None:
    protocol = get_protocol("quickstart-dev")
    assert len(protocol.episodes()) == len(set(protocol.episodes()))
    assert protocol.episodes(["4-3"], seed=7)[:2] == [
        EpisodeKey("find-plant", 150, 7),
        EpisodeKey("find-plant", 151, 7),
    ]
    with pytest.raises(UnknownNameError, match="task of protocol quickstart-dev 'boil'"):
        protocol.episodes(["boil"])
    with pytest.raises(UnknownNameError, match=r"protocol 'quickstart'.*'quickstart-dev'"):
        get_protocol("quickstart")
