"""Time and memory of one forward and backward pass, in a process of its own: ``python measure.py '{...}'``.

Prints JSON: ``seconds``, the best of several passes; ``first``, of the first; ``mb``, peak memory above that of an
interpreter with torch, diffpaint and its compiled code loaded, on a GPU that of its tensors; ``strokes``; and (height,
width) as ``size``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TOO_LARGE = 3  # exit code


def measure(**work: Any) -> dict[str, Any]:
    """Measure on one thread, in a new process.

    Args:
        work: ``painter``, a renderer's name or ``reference``; ``rows``, ``cols``, ``strokes`` in each cell, ``overlap``
            as a fraction of cells of 64 px; ``passes``; and where it is not the CPU, ``device``, and ``bfloat16`` for
            mixed precision.

    Raises:
        MemoryError: It does not fit.
        subprocess.CalledProcessError: Anything else went wrong, as it says itself.
    """
    command = [sys.executable, __file__, json.dumps(work)]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if result.returncode == TOO_LARGE:
        raise MemoryError(f"too large: {work}")
    result.check_returncode()
    return json.loads(result.stdout)


def _peak(device: str) -> float:
    if device != "cpu":
        import torch

        return torch.cuda.max_memory_allocated(device) / 2**20
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def _main() -> None:
    import reference
    import torch

    import diffpaint

    work = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows, cols, strokes = work["rows"], work["cols"], work["strokes"]
    device, bfloat16 = work.get("device", "cpu"), work.get("bfloat16", False)
    if work["painter"] == "reference":
        painter = reference.ReferencePainter()
        actions = torch.rand(strokes, rows * cols, 12)
    else:
        painter = diffpaint.load_renderer(work["painter"])
        grid = diffpaint.load_renderer(
            "grid", renderer=painter, rows=rows, cols=cols, overlap=work["overlap"], margin=0.0
        ).to(device)
        actions = torch.rand(1, strokes * rows * cols, 12)
    actions = actions.to(device).requires_grad_()
    dot = torch.rand(1, 1, 12, requires_grad=True)
    diffpaint.load_renderer("grid", rows=1, cols=1)(dot).sum().backward()  # compiled code is loaded, as torch is
    before, seconds = _peak(device), []
    for _ in range(work["passes"]):
        start = time.perf_counter()
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=bfloat16):
            if work["painter"] == "reference":
                canvas = reference.paint(painter, actions, rows, cols, round(work["overlap"] * reference.SIDE))
            else:
                canvas = grid(actions)
            loss = diffpaint.Pixel(torch.full_like(canvas, 0.5))(canvas)
        loss.backward()
        if device != "cpu":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - start)
    print(
        json.dumps(
            {
                **{"seconds": min(seconds), "first": seconds[0], "mb": _peak(device) - before},
                **{"strokes": strokes * rows * cols, "size": list(canvas.shape[2:])},
            }
        )
    )


if __name__ == "__main__":
    import torch

    try:
        _main()
    except torch.OutOfMemoryError:
        sys.exit(TOO_LARGE)
