"""Names that only tell things apart, written as slots.

As in reading comprehension with anonymous entities (Hermann et al., 2015): a task that says "boil soap"
reads "boil thingA=soap", and every later soap is thingA. A small model then need not learn to copy before
it can follow a task, and does the same for substances, plants and animals that it has never read of. Nor need
it learn to compare numbers: a temperature is told with whether it lies above the one that the task names,
and how far something is down an inclined plane with whether that is farther than on the other one.
"""

import re
from collections.abc import Sequence
from functools import partial

_Family = tuple[str, re.Pattern[str], bool]
_COLOURS = "red|orange|yellow|green|blue|violet|purple|black|white|brown"
_FAMILIES: tuple[_Family, ...] = (
    # slot word, where such a name stands, whether only names in the task get slots
    ("wire", re.compile(rf"\b({_COLOURS})\b(?= wire\b)"), False),
    ("device", re.compile(rf"\b((?:{_COLOURS}) light bulb|electric (?:motor|buzzer))\b"), False),
    ("colour", re.compile(rf"\b({_COLOURS})\b(?= box\b)", re.IGNORECASE), True),
    ("number", re.compile(r"(?<=flower pot )(\d+)\b"), False),
    (
        "plant",
        re.compile(r"\b(?!(?:the|an?|on|seed|\w+ing)\b)([a-z]+)(?= (?:tree|plant)\b(?! height))"),
        False,
    ),
)
_THINGS = tuple(
    re.compile(pattern)
    for pattern in (
        r"task is to (?:boil|melt|freeze|change the state of matter of) (.+?)\.",
        r"measure the (?:temperature|melting point) of (?:solid |liquid )?(.+?), which",
        r"determine if (.+?)(?: \(.+?\))? is electrically",
        r"turn on the (.+?)(?: by powering|\.)",
        r"grow an? (.+?)(?: plant from|\.)",
        r"life stages of the (.+?)(?: plant)?,",
        r"trait in the (.+?) plant\.",
        r"create the substance '(.+?)'",
        r"inclined planes \((.+?), (.+?)\)",
        r"create (?:[a-z]+-)?(red|yellow|blue)(?:-[a-z]+)? paint",
    )
)
"""Where a task names what it is about; one task names two things of a kind."""
_PLANES = r"(?:(?<=planes \()|(?<=, )|(?<=inclined plane )|(?<=with a )|(?<=with an ))"
"""What stands before the names of inclined planes, which are letters, or substances that others have, too."""
_PAINT = r"(?=(?:(?:-| | and )[a-z-]+)? paint\b)"
"""What stands after a colour that a task of mixing paint is about: wires and apples have colours, too."""
_TRAIT = re.compile(
    r"whether (\w+) (?:plant (height)|(leaf) (?:shape|size)|(flower) (?:size|color)|(seed) (?:shape|color))"
)
"""A form, size or colour that a task asks about, and of what."""
_RECIPE = re.compile(r"you need to mix ([\w ,]+)")
"""Names what a task is about, too."""
_FROM_TAPS = ("water",)
"""Parts of recipes that keep their names, since they are got in another way."""
_LIMIT = re.compile(r"(?:above|below) (-?\d+(?:\.\d+)?) degrees")
_READING = re.compile(r"(-?\d+(?:\.\d+)?) degrees")
_SLIDE = re.compile(r"inclined plane (.+): .+ (\d+)%")
_SLOT = re.compile(rf"\b(?:thing|trait|{'|'.join(word for word, _, _ in _FAMILIES)})[A-Z]\b")


class Slots:
    """The names of one episode that are written as slots.

    Law: `write(read(text)) == text`, but for the capitals of names, and for replies that tell what slots
    mean, a temperature or a slide.
    """

    def __init__(self, task: str) -> None:
        """Give slots to the names in the task, in order."""
        self._slots: dict[tuple[str, str], str] = {}
        self._names: dict[str, str] = {}
        self._things = [name for one in _THINGS if (match := one.search(task)) for name in match.groups()]
        limit = _LIMIT.search(task)
        self._limit = float(limit[1]) if limit else None
        self._slides: dict[str, int] = {}
        """By inclined plane, how far down something was when last looked at."""
        self._before = _PLANES if "inclined planes (" in task else r"\b"
        self._after = _PAINT if " paint you created" in task else r"\b"
        trait = _TRAIT.search(task)
        self._traits = [_trait_family(trait[1], trait[trait.lastindex or 0])] if trait else []
        self._families = self._make_families()
        for word, pattern, _ in self._families:
            task = pattern.sub(partial(self._replace, word, False), task)
        self.task = self._tell(task, list(self._names))
        """Tells the names of slots where they stand first."""

    def read(self, text: str, allot: bool = True) -> str:
        """Return the text with slots for names; `allot` new ones to names that have none."""
        new: list[str] = []
        recipe = _RECIPE.search(text) if allot else None
        if recipe is not None:
            parts = [name for name in recipe[1].split(", ") if name not in _FROM_TAPS]
            new = [self._slot("thing", name) for name in parts if ("thing", name) not in self._slots]
            self._things += parts
            self._families = self._make_families()
        for word, pattern, task_only in self._families:
            text = pattern.sub(partial(self._replace, word, task_only or not allot), text)
        reading = _READING.fullmatch(text)
        if reading is not None and self._limit is not None:
            return f"{text}, {'above' if float(reading[1]) > self._limit else 'below'}"
        slide = _SLIDE.fullmatch(text)
        if slide is not None:
            return f"{text}{self._compare(slide[1], int(slide[2]))}"
        return self._tell(text, new)

    def write(self, text: str) -> str:
        """Return the text with names for slots."""
        return re.sub(_SLOT, lambda match: self._names.get(match[0], match[0]), text)

    def _tell(self, text: str, slots: Sequence[str]) -> str:
        """Tell the names of slots where they first stand in a text."""
        for slot in slots:
            text = text.replace(slot, f"{slot}={self._names[slot]}", 1)
        return text

    def _compare(self, plane: str, share: int) -> str:
        """Note how far down a plane something is, and tell whether it is farther than on the other plane."""
        self._slides[plane] = share
        others = [other for name, other in self._slides.items() if name != plane]
        if not others or others[0] == share:
            return ""
        return ", farther" if share > others[0] else ", less far"

    def _make_families(self) -> list[_Family]:
        families = [*self._traits, *_FAMILIES]
        if not self._things:
            return families
        names = "|".join(map(re.escape, sorted(self._things, key=len, reverse=True)))
        things = re.compile(rf"{self._before}({names}){self._after}", re.IGNORECASE)
        return [("thing", things, True), *families]

    def _replace(self, word: str, task_only: bool, match: re.Match[str]) -> str:
        known = self._slots.get((word, match[1].lower()))
        return known or (match[1] if task_only else self._slot(word, match[1]))

    def _slot(self, word: str, name: str) -> str:
        taken = sum(family == word for family, _ in self._slots)
        slot = self._slots.setdefault((word, name.lower()), f"{word}{chr(ord('A') + taken)}")
        self._names.setdefault(slot, name)
        return slot


def _trait_family(value: str, part: str) -> _Family:
    """Return where a trait is told: "round green pea seed", "round leaf shape", but not "round seed jar"."""
    part = {"leaf": "(?:leaf|leaves)"}.get(part, part)
    return "trait", re.compile(rf"\b({value})\b(?=(?: +\w+){{0,3}} +{part}\b(?! (?:jar|pot)\b))"), True
