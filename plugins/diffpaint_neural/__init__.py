"""Painters learned from the real MyPaint engine. They learn alpha only: colour is exact by compositing."""

from .dabs import NeuralDabs
from .gan import NeuralGAN
from .painter import NeuralPainter
from .splat import NeuralSplat
from .vae import NeuralVAE
from .weights import shipped_brushes

__all__ = ["NeuralDabs", "NeuralGAN", "NeuralPainter", "NeuralSplat", "NeuralVAE", "shipped_brushes"]
