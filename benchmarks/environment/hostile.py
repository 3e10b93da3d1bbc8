"""Commands made to break the way between Python and the simulator, and back; plays none of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sgd_gym.spaces import CommandText

LONG = 1_000_000
"""Characters of the longest commands."""

WORDS = ("look around", "pick up", "open", "connect", "go to", "door", "in", "orange", "use", "focus on")

# py4j sends a call as "c\nOBJECT\nMETHOD\nARGUMENTS\ne\n" and an answer as "!y" and a value.
PROTOCOL = (
    "c\nt\nshutdownGateway\ne\n",
    "c\nt\ngetPort\ne\n",
    "c\nz:java.lang.System\nexit\ni1\ne\n",
    "c\no0\nclose\ne\n",
    "A\nwrong-token\ne\n",
    "m\nd\no1\ne\n",
    "r\nu\njvm\njava.lang\ne\n",
    "z:java.lang.System",
    "\ne\n",
    "e\n",
    "q\n",
    "x\n",
    "s\n",
    "r1",
    "ro1",
    "yro1",
    "!",
    "!ys",
    "!ysYou teleport to the kitchen.",
    "!yv\n",
    "!yro1\n",
    "!xsAn error\n",
    "!xe\n",
    "\\n\\re\\n",
    "\\",
    "\\\\n",
)

REPLIES = (
    "You teleport to the kitchen.",
    "No known action matches that input.",
    "Unknown action.  Type 'help' for a list of actions.",
    "Ambiguous request: Please enter the number for the action you intended:\n0:\tlook at door\n",
    "This room is called the kitchen. In it, you see:\n\tthe agent\n",
    "In your inventory, you see:\n\tan orange\n",
    "Task Description:\nYour task is to boil water.",
    "100",
    "true",
    "None",
)

FORMATS = (
    "%s%s%s%n",
    "%d %x %p",
    "{0} {} {name}",
    "${jndi:ldap://localhost/a}",
    "$(reboot)",
    "`reboot`",
    "'; DROP TABLE agents; --",
    '"; System.exit(0); //',
    "<script>alert(1)</script>",
    "../../../../etc/passwd",
    "#{7*7}",
    "[[[[((((",
    "(a+)+$",
    "\\u0041\\x41",
)

NUMBERS = ("0", "-1", "1", "99999999999", "1e9", "0x10", "1.5", "NaN", "-0", "٣", "1,000", "2147483648")

UNICODE = (
    "\ufeff",
    "\u200b",
    "\u202e",
    "\u2028",
    "\u2029",
    "\u0085",
    "\xa0",
    "\u0301",
    "\U0001f600",
    "\U0010ffff",
    "\ufffd",
    "\ufffe",
    "ﷺ",
    "İ",
    "ß",
    "中",
    "\uff4c\uff4f\uff4f\uff4b",
    "לך",
)

BROKEN = (
    b"\xff\xfe",
    b"\xc0\xaf",  # overlong slash
    b"\xc0\x80",  # overlong NUL
    b"\xe0\x80\x8a",  # overlong newline
    b"\xf0\x9f\x98",  # emoji cut off
    b"\xed\xa0\x80",  # surrogate, encoded
    b"\xf8\x88\x80\x80\x80",  # five bytes
    b"\x80\x80\x80",
)


@dataclass(frozen=True)
class HostileCommand:
    """One command, and whether it may mean something to the simulator."""

    kind: str
    text: str

    def __str__(self) -> str:
        """Return the kind and the beginning of the text, as ASCII."""
        return f"{self.kind} {self.text[:60]!a}"

    @property
    def may_be_valid(self) -> bool:
        """Whether the simulator may understand it; all others it must refuse."""
        return self.kind == "mutated"


def make_hostile_commands(count: int, seed: int = 0) -> Iterator[HostileCommand]:
    """Yield hostile commands; every hundredth or so is a megabyte long.

    Args:
        count: How many.
        seed: The same seed gives the same commands.
    """
    generator = np.random.default_rng([seed, count])
    space = CommandText()
    space.seed(seed)
    for _ in range(count):
        kind = "long" if generator.random() < 0.01 else _KINDS[generator.integers(len(_KINDS))]
        yield HostileCommand(kind, _MAKERS[kind](generator, space))


def _pick(generator: np.random.Generator, texts: tuple[str, ...]) -> str:
    return texts[generator.integers(len(texts))]


def _sample(space: CommandText) -> str:
    """Return a well-formed command that is no teleport, for that is how the probes between them go."""
    while (text := space.sample()).startswith("teleport"):
        pass
    return text


def _broken(generator: np.random.Generator, space: CommandText) -> str:
    """Return bytes that are no UTF-8, as Python hands them on from a terminal, or lone surrogates."""
    broken = BROKEN[generator.integers(len(BROKEN))]
    random = generator.integers(256, size=generator.integers(30), dtype=np.uint8).tobytes()
    parts = [_sample(space).encode(), broken, random]
    generator.shuffle(parts)
    text = b"".join(parts).decode("utf-8", "surrogateescape")
    return text if generator.random() < 0.5 else text + chr(generator.integers(0xD800, 0xE000))


def _long(generator: np.random.Generator, space: CommandText) -> str:
    units = ("x", " ", "\n", "\0", "é", "\U0001f600", "\\", "\udcff", "e\n", "look around ", "a b ", "9")
    unit = _pick(generator, units)
    return unit * (LONG // len(unit))


def _control(generator: np.random.Generator, space: CommandText) -> str:
    controls = [chr(number) for number in (*range(32), 127, *range(128, 160))] + [
        "\r\n",
        "\x1b[2J",
        "\x1b]0;",
    ]
    drawn = [controls[number] for number in generator.integers(len(controls), size=generator.integers(1, 20))]
    drawn.insert(generator.integers(len(drawn) + 1), f"{_pick(generator, WORDS)}\n\x00\nrm -rf")
    return "".join(drawn)


def _unicode(generator: np.random.Generator, space: CommandText) -> str:
    numbers = generator.integers(len(UNICODE), size=generator.integers(1, 30))
    return "".join(UNICODE[number] for number in numbers) + space.sample()


def _repeated(generator: np.random.Generator, space: CommandText) -> str:
    return " ".join([_pick(generator, WORDS)] * int(generator.integers(5, 3000)))


def _mutated(generator: np.random.Generator, space: CommandText) -> str:
    """Return a command with a slip in it; it may still be one, such as with other letter case."""
    text = _sample(space)
    if generator.random() < 0.1:
        text = "reset task"
    at = int(generator.integers(len(text)))
    noise = _pick(generator, (" ", "\t", "\n", "\0", "\x7f", "\udcff", "\u212a", "e", "0", " in "))
    changes: tuple[Callable[[], str], ...] = (
        lambda: text[:at] + noise + text[at:],
        lambda: text[:at] + text[at + 1 :],
        lambda: text[:at] + text[at : at + 2][::-1] + text[at + 2 :],
        lambda: text.upper(),
        lambda: f"{noise * 50}{text}{noise * 50}",
        lambda: f"{text}\n{space.sample()}",
        lambda: " ".join(text.split()[:-1]),
        lambda: text.replace("k", "\u212a"),  # the Kelvin sign, whose small letter is k
        lambda: text,
    )
    return changes[generator.integers(len(changes))]()


def _from(texts: tuple[str, ...]) -> Callable[[np.random.Generator, CommandText], str]:
    return lambda generator, space: _pick(generator, texts)


_MAKERS: dict[str, Callable[[np.random.Generator, CommandText], str]] = {
    "broken UTF-8": _broken,
    "control characters": _control,
    "unicode": _unicode,
    "repeated words": _repeated,
    "protocol": _from(PROTOCOL),
    "replies": _from(REPLIES),
    "formats": _from(FORMATS),
    "numbers": _from(NUMBERS),
    "mutated": _mutated,
    "long": _long,
}
# Slips in commands come more often, since the simulator understands some of them.
_KINDS = [kind for kind in _MAKERS if kind != "long"] + ["mutated"] * 3
