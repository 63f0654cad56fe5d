"""What a GPU would find, on machines without one: tensors that are left on the CPU."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from torch.utils import backend_registration

MADE_BY = "_setup_privateuseone_for_python_backend"
pytestmark = pytest.mark.skipif(not hasattr(backend_registration, MADE_BY), reason="torch is too old")
SCRIPT = Path(__file__).with_name("elsewhere_run.py")
RENDERERS = ("neural-splat", "neural-dabs", "neural-vae", "neural-gan", "cppn", "fourier", "grid", "pyramid", "scatter")
PAINTINGS = ("paint_in_rounds", "paint_from_a_draft", "paint_a_class", "paint_by_an_agent")


@pytest.fixture(scope="module")
def errors():
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return {found["case"]: found["error"] for found in map(json.loads, done.stdout.splitlines())}


def test_tensors_of_two_devices_are_found(errors):
    assert "expected all tensors to be on the same device: aten::add" in errors["mixed"]


@pytest.mark.parametrize("case", [*RENDERERS, *PAINTINGS])
def test_nothing_is_left_on_the_cpu(errors, case):
    """Renderers also draw there what they draw on the CPU, and have the same gradients."""
    assert not errors[case], errors[case]
