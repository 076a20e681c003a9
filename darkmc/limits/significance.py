"""Belle II, single photons: contours at a significance, counted as one number of events.

The projections of arXiv:1806.00757: a background B, and couplings with more than n sqrt(B) signal events,
n = 2.  What stands for the selection of the Belle II Physics Book is an energy cut and a constant efficiency.
Numbers: the card.
"""

import math

from darkmc.cards.collider import ColliderObserved


def excluded_events(observed: ColliderObserved) -> float:
    """Return the signal events on the contour: `significance` x sqrt(`background`), or `n_limit`."""
    if observed.n_limit is not None:
        return observed.n_limit
    return observed.significance * math.sqrt(observed.background or 0.0)
