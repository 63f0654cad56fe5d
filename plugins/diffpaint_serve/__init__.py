"""A page to paint on, in a browser: ``diffpaint serve``."""

from .page import make_page

__all__ = ["make_page"]
