"""The page of a comparison: the table, and one path of each task with both annotations side by side.

One HTML file without scripts or anything to load; it follows the reader's light or dark setting.
"""

from collections.abc import Sequence
from html import escape
from itertools import groupby

from sgd_gym.trajectories import Episode

_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#c9ced6, #444b57); --soft: light-dark(#5b6472, #a2abb9);
  --back: light-dark(#ffffff, #15181d); --text: light-dark(#1b1f26, #e6e9ee);
  --differs: light-dark(#fdf0d5, #43351a); --head: light-dark(#f2f4f7, #20252d); }
body { font: 16px/1.5 system-ui, sans-serif; background: var(--back); color: var(--text);
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .25rem; }
p { margin: .25rem 0 .75rem; } .soft { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { background: var(--head); font-weight: 600; }
.figures td:not(:first-child), .figures th:not(:first-child) { text-align: right;
  font-variant-numeric: tabular-nums; }
.figures tr:last-child td { font-weight: 600; }
.path td { border-bottom-color: transparent; } .figures td:first-child { white-space: nowrap; }
.path td.number { color: var(--soft); text-align: right; width: 3rem; }
.path td.subgoal, .path td.cut { border-top: 2px solid var(--line); }
.path td.subgoal { border-left: 1px solid var(--line); font-family: ui-monospace, monospace; }
.path td.differs { background: var(--differs); }
"""


def make_page(
    annotators: tuple[str, str], figures: list[list[str]], shown: Sequence[tuple[Episode, Episode]]
) -> str:
    """Return the page.

    Args:
        annotators: Names of the two.
        figures: Cells of the table, its heads first.
        shown: One path of each task in both annotations.
    """
    first, second = (escape(name) for name in annotators)
    heads, *rows = figures
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Sub-goals: {first} and {second}</title><style>{_STYLE}</style></head><body>",
        "<h1>Two annotations of the same paths</h1>",
        f"<p>A: <b>{first}</b>. B: <b>{second}</b>. Precision, recall and F1 are those of B's boundaries "
        f"against A's.</p>",
        '<div class="wide"><table class="figures"><thead><tr>',
        *(f'<th scope="col">{escape(head)}</th>' for head in heads),
        "</tr></thead><tbody>",
        *(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows),
        "</tbody></table></div>",
        "<p>Below, a path of each task. Coloured: sub-goals that the other one does not have for the same "
        "commands.</p>",
        *(_make_path(annotators, *pair) for pair in shown),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _make_path(annotators: tuple[str, str], a: Episode, b: Episode) -> str:
    """Return the table of one path: a cell spans the commands of its sub-goal."""
    cells_a, cells_b = _spans(a, b), _spans(b, a)
    rows = []
    for number, step in enumerate(a.steps):
        cut = ' class="cut"' if number in cells_a or number in cells_b else ""
        rows.append(
            f'<tr><td class="number">{number + 1}</td><td{cut}>{escape(step.action)}</td>'
            f"{cells_a.get(number, '')}{cells_b.get(number, '')}</tr>"
        )
    first, second = (escape(name) for name in annotators)
    return "\n".join(
        [
            f"<h2>{escape(a.episode_id)}</h2>",
            f'<p class="soft">{escape(a.task_description)}</p>',
            '<div class="wide"><table class="path"><thead><tr><th scope="col">move</th>'
            f'<th scope="col">command</th><th scope="col">A: {first}</th>'
            f'<th scope="col">B: {second}</th></tr></thead><tbody>',
            *rows,
            "</tbody></table></div>",
        ]
    )


def _spans(episode: Episode, other: Episode) -> dict[int, str]:
    """Return the cell of each sub-goal by the number of its first command."""
    theirs = set(_stretches(other))
    return {
        start: f'<td class="subgoal{"" if (start, end, subgoal) in theirs else " differs"}" '
        f'rowspan="{end - start}">{escape(subgoal)}</td>'
        for start, end, subgoal in _stretches(episode)
    }


def _stretches(episode: Episode) -> list[tuple[int, int, str]]:
    """Return (start, end, sub-goal) of each option."""
    found = []
    for _, group in groupby(enumerate(episode.steps), key=lambda pair: pair[1].option_index):
        steps = list(group)
        found.append((steps[0][0], steps[-1][0] + 1, steps[0][1].subgoal or ""))
    return found
