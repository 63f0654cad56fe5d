"""The conformance suite over every constraint that this distribution registers."""

import pytest

from diffpaint import load_constraint, load_renderer
from diffpaint.testing import ConstraintConformance

CONSTRAINTS = (
    "connected",
    "fix(name=end_pressure, value=0.7)",
    "greyscale",
    "levels(name=size, count=4)",
    "limit(name=size, low=0.1, high=0.3)",
    "natural",
    'palette(colors="#1b2a49,navy,#f4ecd8")',
)


class TestOfStrokes(ConstraintConformance):
    @pytest.fixture(params=CONSTRAINTS)
    def constraint(self, request):
        return load_constraint(request.param)


class TestOfAGrid(TestOfStrokes):
    @pytest.fixture
    def renderer(self):
        return load_renderer("grid", rows=2, cols=2, size=(20, 24))
