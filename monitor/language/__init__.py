"""Which language a text is in, how sure that is, and what it rests on."""

from __future__ import annotations

from monitor.language.detectors import DETECTORS, LANGDETECT, LINGUA, NO_LINGUA, Detector, installed
from monitor.language.judge import detect
from monitor.language.tags import bcp47

__all__ = ["DETECTORS", "LANGDETECT", "LINGUA", "NO_LINGUA", "Detector", "bcp47", "detect", "installed", "warm_up"]


def warm_up(detector: Detector = DETECTORS[LANGDETECT]) -> None:
    """Load what a detector needs (half a second, some 50 MB). Without it the first `detect` of each script pays."""
    detector.warm_up()
