"""Conformance suites for plugin authors: subclass one, define one fixture, run pytest::

    from diffpaint.testing import RendererConformance

    class TestDots(RendererConformance):
        @pytest.fixture
        def renderer(self):
            return Dots(size=(16, 20))

``diffpaint check PACKAGE`` runs the fitting ones over all that a package registers, without a test file.
"""

from .command import CommandConformance
from .constraint import ConstraintConformance
from .initializer import InitializerConformance
from .objective import ObjectiveConformance
from .recipe import RecipeConformance
from .renderer import RendererConformance
from .strategy import StrategyConformance
from .writer import WriterConformance

__all__ = [
    "CommandConformance",
    "ConstraintConformance",
    "InitializerConformance",
    "ObjectiveConformance",
    "RecipeConformance",
    "RendererConformance",
    "StrategyConformance",
    "WriterConformance",
]
