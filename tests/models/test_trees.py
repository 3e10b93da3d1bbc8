"""Trees of what may be written, in tokens of a real tokenizer."""

from typing import Any

import pytest

from sgd_gym.models.tokenizer import learn_tokenizer
from sgd_gym.models.trees import Tree, make_form_tree, make_text_tree

THINGS = ("red box", "water", "water pump", "unknown substance B")
FORMS = ("move {} to {}", "look at {}", "look around", "go to {place}")
PLACES = ("kitchen", "living room")
END = 1


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    texts = ["move red box to water pump", "look at unknown substance B", "go to living room", "mix 12"]
    return learn_tokenizer(texts * 3, 300)


def encode(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False))


def texts_of(tokenizer: Any, tree: Tree) -> list[str]:
    """Return all texts of a tree, by walking every path to its end."""
    found, waiting = [], [(tree, [])]
    while waiting:
        node, tokens = waiting.pop()
        for token, after in node.next.items():
            if token == END:
                assert not after.next
                found.append(tokenizer.decode(tokens))
            else:
                waiting.append((after, [*tokens, token]))
    return sorted(found)


def test_a_tree_holds_its_texts_and_no_others(tokenizer: Any) -> None:
    texts = ["look", "look around", "look at water pump", "0", "10"]
    tree = make_text_tree([*texts, "look"], lambda text: encode(tokenizer, text), END)
    assert texts_of(tokenizer, tree) == sorted(texts)


def test_forms_make_all_their_texts_and_no_others(tokenizer: Any) -> None:
    names = {"": THINGS, "place": PLACES}
    tree = make_form_tree(FORMS, names, lambda text: encode(tokenizer, text), END)
    expected = [f"move {one} to {other}" for one in THINGS for other in THINGS]
    expected += [f"look at {one}" for one in THINGS] + [f"go to {one}" for one in PLACES] + ["look around"]
    assert texts_of(tokenizer, tree) == sorted(expected)


def test_forms_are_cut_into_tokens_as_whole_texts_are(tokenizer: Any) -> None:
    """Else a model would have to write what it never read."""
    tree = make_form_tree(FORMS, {"": THINGS, "place": PLACES}, lambda text: encode(tokenizer, text), END)
    for text in ("move water to water pump", "look at unknown substance B", "go to living room"):
        node = tree
        for token in [*encode(tokenizer, text), END]:
            node = node.next[token]


def test_forms_without_names_are_left_out(tokenizer: Any) -> None:
    tree = make_form_tree(FORMS, {"": (), "place": PLACES}, lambda text: encode(tokenizer, text), END)
    assert texts_of(tokenizer, tree) == ["go to kitchen", "go to living room", "look around"]


def test_a_tree_without_texts_is_an_error(tokenizer: Any) -> None:
    with pytest.raises(ValueError, match="one or more"):
        make_text_tree([], lambda text: encode(tokenizer, text), END)
    with pytest.raises(ValueError, match="names for the fields"):
        make_form_tree(["look at {}"], {"": ()}, lambda text: encode(tokenizer, text), END)
