"""Games as short texts for a page: each line of text once, numbers for the rest, gzip, base64.

The law of this module: `unpack(pack(games)) == games`. A browser unpacks with DecompressionStream.
"""

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any


@dataclass
class Game:
    """What happened in one episode, a list for each figure; place 0 is the start, before any move."""

    episode: int
    """Place of the episode among the rows of the report."""
    option: list[int | None]
    """Which option of the game a move belongs to."""
    reward: list[float]
    score: list[float]
    tokens: list[int]
    seconds: list[float]
    subgoal: list[str | None]
    action: list[str | None]
    observation: list[str | None]
    look: list[str | None]
    inventory: list[str | None]


TEXTS = ("subgoal", "action", "observation", "look", "inventory")
_NUMBERS = tuple(one.name for one in fields(Game) if one.name not in TEXTS)


class _Numbering:
    """Gives each distinct key a number, in order of appearance."""

    def __init__(self) -> None:
        """Start empty."""
        self.numbers: dict[object, int] = {}

    def number(self, key: object) -> int:
        """Return the number of a key."""
        return self.numbers.setdefault(key, len(self.numbers))


def pack(games: Sequence[Game]) -> str:
    """Return games as base64 of gzipped JSON.

    Rooms change by a line at a time, so a text is kept as the numbers of its lines. Games of one task share
    most of their lines: pack them together.
    """
    lines, texts = _Numbering(), _Numbering()

    def number(text: str | None) -> int:
        """Number a text; none at all is -1."""
        return -1 if text is None else texts.number(tuple(lines.number(line) for line in text.split("\n")))

    packed = [
        {name: getattr(game, name) for name in _NUMBERS}
        | {name: [number(text) for text in getattr(game, name)] for name in TEXTS}
        for game in games
    ]
    payload = {"lines": list(lines.numbers), "texts": list(texts.numbers), "games": packed}
    raw = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(raw, mtime=0)).decode()  # no time: equal games give equal bytes


def unpack(packed: str) -> list[Game]:
    """Return the games that were packed."""
    payload = json.loads(gzip.decompress(base64.b64decode(packed)))
    texts = ["\n".join(payload["lines"][line] for line in text) for text in payload["texts"]]
    games = []
    for game in payload["games"]:
        columns: dict[str, Any] = {name: game[name] for name in _NUMBERS}
        for name in TEXTS:
            columns[name] = [None if one < 0 else texts[one] for one in game[name]]
        games.append(Game(**columns))
    return games
