"""Which tokens the grammar of commands allows at each place of a command; knows no loss and no model.

The forms of commands are those of `sgd_gym.naming`; a name may be any sequence of the tokens that stand in
commands somewhere in the data.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

from sgd_gym.models.trees import TextTree, Tree, join_forms
from sgd_gym.naming import FORMS
from sgd_gym.prompts import DONE, END
from sgd_gym.training.rows import SPANS, Row

FIELDS = ("", "pole", "place", "door")
ANSWERS = tuple(map(str, range(10)))
"""Commands that say which of several things is meant, where the simulator asks."""


class ActTokens:
    """Walks commands along the grammar; each beginning of a command is walked once."""

    def __init__(self, tokenizer: Any, names: Iterable[int]):
        """Take a tokenizer, and the tokens that names are made of."""
        vocabulary = tokenizer.get_vocab()
        end = vocabulary.get(END, tokenizer.eos_token_id)
        self._done = vocabulary[DONE]
        more = TextTree()
        more.is_end = True
        more.next = {token: more for token in sorted(set(names) - {end, self._done})}
        name = TextTree()
        name.next = more.next

        def encode(text: str) -> Sequence[int]:
            ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
            return ids

        root = join_forms((*FORMS, *ANSWERS), dict.fromkeys(FIELDS, name), encode, end)
        self._nodes: dict[tuple[int, ...], Tree] = {(): root}
        self._allowed: dict[tuple[int, ...], np.ndarray] = {}

    def mask(self, targets: torch.Tensor, chosen: torch.Tensor, vocabulary: int) -> torch.Tensor:
        """Return which tokens may stand at the chosen places, bool, (n, vocabulary).

        Args:
            targets: What was written, (batch, predicted tokens).
            chosen: Which of it is of commands, bool, likewise; where they begin is seen from the gaps.
            vocabulary: Number of tokens.
        """
        masks = []
        for row, own in zip(targets.tolist(), chosen.tolist(), strict=True):
            prefix: tuple[int, ...] | None = None
            for token, is_act in zip(row, own, strict=True):
                prefix = (prefix or ()) if is_act else None
                if prefix is not None:
                    masks.append(self._at(prefix, vocabulary))
                    prefix = (*prefix, token)
        found = np.array(masks) if masks else np.zeros((0, vocabulary), dtype=bool)
        return torch.from_numpy(found).to(targets.device)

    def _at(self, prefix: tuple[int, ...], vocabulary: int) -> np.ndarray:
        """Return what may follow; anything after what the grammar does not know, or after a whole command."""
        if prefix not in self._allowed:
            node = self._node(prefix)
            if node is None or not node.next:
                return np.ones(vocabulary, dtype=bool)
            allowed = np.zeros(vocabulary, dtype=bool)
            allowed[list(node.next)] = True
            allowed[self._done] |= not prefix
            self._allowed[prefix] = allowed
        return self._allowed[prefix]

    def _node(self, prefix: tuple[int, ...]) -> Tree | None:
        """Return where a beginning leads, one token after another that was asked for before."""
        if prefix not in self._nodes:
            before = self._nodes.get(prefix[:-1])
            node = None if before is None else before.next.get(prefix[-1])
            if node is None:
                return None  # not kept: random masks make millions of them
            self._nodes[prefix] = node
        return self._nodes[prefix]


def make_act_tokens(tokenizer: Any, rows: Iterable[Row]) -> ActTokens:
    """Return the grammar for these rows, whose commands tell which tokens names are made of."""
    names: set[int] = set()
    for row in rows:
        written = row.tokens if row.answer is None else row.answer
        names.update(written[row.spans == SPANS["act"]].tolist())
    return ActTokens(tokenizer, names)
