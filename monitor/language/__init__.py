"""Which language a text is in, how sure that is, and what it rests on."""

from __future__ import annotations

from monitor.language.detectors import DETECTORS, LANGDETECT, LINGUA, NO_LINGUA, Detector, installed
from monitor.language.judge import SURE, detect, detect_all
from monitor.language.tags import base, bcp47

__all__ = [
    "DETECTORS",
    "LANGDETECT",
    "LINGUA",
    "NO_LINGUA",
    "SURE",
    "Detector",
    "base",
    "bcp47",
    "detect",
    "detect_all",
    "installed",
    "warm_up",
]


def warm_up(detector: Detector = DETECTORS[LANGDETECT]) -> None:
    """Load what a detector needs, in langdetect an eighth of a second; else the first `detect` of a script pays."""
    detector.warm_up()
