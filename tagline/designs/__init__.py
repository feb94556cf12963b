"""Seeded graphic designs whose labels are known: what the demo trains on."""

from tagline.designs.vocabulary import KINDS, LABELS
from tagline.designs.writing import DesignSet, HeldOut, draw_designs

__all__ = ["KINDS", "LABELS", "DesignSet", "HeldOut", "draw_designs"]
