"""What a model may write, as trees of tokens; knows no model and no agent.

A node's `next` holds the tokens that may follow, each with the node behind it. Where one token alone may
follow, nobody needs to ask the model.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Protocol

Encode = Callable[[str], Sequence[int]]
"""From a text to its tokens, without special ones."""


class Tree(Protocol):
    """A node of any tree."""

    @property
    def next(self) -> Mapping[int, "Tree"]:
        """Return the tokens that may follow; none where a text has ended."""
        ...


class TextTree:
    """The tree of some texts."""

    def __init__(self) -> None:
        """Begin without any text."""
        self.next: dict[int, TextTree] = {}
        self.is_end = False
        """Whether a text ends here; a longer one may go on."""

    def add(self, tokens: Iterable[int]) -> None:
        """Add one text."""
        node = self
        for token in tokens:
            node = node.next.setdefault(token, TextTree())
        node.is_end = True


def make_text_tree(texts: Iterable[str], encode: Encode, end: int) -> Tree:
    """Return the tree of texts, each followed by the token `end`.

    Raises:
        ValueError: If there is no text.
    """
    tree = TextTree()
    for text in texts:
        tree.add([*encode(text), end])
    if not tree.next:
        raise ValueError("There is no text that may be written. Allowed: one or more.")
    return tree


class FormTree:
    """The tree of all texts that some forms make, such as "move {} to {}", unfolded where one goes.

    There may be millions of them: 30 things make 900 texts of each form with two.
    """

    def __init__(self, places: Sequence[tuple[Sequence[TextTree], int, TextTree]], end: int):
        """Make a node.

        Args:
            places: The pieces of a form, the number of the piece that one is in, and the node in its tree.
            end: The token that ends a text.
        """
        self._places, self._end = places, end

    @cached_property
    def next(self) -> Mapping[int, Tree]:
        """Return the tokens that may follow."""
        behind: dict[int, list[tuple[Sequence[TextTree], int, TextTree]]] = {}
        may_end = False
        for pieces, number, node in self._places:
            for token, after in node.next.items():
                behind.setdefault(token, []).append((pieces, number, after))
            if node.is_end and number + 1 < len(pieces):
                for token, after in pieces[number + 1].next.items():
                    behind.setdefault(token, []).append((pieces, number + 1, after))
            may_end |= node.is_end and number + 1 == len(pieces)
        found: dict[int, Tree] = {token: FormTree(places, self._end) for token, places in behind.items()}
        return found | ({self._end: TextTree()} if may_end else {})


def make_form_tree(
    forms: Iterable[str], names: Mapping[str, Iterable[str]], encode: Encode, end: int
) -> Tree:
    """Return the tree of all texts that forms and names make.

    Args:
        forms: Texts with fields, such as "go to {place}"; a form with a field that has no names is left out.
        names: What may stand in each field, by its name.
        encode: Tokenizes a word, with the blank before it, as it does in a text: true of tokenizers that cut
            texts at blanks first.
        end: The token that ends a text.

    Raises:
        ValueError: If no form can be filled.
    """
    trees: dict[str, TextTree] = {}
    for field, texts in names.items():
        trees[field] = TextTree()
        for text in texts:
            trees[field].add(encode(f" {text}"))
    return join_forms(forms, trees, encode, end)


def join_forms(forms: Iterable[str], fields: Mapping[str, TextTree], encode: Encode, end: int) -> FormTree:
    """Return the tree of all texts that forms and the trees of their fields make; see `make_form_tree`.

    Raises:
        ValueError: If no form can be filled.
    """
    places = []
    for form in forms:
        pieces = []
        for number, word in enumerate(form.split()):
            if word.startswith("{"):
                pieces.append(fields[word.strip("{}")])
            else:
                piece = TextTree()
                piece.add(encode(f" {word}" if number else word))
                pieces.append(piece)
        if all(piece.next for piece in pieces):
            places.append((pieces, -1, _START))
    if not places:
        raise ValueError("None of the forms can be filled. Allowed: names for the fields of one or more.")
    return FormTree(places, end)


_START = TextTree()
"""Stands before the first piece."""
_START.is_end = True
