"""The bench: how near paintings of a folder of photos come to them, on the canvas and in the engine's replay."""

from .protocol import Protocol, measure

__all__ = ["Protocol", "measure"]
