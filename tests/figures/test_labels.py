"""Labels: inside their own areas, beside their own lines, across no line and no other label."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from darkmc.figures.labels import Item, place_labels


@pytest.fixture
def axes():
    figure = Figure(figsize=(4.0, 3.0))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(xscale="log", yscale="log")
    axes.set(xlim=(1e-3, 10.0), ylim=(1e-5, 10.0))
    return axes


def area(left, right, lower, upper):
    return np.array([left, right]), np.array([lower, lower]), np.array([upper, upper])


def around(left, right, lower, upper):
    return [(np.array([left, right, right, left, left]), np.array([lower, lower, upper, upper, lower]))]


def box(axes, text):
    label = next(one for one in axes.texts if one.get_text() == text)
    return label.get_window_extent()


def inside(axes, extent, left, right, lower, upper):
    corners = axes.transData.transform([(left, lower), (right, upper)])
    return (
        corners[0][0] < extent.x0
        and extent.x1 < corners[1][0]
        and corners[0][1] < extent.y0
        and extent.y1 < corners[1][1]
    )


def test_a_label_lies_in_the_part_of_its_area_that_is_seen(axes):
    low = Item("low", "C0", [area(1e-3, 10.0, 1e-4, 1.0)], around(1e-3, 10.0, 1e-4, 1.0), 1.0)
    high = Item("high", "C1", [area(1e-3, 0.5, 1e-4, 1.0)], around(1e-3, 0.5, 1e-4, 1.0), 2.0)
    assert place_labels(axes, [low, high], 8) == []
    assert inside(axes, box(axes, "high"), 1e-3, 0.5, 1e-4, 1.0)
    assert inside(axes, box(axes, "low"), 0.5, 10.0, 1e-4, 1.0)


def test_what_finds_no_room_is_told_and_not_written(axes):
    narrow = Item("a long label", "C0", [area(0.1, 0.12, 1e-4, 2e-4)], [], 1.0)
    wide = Item("wide", "C1", [area(1e-3, 10.0, 1e-5, 1.0)], [], 0.0)
    assert place_labels(axes, [narrow, wide], 8) == [0]
    assert [text.get_text() for text in axes.texts] == ["wide"]


def test_a_long_label_is_broken_where_only_this_fits(axes):
    tall = Item("one two three four", "C0", [area(0.1, 0.8, 1e-4, 1.0)], [], 1.0)
    assert place_labels(axes, [tall], 8) == []
    assert axes.texts[0].get_text().split() == ["one", "two", "three", "four"]
    assert "\n" in axes.texts[0].get_text()


def test_labels_beside_lines_cross_neither_lines_nor_each_other(axes):
    mass = np.geomspace(1e-3, 10.0, 30)
    lines = [Item(f"line {k}", "C0", [], [(mass, np.full(30, 10.0**-k))], beside=True) for k in range(4)]
    assert place_labels(axes, lines, 8) == []
    boxes = [box(axes, f"line {k}") for k in range(4)]
    for k, extent in enumerate(boxes):
        heights = [axes.transData.transform((1.0, 10.0**-j))[1] for j in range(4)]
        assert not any(extent.y0 < height < extent.y1 for height in heights)
        assert min(abs(extent.y0 - heights[k]), abs(extent.y1 - heights[k])) < 40.0
        assert not any(extent.overlaps(other) for other in boxes[:k])
