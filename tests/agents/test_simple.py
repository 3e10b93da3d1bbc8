"""The random and the oracle agent: what they choose depends on the episode alone."""

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.agents.oracle import OracleAgent
from sgd_gym.agents.random import RandomAgent

VALID = [f"command {number}" for number in range(50)]


def draw(agent: RandomAgent, slots: list[int], moves: int = 5) -> dict[int, list[str]]:
    seen, infos = [{}] * len(slots), [{"valid_actions": VALID}] * len(slots)
    drawn: dict[int, list[str]] = {slot: [] for slot in slots}
    for _ in range(moves):
        for slot, command in zip(slots, agent.act(slots, seen, infos), strict=True):
            drawn[slot].append(command)
    return drawn


def test_random_draws_depend_on_the_episode_and_not_on_the_world() -> None:
    keys = [EpisodeKey("boil", 0, 0), EpisodeKey("boil", 1, 0)]
    agent, other = RandomAgent(), RandomAgent()
    agent.reset([0, 1], keys)
    other.reset([5], keys[1:])
    both = draw(agent, [0, 1])
    assert set(both[0] + both[1]) <= set(VALID)
    assert both[1] == draw(other, [5])[5]
    assert both[0] != both[1]


def test_random_draws_change_with_seed_and_task() -> None:
    drawn = []
    for key in (EpisodeKey("boil", 0, 0), EpisodeKey("boil", 0, 1), EpisodeKey("melt", 0, 0)):
        agent = RandomAgent()
        agent.reset([0], [key])
        drawn.append(tuple(draw(agent, [0])[0]))
    assert len(set(drawn)) == 3


def test_random_begins_anew_with_each_episode() -> None:
    agent, key = RandomAgent(), EpisodeKey("boil", 0, 0)
    agent.reset([0], [key])
    first = draw(agent, [0])
    agent.reset([0], [key])
    assert draw(agent, [0]) == first


def test_oracle_plays_its_path_and_then_waits() -> None:
    agent = OracleAgent()
    path = ["go to kitchen", "pick up cup"]
    commands = [agent.act([0], [{}], [{"oracle_path": path, "moves": moves}])[0] for moves in range(4)]
    assert commands == [*path, "wait1", "wait1"]


def test_agents_without_models_count_none() -> None:
    zeros = {"planner_calls": 0, "executor_calls": 0, "model_tokens": 0}
    assert RandomAgent().stats(0) == OracleAgent().stats(0) == zeros


def test_only_the_oracle_asks_for_what_is_the_evaluators() -> None:
    assert OracleAgent.needs_infos == ("oracle_path",)
    assert RandomAgent.needs_infos == ("valid_actions",)
