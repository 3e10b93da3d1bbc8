"""Playing a protocol: complete rows, the same with any number of worlds, nothing played twice."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.agents.oracle import OracleAgent
from sgd_gym.agents.random import RandomAgent
from sgd_gym.benchmarks.protocols import PROTOCOLS, get_protocol
from sgd_gym.benchmarks.run import fingerprint_of, play
from sgd_gym.envs.scienceworld import INFOS
from sgd_gym.errors import DataError, UnknownNameError
from sgd_gym.options import Info, Observation

PROTOCOL = replace(get_protocol("quickstart-dev"), max_moves=12)
EPISODES = [EpisodeKey("find-plant", variation, 0) for variation in (150, 151)]
FIELDS = (
    "protocol agent task variation seed score_last score_negative_as_zero success moves ended_by "
    "planner_calls executor_calls model_tokens llm_tokens seconds"
)
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
    return play(name, make_agent, protocol, EPISODES, worlds, journal, fingerprint)


def refuse() -> Agent:
    raise AssertionError("an agent was built though there is nothing to play")


def timeless(rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


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
        assert row["seconds"] > 0
        counts = ("planner_calls", "executor_calls", "model_tokens", "llm_tokens")
        assert [row[name] for name in counts] == [0] * 4
    assert json.loads(json.dumps(rows)) == rows


def test_two_worlds_give_the_rows_of_one(rows: list[Row], tmp_path: Path) -> None:
    agent = Diary()
    again = run(tmp_path / "journal.jsonl", make_agent=lambda: agent, worlds=2)
    assert timeless(again) == timeless(rows)
    assert sorted(agent.keys, key=lambda key: key.variation) == EPISODES
    for key, row in zip(EPISODES, again, strict=True):
        told = agent.told[key]
        assert sum(reward for reward, _ in told) == row["score_last"]
        assert [ended for _, ended in told] == [False] * (row["moves"] - 1) + [True]


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
    for keys in Fixed.seen:
        assert not keys & set(INFOS), "an agent saw what it did not ask for"


def test_the_limit_counts_moves(tmp_path: Path) -> None:
    for row in run(tmp_path / "limit.jsonl", "fixed", Fixed, max_moves=1):
        assert (row["ended_by"], row["moves"], row["success"]) == ("move_limit", 1, False)
        assert row["score_last"] == row["score_negative_as_zero"] > 0


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
    agent = Diary()
    again = run(part, make_agent=lambda: agent)
    assert agent.keys == EPISODES[1:]
    assert again[0] == rows[0]
    assert timeless(again) == timeless(rows)
    assert run(part, make_agent=refuse) == again


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
    assert protocol.split in ("dev", "test")


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
