"""The mark itself: choosing tokens by key, and the tests that find it again.

Needs the extra `watermark` (numpy). Nothing here reads files, keeps state
between texts or decides anything beyond a p-value; docs/watermark.md has the
scheme, docs/watermark-quality.md what was measured.
"""

from audit.watermark.mark._attribution import (
    Ranked,
    attribute,
    log10_subset_bound,
    log10_tag_test,
    scan,
)
from audit.watermark.mark._g1 import Slot, Streams
from audit.watermark.mark._philox import philox
from audit.watermark.mark._presence import (
    INCONCLUSIVE,
    MIN_CONTEXTS,
    PRESENT,
    WINDOWS,
    Presence,
    decide,
    log10_designated,
    presence,
    strongest,
    windowed,
)
from audit.watermark.mark._sampler import Choice, MarkedSampler, Nucleus, nucleus
from audit.watermark.mark._sketch import Sketch, Weighed, draw_sketch, weigh
from audit.watermark.mark._tails import (
    log10_binomial_tail,
    log10_gamma_tail,
    log10_gamma_tails,
    log10_normal_tail,
)
from audit.watermark.mark._trail import Trail, follow

__all__ = [
    "INCONCLUSIVE",
    "MIN_CONTEXTS",
    "PRESENT",
    "WINDOWS",
    "Choice",
    "MarkedSampler",
    "Nucleus",
    "Presence",
    "Ranked",
    "Sketch",
    "Slot",
    "Streams",
    "Trail",
    "Weighed",
    "attribute",
    "decide",
    "draw_sketch",
    "follow",
    "log10_binomial_tail",
    "log10_designated",
    "log10_gamma_tail",
    "log10_gamma_tails",
    "log10_normal_tail",
    "log10_subset_bound",
    "log10_tag_test",
    "nucleus",
    "philox",
    "presence",
    "scan",
    "strongest",
    "weigh",
    "windowed",
]
