"""Names that only tell things apart, written as slots.

As in reading comprehension with anonymous entities (Hermann et al., 2015): a task that says "the red box"
reads "the colourA=red box", and every later red is colourA. A small model then need not learn to copy before
it can follow a task.
"""

import re
from functools import partial

_COLOURS = "red|orange|yellow|green|blue|violet|purple|black|white|brown"
_PLANTS = "apple|avocado|banana|cherry|lemon|orange|peach|pea"
_FAMILIES = (
    # slot word, where such a name stands, whether only names in the task get slots (paints mix by colour)
    ("wire", re.compile(rf"\b({_COLOURS})\b(?= wire\b)"), False),
    ("colour", re.compile(rf"\b({_COLOURS})\b(?= (?:and|paint|box|light)\b)", re.IGNORECASE), True),
    ("letter", re.compile(r"(?<=unknown substance )([a-z])\b", re.IGNORECASE), True),
    ("number", re.compile(r"(?<=flower pot )(\d+)\b"), False),
    ("plant", re.compile(rf"\b({_PLANTS})\b(?= (?:tree|plant)\b)"), False),
)
_SLOT = re.compile(rf"\b(?:{'|'.join(word for word, _, _ in _FAMILIES)})[A-Z]\b")


class Slots:
    """The names of one episode that are written as slots.

    Law: `write(read(text)) == text`, but for the capitals of names.
    """

    def __init__(self, task: str) -> None:
        """Give slots to the names in the task, in order."""
        self._slots: dict[tuple[str, str], str] = {}
        self._names: dict[str, str] = {}
        self.task = task
        for word, pattern, _ in _FAMILIES:
            for match in pattern.finditer(task):
                self._slot(word, match[1])
            self.task = pattern.sub(partial(self._tell, word), self.task)

    def read(self, text: str, allot: bool = True) -> str:
        """Return the text with slots for names; `allot` new ones to names that have none."""
        for word, pattern, task_only in _FAMILIES:
            text = pattern.sub(partial(self._replace, word, task_only or not allot), text)
        return text

    def write(self, text: str) -> str:
        """Return the text with names for slots."""
        return re.sub(_SLOT, lambda match: self._names.get(match[0], match[0]), text)

    def _tell(self, word: str, match: re.Match[str]) -> str:
        return f"{self._slots[word, match[1].lower()]}={match[1]}"

    def _replace(self, word: str, task_only: bool, match: re.Match[str]) -> str:
        known = self._slots.get((word, match[1].lower()))
        return known or (match[1] if task_only else self._slot(word, match[1]))

    def _slot(self, word: str, name: str) -> str:
        taken = sum(family == word for family, _ in self._slots)
        slot = self._slots.setdefault((word, name.lower()), f"{word}{chr(ord('A') + taken)}")
        self._names.setdefault(slot, name)
        return slot
