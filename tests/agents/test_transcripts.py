"""At play, agents read exactly the text that their models were trained on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.agents.flat.agent import FlatAgent
from sgd_gym.agents.sgd.agent import SGDAgent
from sgd_gym.agents.sgd.executor import ModelExecutor
from sgd_gym.agents.sgd.planner import ModelPlanner
from sgd_gym.prompts import ACT, DONE, END, Role, is_needless, transcript
from sgd_gym.trajectories import Episode, Step, read_episodes


class Dictation:
    """Stands where the model's `Writer` stands: writes what it is told, and keeps what was read."""

    def __init__(self, targets: Sequence[str]):
        self.targets = iter(targets)
        self.texts: list[str] = []

    def reset(self, slots: Sequence[int]) -> None:
        self.texts.clear()

    def read(self, slot: int, text: str) -> None:
        self.texts.append(text)

    def write(self, slot: int, opener: str, may_be_done: bool = False) -> str:
        target = next(self.targets)
        assert may_be_done or target != DONE
        self.texts += [opener, target]
        return target.removesuffix(END)

    def stats(self, slot: int) -> dict[str, int]:
        return {"calls": 0, "tokens": 0}


@pytest.fixture(scope="module")
def episodes(annotated_data: Path) -> list[Episode]:
    episodes = read_episodes(annotated_data)
    assert any(is_needless(step) for episode in episodes for step in episode.steps)
    return episodes


def texts_of(episode: Episode, role: Role) -> list[str]:
    return [segment.text for segment in transcript(episode, role)]


def targets_of(episode: Episode, role: Role) -> list[str]:
    return [segment.text for segment in transcript(episode, role) if segment.target]


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


def make_sgd(checkpoints: Path, planned: Any, executed: Any, max_option_moves: int = 30) -> SGDAgent:
    planner = ModelPlanner(checkpoints / "planner")
    executor = ModelExecutor(checkpoints / "executor")
    planner._writer, executor._writer = planned, executed
    return SGDAgent(planner, executor, max_option_moves)


def test_flat_reads_what_it_was_trained_on(checkpoints: Path, episodes: list[Episode]) -> None:
    agent = FlatAgent(checkpoints / "flat")
    for episode in episodes:
        agent._writer = writer = Dictation(targets_of(episode, "flat"))  # type: ignore[assignment]
        commands = play(agent, episode)
        assert commands == [step.action for step in episode.steps if not is_needless(step)]
        assert writer.texts == texts_of(episode, "flat")


def test_planner_and_executor_read_what_they_were_trained_on(
    checkpoints: Path, episodes: list[Episode]
) -> None:
    for episode in episodes:
        planned = Dictation(targets_of(episode, "planner"))
        executed = Dictation(targets_of(episode, "executor"))
        agent = make_sgd(checkpoints, planned, executed)
        commands = play(agent, episode)
        assert commands == [step.action for step in episode.steps if not is_needless(step)]
        assert executed.texts == texts_of(episode, "executor")
        trained = texts_of(episode, "planner")
        assert planned.texts == trained[: len(planned.texts)]
        assert len(planned.texts) == max(
            number for number, text in enumerate(trained, 1) if text in targets_of(episode, "planner")
        )
        names = list(dict.fromkeys((step.option_index, step.subgoal) for step in episode.steps))
        assert [option.name for option in agent.runner.options[0]] == [name for _, name in names]


def test_an_option_that_the_cap_ended_reads_as_done_for_both(
    checkpoints: Path, episodes: list[Episode]
) -> None:
    episode = episodes[0]
    planned = Dictation(["wait()" + END] * 99)
    executed = Dictation([one for one in targets_of(episode, "executor") if one != DONE])
    agent = make_sgd(checkpoints, planned, executed, max_option_moves=2)
    commands = play(agent, episode)
    options = agent.runner.options[0]
    assert {option.terminated_by for option in options[:-1]} == {"cap"}
    assert len(options) == -(-len(commands) // 2)
    assert planned.texts == executed.texts[: len(planned.texts)]
    assert executed.texts.count(DONE) == len(options) - 1
    for number, text in enumerate(executed.texts):
        if text == DONE:
            assert executed.texts[number - 1] == ACT


def test_agents_begin_a_new_episode_with_nothing_shown(checkpoints: Path, episodes: list[Episode]) -> None:
    one, other = episodes[:2]
    targets = [[*targets_of(one, role), *targets_of(other, role)] for role in ("planner", "executor")]
    agent = make_sgd(checkpoints, *map(Dictation, targets))
    play(agent, one)
    play(agent, other)
    assert agent.runner.executor._writer.texts == texts_of(other, "executor")  # type: ignore[attr-defined]


def test_trained_agents_play_and_count(checkpoints: Path, episodes: list[Episode]) -> None:
    """Three steps of training teach no task, but every command must come out as text."""
    agents: list[Agent] = [
        FlatAgent(checkpoints / "flat"),
        SGDAgent(ModelPlanner(checkpoints / "planner"), ModelExecutor(checkpoints / "executor"), 3),
    ]
    look = seen_after(episodes[0], -1)
    for agent in agents:
        agent.reset([0, 1], [EpisodeKey("find-plant", number, 0) for number in range(2)])
        for _ in range(5):
            commands = agent.act([0, 1], [look, look], [{}, {}])
            assert all(isinstance(command, str) for command in commands)
            assert commands[0] == commands[1]
            assert not any(END in command or DONE in command for command in commands)
            for slot in (0, 1):
                agent.observe(slot, look, 0.0, False)
        stats = agent.stats(0)
        assert stats["executor_calls"] >= 5
        assert stats["model_tokens"] > 100
        assert stats == agent.stats(1)
    assert agents[0].stats(0)["planner_calls"] == 0
    assert agents[1].stats(0)["planner_calls"] >= 2
