"""Pictures of allowed regions: what has nothing left is named where nothing is drawn."""

import numpy as np
import pytest

from darkmc.figures import moments

X = np.geomspace(1.0, 100.0, 60)
DIAGONAL = [(x, 1.0, x, 1.02 * x) for x in X]  # too steep to overlap from one x to the next
EVERYTHING = [(x, 1.0, 1.0, 100.0) for x in X]
NOTHING = [(x, 0.0, np.nan, np.nan) for x in X]


def drawn(rows, monkeypatch):
    """Return axes of a panel with a region and with one that is empty, after drawing."""
    figures = []
    monkeypatch.setattr(moments, "save", lambda figure, _: figures.append(figure))
    panel = moments.Panel("data", {"one": rows, "two": NOTHING}, [])
    moments.draw_panels([panel], ("x", "y"), [], "title")
    figures[0].draw_without_rendering()
    return figures[0].axes[0]


def test_the_name_of_what_has_nothing_left_lies_beside_the_curves(monkeypatch):
    axes = drawn(DIAGONAL, monkeypatch)
    (text,) = axes.texts
    assert text.get_text() == "two: nothing is left"
    box = text.get_window_extent()
    curve = axes.transData.transform(np.column_stack([np.geomspace(1.0, 100.0, 5000)] * 2))
    assert axes.get_window_extent().containsx(box.x0)
    assert not np.any((curve > [box.x0, box.y0]).all(axis=1) & (curve < [box.x1, box.y1]).all(axis=1))


@pytest.mark.parametrize(("rows", "title"), [(EVERYTHING, "data\ntwo: nothing is left"), (DIAGONAL, "data")])
def test_without_room_it_stands_below_the_title(rows, title, monkeypatch):
    assert drawn(rows, monkeypatch).get_title() == title
