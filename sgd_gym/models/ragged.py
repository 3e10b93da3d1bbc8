"""A key-value cache for transcripts of different lengths, of which any can be continued together.

The library's caches hold one length for all rows. Here each row has its own: new keys and values are written
behind what the row holds, and a mask lets every token see what stands before it in its own row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import pad
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

GROWTH = 256
"""Tokens by which the buffers grow at a time."""


@dataclass
class _Where:
    """Where the tokens of one forward pass belong."""

    rows: torch.Tensor
    """Row of each transcript, (batch,)."""
    positions: torch.Tensor
    """Place of each token in its transcript, (batch, tokens)."""
    length: int
    """Tokens of the longest row afterwards, padding among them."""


class _Layer(DynamicLayer):
    """Keys and values of one layer, each (rows, heads, tokens, size of a head)."""

    def __init__(self) -> None:
        super().__init__()
        self.where = _Where(torch.zeros(0), torch.zeros(0), 0)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write a chunk of each row, and return all that these rows hold."""
        where = self.where
        self.keys = _grown(self.keys, key_states, where)
        self.values = _grown(self.values, value_states, where)
        self.is_initialized = True
        rows = where.rows[:, None]
        self.keys[rows, :, where.positions] = key_states.transpose(1, 2)
        self.values[rows, :, where.positions] = value_states.transpose(1, 2)
        if len(where.rows) == len(self.keys) and bool((where.rows[1:] > where.rows[:-1]).all()):
            return self.keys[:, :, : where.length], self.values[:, :, : where.length]  # no copy
        return self.keys[where.rows, :, : where.length], self.values[where.rows, :, : where.length]


def _grown(old: torch.Tensor | None, new: torch.Tensor, where: _Where) -> torch.Tensor:
    """Return the buffer, enlarged if the rows or tokens of a chunk have no place in it."""
    rows = int(where.rows.max()) + 1
    _, heads, _, size = new.shape
    if old is not None and len(old) >= rows and old.shape[2] >= where.length:
        return old
    tokens = -(-where.length // GROWTH) * GROWTH
    if old is not None:
        rows, tokens = max(rows, len(old)), max(tokens, old.shape[2])
    buffer = new.new_zeros(rows, heads, tokens, size)
    if old is not None:
        buffer[: len(old), :, : old.shape[2]] = old
    return buffer


class RaggedCache:
    """Continues transcripts of a decoder-only model, several in one pass."""

    def __init__(self, model: Any):
        """Begin without any transcript."""
        self._model = model
        self._layers = [_Layer() for _ in range(model.config.num_hidden_layers)]
        self._cache = Cache(layers=[*self._layers])
        self._lengths: dict[int, int] = {}

    def length(self, row: int) -> int:
        """Return how many tokens of a transcript have been read."""
        return self._lengths.get(row, 0)

    def forget(self, row: int) -> None:
        """Begin a transcript anew."""
        self._lengths[row] = 0

    def cut(self, row: int, length: int) -> None:
        """Forget what a transcript holds beyond its first `length` tokens."""
        self._lengths[row] = min(length, self.length(row))

    def copy(self, rows: Sequence[int], times: int) -> Cache:
        """Return what some transcripts hold, each some times, as the library's cache, padded on the left."""
        longest = max(map(self.length, rows))
        copied = DynamicCache()

        def take(kept: torch.Tensor | None) -> torch.Tensor:
            assert kept is not None, "nothing was read yet"
            parts = [kept[row, :, : self.length(row)] for row in rows]
            padded = [pad(part, (0, 0, longest - part.shape[1], 0)) for part in parts]
            return torch.stack(padded).repeat_interleave(times, 0)

        for number, layer in enumerate(self._layers):
            copied.update(take(layer.keys), take(layer.values), number)
        return copied

    def read(self, rows: Sequence[int], chunks: Sequence[Sequence[int]]) -> torch.Tensor:
        """Read the next tokens of some transcripts, and return the logits after the last one of each.

        Args:
            rows: Numbers of the transcripts, from 0.
            chunks: The next tokens of each; none may be empty.

        Returns:
            Logits, (transcripts, vocabulary).
        """
        order = sorted(range(len(rows)), key=lambda one: -len(chunks[one]))
        logits: dict[int, torch.Tensor] = {}
        while order:  # what is much shorter goes on its own, so that little of a pass is padding
            longest = len(chunks[order[0]])
            together = [one for one in order if 2 * len(chunks[one]) >= longest]
            together.sort(key=lambda one: rows[one])
            found = self._read([rows[one] for one in together], [chunks[one] for one in together])
            logits.update(zip(together, found, strict=True))
            order = [one for one in order if one not in logits]
        return torch.stack([logits[one] for one in range(len(rows))])

    def _read(self, rows: Sequence[int], chunks: Sequence[Sequence[int]]) -> torch.Tensor:
        device = self._model.device
        width = max(map(len, chunks))
        starts = torch.tensor([self.length(row) for row in rows], device=device)
        # Padding stands behind a row's tokens, so nothing sees it before the next chunk is written over it.
        ids = torch.tensor([[*chunk, *[0] * (width - len(chunk))] for chunk in chunks], device=device)
        positions = starts[:, None] + torch.arange(width, device=device)
        where = _Where(torch.tensor(rows, device=device), positions, int(starts.max()) + width)
        for layer in self._layers:
            layer.where = where
        last = torch.tensor([len(chunk) - 1 for chunk in chunks], device=device)
        kept, which = torch.unique(last, return_inverse=True)
        with torch.inference_mode():
            logits = self._model(
                input_ids=ids,
                position_ids=positions.clamp(max=self._model.config.max_position_embeddings - 1),
                attention_mask=self._mask(positions, where.length),
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=kept,
            ).logits
        for row, chunk in zip(rows, chunks, strict=True):
            self._lengths[row] = self.length(row) + len(chunk)
        return logits[torch.arange(len(rows), device=device), which]

    def _mask(self, positions: torch.Tensor, length: int) -> torch.Tensor:
        """Return what each token may see, (batch, 1, tokens, length)."""
        seen = torch.arange(length, device=positions.device) <= positions[:, None, :, None]
        if self._model.config._attn_implementation == "sdpa":
            return seen
        dtype = self._model.dtype
        hidden = torch.full((), torch.finfo(dtype).min, dtype=dtype, device=positions.device)
        return torch.where(seen, torch.zeros((), dtype=dtype, device=positions.device), hidden)
