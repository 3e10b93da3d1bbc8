"""At play, agents read exactly the text that their models were trained on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.agents.flat.agent import FlatAgent
from sgd_gym.agents.history import History
from sgd_gym.agents.sgd.agent import SGDAgent
from sgd_gym.agents.sgd.executor import ModelExecutor
from sgd_gym.agents.sgd.planner import ModelPlanner
from sgd_gym.agents.sgd.shared import SharedPlanner, make_pair
from sgd_gym.agents.swiftsage.local import LocalSage
from sgd_gym.models.checkpoint import load_checkpoint
from sgd_gym.models.generation import load_writer, make_writer
from sgd_gym.models.transcripts import TranscriptWriter
from sgd_gym.models.trees import Tree
from sgd_gym.models.writer import Counts
from sgd_gym.prompts import (
    Advice,
    Ask,
    Command,
    Done,
    Event,
    Plan,
    Role,
    each_advice,
    is_needless,
    make_events,
    make_segments,
)
from sgd_gym.prompts.events import is_target
from sgd_gym.trajectories import Episode, Step, read_episodes


class Dictation:
    """Stands where the model's `Writer` stands: writes what it is told, and keeps what was read."""

    def __init__(self, targets: Sequence[Event]):
        self.targets = iter(targets)
        self.events: list[Event] = []
        self.counts = {0: Counts()}

    def reset(self, slots: Sequence[int]) -> None:
        self.events.clear()

    def read(self, slot: int, event: Event) -> None:
        self.events.append(event)

    def write(
        self,
        slots: Sequence[int],
        kind: Ask,
        may_be_done: Sequence[bool] | None = None,
        trees: Sequence[Tree | None] | None = None,
    ) -> list[Event]:
        assert list(slots) == [0]
        target = next(self.targets)
        assert isinstance(target, Plan) == (kind == "subgoal")
        assert not isinstance(target, Done) or (may_be_done or [False])[0]
        self.events.append(target)
        return [target]

    def retract(self, slot: int, event: Event) -> None:
        assert self.events.pop() == event

    def stats(self, slot: int) -> dict[str, int]:
        return {"calls": 0, "tokens": 0}


@pytest.fixture(scope="module")
def episodes(annotated_data: Path) -> list[Episode]:
    episodes = read_episodes(annotated_data)
    assert any(is_needless(step) for episode in episodes for step in episode.steps)
    return episodes


def events_of(episode: Episode, role: Role) -> list[Event]:
    return list(make_events(episode, subgoals=role != "flat"))


def targets_of(episode: Episode, role: Role) -> list[Event]:
    return [event for event in events_of(episode, role) if is_target(event, role)]


def play(agent: Agent, episode: Episode) -> list[str]:
    """Play an episode in which the world answers as the record says; return the commands."""
    numbers = [number for number, step in enumerate(episode.steps) if not is_needless(step)]
    agent.reset([0], [EpisodeKey(episode.task, episode.variation, 0)])
    seen, commands = seen_after(episode, -1), []
    for number in numbers:
        commands += agent.act([0], [seen], [{}])
        seen = seen_after(episode, number)
        agent.observe(0, seen, episode.steps[number].reward, number == numbers[-1])
    return commands


def seen_after(episode: Episode, number: int) -> dict[str, str]:
    """Return what a step of the record showed; -1 is the start."""
    after: Step = episode.steps[min(number + 1, len(episode.steps) - 1)]
    return {
        "task": episode.task_description,
        "look": after.look,
        "inventory": after.inventory,
        "observation": episode.steps[number].observation if number >= 0 else after.look,
    }


def make_sgd(planned: Any, executed: Any, max_option_moves: int = 30) -> SGDAgent:
    return SGDAgent(ModelPlanner(planned), ModelExecutor(executed), max_option_moves)


def commands_of(episode: Episode) -> list[str]:
    return [step.action for step in episode.steps if not is_needless(step)]


def without_end(events: list[Event]) -> list[Event]:
    """Return the events up to the last command: its reply ends the episode, and nobody is asked again."""
    last = max(number for number, event in enumerate(events) if isinstance(event, Command))
    return events[: last + 1]


def test_flat_reads_what_it_was_trained_on(episodes: list[Episode]) -> None:
    for episode in episodes:
        writer = Dictation(targets_of(episode, "flat"))
        assert play(FlatAgent(writer), episode) == commands_of(episode)  # type: ignore[arg-type]
        assert without_end(writer.events) == without_end(events_of(episode, "flat"))


def test_planner_and_executor_read_what_they_were_trained_on(episodes: list[Episode]) -> None:
    for episode in episodes:
        planned = Dictation(targets_of(episode, "planner"))
        executed = Dictation(targets_of(episode, "executor"))
        agent = make_sgd(planned, executed)
        assert play(agent, episode) == commands_of(episode)
        trained = events_of(episode, "executor")
        assert without_end(executed.events) == without_end(trained)
        last_plan = max(number for number, event in enumerate(trained) if isinstance(event, Plan))
        assert planned.events == trained[: last_plan + 1]
        names = list(dict.fromkeys((step.option_index, step.subgoal) for step in episode.steps))
        assert [option.name for option in agent.runner.options[0]] == [name for _, name in names]


def test_one_model_for_both_reads_one_transcript(episodes: list[Episode]) -> None:
    for episode in episodes:
        trained = events_of(episode, "executor")
        targets = [one for one in trained if is_target(one, "planner") or is_target(one, "executor")]
        writer: Any = Dictation(targets)
        executor = ModelExecutor(writer)
        agent = SGDAgent(SharedPlanner(executor), executor)
        assert play(agent, episode) == commands_of(episode)
        assert without_end(writer.events) == without_end(trained)


