"""Numbers with errors, written alike; tables."""

import math

import numpy as np
import pytest

from darkmc.core.words import alike, html_table, text_table, with_error

WRITTEN = {
    (15912.3, 118.2): "15912 +- 118",
    (159123.0, 1182.0): "159123 +- 1182",
    (2.3e9, 4.4e7): "(2.300 +- 0.044)e+09",
    (36.6941, 0.3571): "36.69 +- 0.36",
    (0.9996, 0.01): "1.000 +- 0.010",
    (0.0021504, 7.6e-6): "0.0021504 +- 0.0000076",
    (4.883e-05, 1.21e-07): "(4.883 +- 0.012)e-05",
    (9.6312e-151, 7.8e-153): "(9.631 +- 0.078)e-151",
    (0.0, 1.3): "0.0 +- 1.3",
    (1.0, 250.0): "1 +- 250",
    (3.0, 0.0): "3.0000",
    (0.0, 0.0): "0",
    (5e-324, 5e-324): "(4.9407 +- 4.9407)e-324",
}


@pytest.mark.parametrize("pair", WRITTEN)
def test_value_and_error_are_written_alike(pair):
    assert with_error(*pair).startswith(WRITTEN[pair])


def test_an_unknown_error_is_said_in_words():
    assert with_error(1.234567, math.inf) == "1.2346, error unknown: fewer than 10 effective entries"


def test_what_is_written_is_the_number_within_a_hundredth_of_its_error():
    rng = np.random.default_rng(1)
    for _ in range(2000):
        value = float(10.0 ** rng.uniform(-30, 30))
        error = float(value * 10.0 ** rng.uniform(-6, 1))
        written, beside = alike(value, error)
        assert abs(float(written) - value) <= 0.051 * error
        assert abs(float(beside) - error) <= 0.051 * error
        assert len(written.partition("e")[0].replace("-", "")) < 15


def test_tables():
    assert text_table(("mass", "why"), [(1.5, "a"), (12.0, "bb")]) == "mass  why\n 1.5  a\n12.0  bb"
    left = ' style="text-align: left"'
    assert html_table("<t>", ("a",), [("<b>",)]) == (
        f"<table><caption{left}>&lt;t&gt;</caption><thead><tr><th{left}>a</th></tr></thead>"
        f"<tbody><tr><td{left}>&lt;b&gt;</td></tr></tbody></table>"
    )
