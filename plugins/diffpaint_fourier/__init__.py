"""A picture as a sum of waves whose heights are those of photos, and whose phases are painted (MACO)."""

from .fourier import Fourier

__all__ = ["Fourier"]
