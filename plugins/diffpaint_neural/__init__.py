"""Painters learned from the real MyPaint engine. They learn alpha only: colour is exact by compositing."""

from .splat import NeuralSplat

__all__ = ["NeuralSplat"]
