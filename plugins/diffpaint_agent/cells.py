"""A picture of any shape and size, painted by an agent cell by cell."""

from __future__ import annotations

from pathlib import Path

from diffpaint import Painting, load_renderer, read_image

from .initializer import AgentInitializer


def painted_in_cells(initializer: AgentInitializer, image: Path, cells: tuple[int, int], size: int) -> Painting:
    """Paint a whole picture, in one pass: every cell of a grid by what it shows.

    Args:
        initializer: Whose agent paints.
        image: The picture.
        cells: Rows and columns.
        size: Longer side of the painting, px.

    Raises:
        ValueError: No picture that can be read, or a grid that cannot be laid out.
    """
    target = read_image(image, size)
    height, width = target.shape[2:]
    header = initializer.trained.header
    options = {"rows": cells[0], "cols": cells[1], "size": (height, width), "brush": header["brush"]}
    renderer = load_renderer("grid", renderer=header["painter"], **options)
    actions = initializer(renderer, target, initializer.trained.agent.options["strokes"])
    canvas = renderer(actions)
    return Painting(canvas, actions, renderer, 0, canvas.new_ones(canvas.shape))
