"""Paintings for other programs: vectors, layers, tables, and a page on which they paint themselves."""

from .ora import OraWriter
from .player import PlayerWriter
from .psd import PsdWriter
from .svg import SvgWriter
from .table import CsvWriter, ParquetWriter

__all__ = ["CsvWriter", "OraWriter", "ParquetWriter", "PlayerWriter", "PsdWriter", "SvgWriter"]
