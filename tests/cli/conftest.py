import pytest

pytest.register_assert_rewrite("painted")

from painted import Broken, Interrupting  # noqa: E402


@pytest.fixture(autouse=True)
def fresh():
    """Objectives that count their calls begin anew."""
    Interrupting.calls = Broken.calls = 0
