"""`OptionRunner` under a planner: who is asked when, how options end, and that worlds stay apart."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.agents.sgd.agent import SGDAgent
from sgd_gym.options import Info, Observation, OptionRecord, OptionRunner

Seen = dict[str, str]


class ListPlanner:
    """Reads its sub-goals from a list, one list for each world; writes down what it was told."""

    def __init__(self, plans: dict[int, list[str]]):
        self.plans = plans
        self.calls: list[tuple[list[int], list[str], list[OptionRecord | None]]] = []
        self.next: dict[int, int] = {}

    def reset(self, slots: Sequence[int]) -> None:
        self.next.update(dict.fromkeys(slots, 0))

    def plan(
        self,
        slots: Sequence[int],
        observations: Sequence[Observation],
        infos: Sequence[Info],
        last: Sequence[OptionRecord | None],
    ) -> list[str]:
        self.calls.append((list(slots), [seen["observation"] for seen in observations], list(last)))
        assert len(slots) == len(observations) == len(infos) == len(last)
        assert [info["slot"] for info in infos] == list(slots)
        subgoals = []
        for slot in slots:
            subgoals.append(self.plans[slot][self.next[slot] % len(self.plans[slot])])
            self.next[slot] += 1
        return subgoals

    def stats(self, slot: int) -> dict[str, int]:
        return {"calls": self.next[slot], "tokens": 0}


def look(reply: str) -> dict[str, str]:
    return {"observation": reply, "look": "", "inventory": ""}


class CountingExecutor:
    """Takes sub-goals such as "walk 2": sends "walk 0", "walk 1", then says that it is done."""

    def __init__(self) -> None:
        self.running: dict[int, tuple[str, int, int]] = {}
        self.is_done: dict[int, bool] = {}

    def reset(self, slots: Sequence[int]) -> None:
        for slot in slots:
            self.running.pop(slot, None)

    def start(self, slot: int, subgoal: str) -> None:
        name, length = subgoal.split()
        self.running[slot] = (name, int(length), 0)

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        assert [info["slot"] for info in infos] == list(slots)
        commands = []
        for slot in slots:
            name, length, made = self.running[slot]
            self.is_done[slot] = made >= length
            self.running[slot] = (name, length, made + 1)
            commands.append("done" if self.is_done[slot] else f"{name} {made}")
        return commands

    def done(self, slot: int) -> bool:
        return self.is_done[slot]

    def observe(self, slot: int, command: str, observation: Observation, reward: float) -> None:
        pass

    def stats(self, slot: int) -> dict[str, int]:
        return {"calls": 0, "tokens": 0}


def reset(agent: SGDAgent, slots: list[int]) -> None:
    agent.reset(slots, [EpisodeKey("boil", 0, 0)] * len(slots))


def play(agent: SGDAgent, slots: list[int], moves: int, ends: bool = True) -> dict[int, list[str]]:
    """Play `moves` moves in each world; reward and reply name the world and the move."""
    reset(agent, slots)
    commands: dict[int, list[str]] = {slot: [] for slot in slots}
    for move in range(moves):
        step(agent, slots, commands, move, ended=ends and move + 1 == moves)
    return commands


def step(agent: SGDAgent, slots: list[int], commands: dict[int, list[str]], move: int, ended: bool) -> None:
    seen: list[Seen] = [look(f"{slot}/{move}") for slot in slots]
    infos: list[dict[str, Any]] = [{"slot": slot} for slot in slots]
    for slot, command in zip(slots, agent.act(slots, seen, infos), strict=True):
        commands[slot].append(command)
        agent.observe(slot, look(f"{slot}/{move + 1}"), 10.0 * slot + move, ended)


def summary(agent: SGDAgent, slot: int) -> list[tuple[str, list[str], str | None]]:
    return [(one.name, one.commands, one.terminated_by) for one in agent.runner.options[slot]]


def check_laws(agent: SGDAgent, slot: int, commands: list[str]) -> None:
    options = agent.runner.options[slot]
    for option in options:
        assert option.duration == len(option.rewards) == len(option.commands) >= 1
        assert len(option.observations) == option.duration
    assert [command for option in options for command in option.commands] == commands
    assert [reward for option in options for reward in option.rewards] == [
        10.0 * slot + move for move in range(len(commands))
    ]
    assert [seen["observation"] for option in options for seen in option.observations] == [
        f"{slot}/{move + 1}" for move in range(len(commands))
    ]


def test_the_executor_ends_options_and_the_planner_is_asked_only_then() -> None:
    planner = ListPlanner({0: ["walk 2", "eat 1", "sleep 3"]})
    agent = SGDAgent(planner, CountingExecutor())
    commands = play(agent, [0], moves=6, ends=False)[0]
    assert commands == ["walk 0", "walk 1", "eat 0", "sleep 0", "sleep 1", "sleep 2"]
    assert summary(agent, 0) == [
        ("walk 2", ["walk 0", "walk 1"], "executor"),
        ("eat 1", ["eat 0"], "executor"),
        ("sleep 3", ["sleep 0", "sleep 1", "sleep 2"], None),
    ]
    check_laws(agent, 0, commands)
    assert [(slots, seen) for slots, seen, _ in planner.calls] == [
        ([0], ["0/0"]),
        ([0], ["0/2"]),
        ([0], ["0/3"]),
    ]


def test_the_planner_is_told_the_option_that_ended() -> None:
    planner = ListPlanner({0: ["walk 2", "eat 1"]})
    agent = SGDAgent(planner, CountingExecutor())
    play(agent, [0], moves=4)
    told = [last[0] for _, _, last in planner.calls]
    assert told == [None, *agent.runner.options[0][:2]]
    first = told[1]
    assert first is not None
    assert (first.name, first.terminated_by) == ("walk 2", "executor")
    assert [seen["observation"] for seen in first.observations] == ["0/1", "0/2"]


def test_the_cap_ends_options() -> None:
    planner = ListPlanner({0: ["walk 99", "eat 2"]})
    agent = SGDAgent(planner, CountingExecutor(), max_option_moves=2)
    commands = play(agent, [0], moves=5)[0]
    assert commands == ["walk 0", "walk 1", "eat 0", "eat 1", "walk 0"]
    assert [option.terminated_by for option in agent.runner.options[0]] == ["cap", "cap", "episode"]
    check_laws(agent, 0, commands)
    assert len(planner.calls) == 3


def test_a_planner_at_every_move_ends_options_by_another_answer() -> None:
    planner = ListPlanner({0: ["walk 9", "walk 9", "eat 2", "eat 2", "eat 2", "run 1"]})
    agent = SGDAgent(planner, CountingExecutor(), planner_every_move=True)
    commands = play(agent, [0], moves=5, ends=False)[0]
    assert commands == ["walk 0", "walk 1", "eat 0", "eat 1", "run 0"]
    assert summary(agent, 0) == [
        ("walk 9", ["walk 0", "walk 1"], "planner"),
        ("eat 2", ["eat 0", "eat 1"], "executor"),
        ("run 1", ["run 0"], None),
    ]
    check_laws(agent, 0, commands)


@pytest.mark.parametrize("moves", [1, 2, 3])
def test_the_episode_ends_the_option_that_runs(moves: int) -> None:
    agent = SGDAgent(ListPlanner({0: ["walk 2"]}), CountingExecutor())
    commands = play(agent, [0], moves)[0]
    *before, last = agent.runner.options[0]
    assert last.terminated_by == "episode"
    assert all(option.terminated_by == "executor" for option in before)
    check_laws(agent, 0, commands)


def test_a_new_episode_starts_with_the_planner_and_without_old_options() -> None:
    planner = ListPlanner({0: ["walk 5"]})
    agent = SGDAgent(planner, CountingExecutor())
    play(agent, [0], moves=2, ends=False)  # cut off from outside, as by a limit on moves
    commands = play(agent, [0], moves=1)[0]
    assert commands == ["walk 0"]
    assert [last for _, _, last in planner.calls] == [[None], [None]]
    check_laws(agent, 0, commands)


@pytest.mark.parametrize("length", [0, 1])
def test_every_option_makes_a_move_whatever_the_executor_says(length: int) -> None:
    """With length 0 the executor says at once that it is done, which it must not."""
    agent = SGDAgent(ListPlanner({0: [f"walk {length}"]}), CountingExecutor())
    commands = play(agent, [0], moves=4)[0]
    check_laws(agent, 0, commands)
    assert len(agent.runner.options[0]) == 4


def test_worlds_do_not_disturb_each_other() -> None:
    """Two worlds end options at different moves, one ends early and begins again beside the other."""
    plans = {3: ["walk 2", "eat 1"], 7: ["run 3", "hop 2"]}
    alone = {}
    for slot in plans:
        agent = SGDAgent(ListPlanner(plans), CountingExecutor())
        commands = play(agent, [slot], moves=6)[slot]
        alone[slot] = (commands, summary(agent, slot))

    agent = SGDAgent(ListPlanner(plans), CountingExecutor())
    commands = play(agent, [3, 7], moves=6)
    for slot in plans:
        assert (commands[slot], summary(agent, slot)) == alone[slot]
        check_laws(agent, slot, commands[slot])


def test_a_world_begins_anew_while_another_plays_on() -> None:
    agent = SGDAgent(ListPlanner({0: ["walk 2"], 1: ["run 3"]}), CountingExecutor())
    commands = play(agent, [0, 1], moves=1, ends=False)
    reset(agent, [1])
    again: dict[int, list[str]] = {0: commands[0], 1: []}
    for move, slots in ((1, [1, 0]), (2, [0]), (2, [1])):
        step(agent, slots, again, move, ended=False)
    assert again == {0: ["walk 0", "walk 1", "walk 0"], 1: ["run 0", "run 1"]}
    assert [option.name for option in agent.runner.options[1]] == ["run 3"]
    assert [option.name for option in agent.runner.options[0]] == ["walk 2", "walk 2"]


def test_commands_come_in_the_order_of_the_slots() -> None:
    agent = SGDAgent(ListPlanner({0: ["walk 9"], 1: ["run 9"]}), CountingExecutor())
    reset(agent, [0, 1])
    seen = [look("")] * 2
    assert agent.act([1, 0], seen, [{"slot": 1}, {"slot": 0}]) == ["run 0", "walk 0"]


def test_two_records_do_not_share_lists() -> None:
    records = [OptionRecord("walk"), OptionRecord("walk")]
    records[0].commands.append("go")
    for one, other in pairwise(records):
        assert one != other


@pytest.mark.parametrize("max_moves", [0, -1])
def test_a_cap_below_one_move_is_refused(max_moves: int) -> None:
    with pytest.raises(ValueError, match=rf"max_moves is {max_moves}\. Allowed: 1 or more"):
        OptionRunner(CountingExecutor(), max_moves)
