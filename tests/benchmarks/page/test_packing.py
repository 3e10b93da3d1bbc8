"""Packed games are small, deterministic, and come back as they were."""

import base64
import gzip
import json
import random

from sgd_gym.benchmarks.page.packing import Game, pack, unpack


def make_game(episode: int, observations: list[str | None], look: str = "a room\n\ta door\n") -> Game:
    count = len(observations)
    return Game(
        episode=episode,
        option=[None, *range(count - 1)],
        reward=[0.0, *[2.5] * (count - 1)],
        score=[2.5 * move for move in range(count)],
        tokens=[0] * count,
        seconds=[0.125] * count,
        subgoal=[None, *["navigate_to(kitchen)"] * (count - 1)],
        action=[None, *["go to kitchen"] * (count - 1)],
        observation=observations,
        look=[look] * count,
        inventory=[None] * count,
    )


def test_games_come_back_as_they_were() -> None:
    texts = [
        "a task",
        "",
        "\n",
        "one\ntwo\n",
        "</script><script>alert(1)</script>",
        'ünïcode ☂ \u2028 \x00 \\ "',
        None,
    ]
    games = [make_game(7, texts), make_game(0, ["a task"])]
    assert unpack(pack(games)) == games
    assert unpack(pack([])) == []


def test_what_repeats_costs_next_to_nothing() -> None:
    draw = random.Random(0)
    room = "\n".join(f"\ta {draw.random()}" for _ in range(200))
    one, many = (pack([make_game(place, ["x"] * 50, room) for place in range(count)]) for count in (1, 100))
    assert len(many) < 4 * len(one)
    # A room in which one thing has moved shares all other lines.
    moved = [make_game(place, ["x"], f"{room}\n{place}") for place in range(100)]
    payload = json.loads(gzip.decompress(base64.b64decode(pack(moved))))
    assert len(payload["lines"]) < 310


def test_equal_games_give_equal_bytes() -> None:
    assert pack([make_game(0, ["a"])]) == pack([make_game(0, ["a"])])
