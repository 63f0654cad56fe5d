"""A compositional pattern-producing network (CPPN): a picture as a function of position, whose weights are painted."""

from .cppn import CPPN

__all__ = ["CPPN"]
