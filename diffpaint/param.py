"""Any renderer as a parameterization for lucent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .constraints import Constraint, check_constraints, constrain
from .device import pick_device
from .expression import load_renderer
from .io.ground import Background, lay_ground
from .logits import EPS
from .painting import Painting
from .renderer import Moment, Renderer, at, tell


class param_f:
    """A ``param_f`` for ``lucent.optvis.render.render_vis``: it paints what the network wants to see.

        param_f = diffpaint.param_f("neural-splat(size=(224, 224))", strokes=16)
        render.render_vis(model, "labels:388", param_f)
        param_f.painting.save("panda.json")

    Args:
        renderer: A renderer, or the name of one with its options; moved to the device.
        strokes: Strokes a canvas; for a grid, a cell.
        batch: How many canvases, for lucent's objectives that compare several.
        seed: Of the strokes to start from; None draws from torch's global generator.
        device: None takes ``cuda:0`` if there is one, else the CPU, as lucent does; the model has to be there too.
        constraints: Applied to the actions in this order, exactly if ``steps`` is 0; colours are learned even so.
        background: As of :func:`diffpaint.paint`.
        steps: How many lucent will take, for what goes by the progress; 0 if nobody knows.

    Raises:
        ValueError: A number, device or background that cannot be, or constraints that no actions can obey.
        PluginError: No renderer of that name.
    """

    def __init__(
        self,
        renderer: Renderer | str,
        strokes: int = 16,
        batch: int = 1,
        seed: int | None = None,
        device: str | torch.device | None = None,
        constraints: Sequence[Constraint] = (),
        background: Background = (1.0, 1.0, 1.0),
        steps: int = 0,
    ):
        if strokes < 1 or batch < 1:
            raise ValueError(f"strokes and batch must be at least 1, got {strokes} and {batch}")
        self.renderer = load_renderer(renderer) if isinstance(renderer, str) else renderer
        self._device = pick_device(device or ("cuda:0" if torch.cuda.is_available() else "cpu"))
        check_constraints(constraints, self.renderer)
        self._constraints, self._strokes, self._batch = list(constraints), strokes, batch
        self._background, self._seed, self._steps = background, seed, steps
        self._ground = lay_ground(background, batch, self.renderer.size).to(self._device)
        self._logits: Tensor | None = None

    def __call__(self) -> tuple[list[Tensor], Callable[[], Tensor]]:
        """Begin anew: ([logits (B, T, A)], a function without arguments that gives the canvas (B, 3, H, W))."""
        generator = None if self._seed is None else torch.Generator().manual_seed(self._seed)
        actions = self.renderer.to(self._device).initial(self._batch, self._strokes, generator).to(self._device)
        self._logits = self.renderer.shared_from(actions, actions).logit(eps=EPS).requires_grad_()
        self._step, self._version = 0, self._logits._version
        return [self._logits], self._canvas

    @property
    def painting(self) -> Painting:
        """What the logits are now, with all that a :class:`diffpaint.Painting` can do.

        Raises:
            ValueError: lucent has not asked for logits yet.
        """
        with torch.no_grad(), at(Moment(), self.renderer):
            actions = self._actions(Moment())
            canvas, ground = self.renderer(actions, self._ground).cpu(), self._ground.cpu()
        transparent = isinstance(self._background, str)
        return Painting(canvas, actions.cpu(), self.renderer, self._seed or 0, ground, transparent=transparent)

    def _canvas(self) -> Tensor:
        assert self._logits is not None
        if self._logits._version != self._version:  # an optimiser has moved them
            self._step, self._version = self._step + 1, self._logits._version
        actions = self._actions(Moment(self._step, self._steps))
        # it stays told: strokes may be rendered again for their gradients, which lucent asks for later
        tell(Moment(self._step, self._steps, actions.detach(), self.renderer), self.renderer)
        return self.renderer(actions, self._ground)

    def _actions(self, moment: Moment) -> Tensor:
        if self._logits is None:
            raise ValueError("nothing is painted yet: pass this to lucent's render_vis first")
        return constrain(self._logits.sigmoid(), self._constraints, self.renderer, moment)