def test_one_transcript_gives_the_same_game_for_fewer_tokens(
    checkpoints: Path, episodes: list[Episode]
) -> None:
    model, tokenizer, _ = load_checkpoint(checkpoints / "executor", "executor")
    looks = [seen_after(episode, -1) for episode in episodes[:2]]
    for every_move in (False, True):
        told = []
        for is_one in (False, True):
            pair = make_pair(lambda role: make_writer(model, tokenizer), is_one)
            assert isinstance(pair[0], SharedPlanner) == is_one
            agent = SGDAgent(*pair, max_option_moves=3, planner_every_move=every_move)
            agent.reset([0, 1], [EpisodeKey("find-plant", number, 0) for number in range(2)])
            game = []
            for _ in range(8):
                commands = agent.act([0, 1], looks, [{}, {}])
                game.append((commands, agent.subgoal(0), agent.subgoal(1)))
                for slot in (0, 1):
                    agent.observe(slot, looks[slot], 0.0, False)
            told.append((game, agent.stats(0)))
        (apart, dear), (together, cheap) = told
        assert apart == together
        assert cheap["planner_calls"] == dear["planner_calls"] > 1
        assert cheap["executor_calls"] == dear["executor_calls"]
        assert cheap["model_tokens"] < dear["model_tokens"]


def test_an_option_that_the_cap_ended_reads_as_done_for_both(episodes: list[Episode]) -> None:
    episode = episodes[0]
    planned = Dictation([Plan("wait()")] * 99)
    executed = Dictation([one for one in targets_of(episode, "executor") if not isinstance(one, Done)])
    agent = make_sgd(planned, executed, max_option_moves=2)
    commands = play(agent, episode)
    options = agent.runner.options[0]
    assert {option.terminated_by for option in options[:-1]} == {"cap"}
    assert len(options) == -(-len(commands) // 2)
    assert planned.events == executed.events[: len(planned.events)]
    assert executed.events.count(Done()) == len(options) - 1


def test_a_primitive_option_is_read_by_the_executor(episodes: list[Episode]) -> None:
    executed = Dictation([Command("go to kitchen"), Done(), Command("wait")])
    agent = make_sgd(
        Dictation([Plan(one) for one in ("navigate_to(kitchen)", "do(look)", "wait()")]), executed
    )
    agent.reset([0], [EpisodeKey("find-plant", 0, 0)])
    seen = seen_after(episodes[0], -1)
    for _ in range(3):
        agent.act([0], [seen], [{}])
        agent.observe(0, seen, 0.0, False)
    kinds = [type(event).__name__ for event in executed.events]
    option = ["Plan", "Command", "Reply"]
    assert kinds == ["Start", *option, "Done", "Command", "Reply", "Done", *option]
    assert Command("look") in executed.events


def test_agents_begin_a_new_episode_with_nothing_read(episodes: list[Episode]) -> None:
    one, other = episodes[:2]
    targets = [[*targets_of(one, role), *targets_of(other, role)] for role in ("planner", "executor")]
    planned, executed = map(Dictation, targets)
    agent = make_sgd(planned, executed)
    play(agent, one)
    play(agent, other)
    assert without_end(executed.events) == without_end(events_of(other, "executor"))


def test_sage_reads_what_it_was_trained_on(checkpoints: Path, episodes: list[Episode]) -> None:
    """Before each advice: commands and replies, whoever chose them, and no advice."""
    episode = episodes[0]
    writer = load_writer(checkpoints / "sage", "sage")
    assert isinstance(writer, TranscriptWriter)
    sage = LocalSage(writer)
    sage.reset([0], [EpisodeKey(episode.task, episode.variation, 0)])
    history = History(episode.task_description, "", "")
    trained = each_advice(make_segments(episode, ["sage"]))
    for event in make_events(episode, subgoals=False, advice=True):
        if isinstance(event, Advice):
            sage.advise({0: history})
            read = [token for segment in writer._pages[0].segments for token in segment]
            *told, _, _ = next(trained)
            assert writer.tokenizer.decode(read) == "".join(one.text for one in told)
        else:
            sage.read(0, event)
    assert next(trained, None) is None


def test_trained_agents_play_and_count(checkpoints: Path, episodes: list[Episode]) -> None:
    """Three steps of training teach no task, but every command must come out as text."""
    agents: list[Agent] = [
        FlatAgent(load_writer(checkpoints / "flat", "flat")),
        SGDAgent(
            ModelPlanner(load_writer(checkpoints / "planner", "planner")),
            ModelExecutor(load_writer(checkpoints / "executor", "executor")),
            3,
        ),
    ]
    look = seen_after(episodes[0], -1)
    for agent in agents:
        agent.reset([0, 1], [EpisodeKey("find-plant", number, 0) for number in range(2)])
        for _ in range(5):
            commands = agent.act([0, 1], [look, look], [{}, {}])
            assert all(isinstance(command, str) for command in commands)
            assert commands[0] == commands[1]
            assert not any("<|" in command for command in commands)
            for slot in (0, 1):
                agent.observe(slot, look, 0.0, False)
        stats = agent.stats(0)
        assert stats["executor_calls"] >= 5
        assert stats["model_tokens"] > 100
        assert stats == agent.stats(1)
    assert agents[0].stats(0)["planner_calls"] == 0
    assert agents[1].stats(0)["planner_calls"] >= 2
