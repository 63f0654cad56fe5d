import json

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from diffpaint import over
from diffpaint.compositing import over_

HEIGHT, WIDTH, PATCH, STRIDE = 14, 19, (6, 8), (4, 5)


def loop(color, alpha, canvas):
    """The definition, stroke by stroke."""
    for t in range(alpha.shape[1]):
        canvas = canvas + alpha[:, t] * (color[:, t] - canvas)
    return canvas


def lattice(rows, cols):
    """Windows as a grid uses them, and the (y, x) of every stroke: patches a stride apart, drawn in 2 x 2 phases."""

    def view(i, j):
        def places(canvas):
            part = canvas[:, :, i * STRIDE[0] :, j * STRIDE[1] :]
            part = part.unfold(2, PATCH[0], 2 * STRIDE[0]).unfold(3, PATCH[1], 2 * STRIDE[1])
            return part.permute(0, 2, 3, 1, 4, 5)

        return places

    windows, corners = [], []
    for i in range(2):
        for j in range(2):
            cells = [(row, col) for row in range(i, rows, 2) for col in range(j, cols, 2)]
            windows.append((slice(len(corners), len(corners) + len(cells)), view(i, j)))
            corners += [(row * STRIDE[0], col * STRIDE[1]) for row, col in cells]
    return windows, corners


def spread(stack, corners, height, width):
    """Every patch of a stack on a canvas of its own."""
    whole = stack.new_zeros(*stack.shape[:3], height, width)
    for t, (y, x) in enumerate(corners):
        whole[:, t, :, y : y + stack.shape[3], x : x + stack.shape[4]] = stack[:, t]
    return whole


def gradients(function, *inputs):
    inputs = [value.detach().requires_grad_() for value in inputs]
    painted = function(*inputs)
    weight = torch.randn(painted.shape, generator=torch.Generator().manual_seed(1), dtype=painted.dtype)
    return painted.detach(), torch.autograd.grad((painted * weight).sum(), inputs)


def assert_same(function, reference, *inputs, atol=1e-6):
    (painted, found), (wanted, expected) = gradients(function, *inputs), gradients(reference, *inputs)
    torch.testing.assert_close(painted, wanted, atol=atol, rtol=0)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=atol, rtol=1e-5)


@pytest.mark.parametrize("place", [(1, 1), (4, 5)], ids=["one colour a stroke", "a colour a pixel"])
def test_gradient_is_exact(rand, place):
    double = torch.float64
    inputs = rand(2, 3, 3, *place, dtype=double), rand(2, 3, 1, 4, 5, dtype=double), rand(2, 3, 4, 5, dtype=double)
    assert torch.autograd.gradcheck(over, [value.requires_grad_() for value in inputs])


@pytest.mark.parametrize("place", [(1, 1), PATCH], ids=["one colour a stroke", "a colour a pixel"])
def test_gradient_is_exact_with_windows(rand, place):
    windows, corners = lattice(2, 3)
    double = torch.float64
    inputs = (
        rand(1, len(corners), 3, *place, dtype=double),
        rand(1, len(corners), 1, *PATCH, dtype=double),
        rand(1, 3, 10, 18, dtype=double),
    )
    inputs = [value.requires_grad_() for value in inputs]
    assert torch.autograd.gradcheck(lambda *stack: over(*stack, windows), inputs, fast_mode=True)


@pytest.mark.parametrize("place", [(1, 1), (HEIGHT, WIDTH)], ids=["one colour a stroke", "a colour a pixel"])
def test_equals_the_plain_loop(rand, place):
    assert_same(over, loop, rand(2, 12, 3, *place), rand(2, 12, 1, HEIGHT, WIDTH), rand(2, 3, HEIGHT, WIDTH))


def test_equals_the_plain_loop_where_alpha_is_nothing_or_all(rand):
    alpha = (3 * rand(2, 9, 1, HEIGHT, WIDTH) - 1).clamp(0, 1)
    assert {0.0, 1.0} <= set(alpha.flatten().tolist())
    assert_same(over, loop, rand(2, 9, 3, 1, 1), alpha, rand(2, 3, HEIGHT, WIDTH))


def test_equals_the_plain_loop_for_tensors_that_are_views(rand):
    def strided(function):
        return lambda color, alpha, canvas: function(
            color.expand(2, 5, 3, 1, 1), alpha.permute(1, 0, 2, 4, 3), canvas.expand(2, 3, HEIGHT, WIDTH)
        )

    inputs = rand(1, 1, 3, 1, 1), rand(5, 2, 1, WIDTH, HEIGHT), rand(1, 3, 1, 1)
    assert_same(strided(over), strided(loop), *inputs)


@pytest.mark.parametrize("place", [(1, 1), PATCH], ids=["one colour a stroke", "a colour a pixel"])
def test_windows_equal_strokes_on_the_whole_canvas(rand, place):
    rows, cols = 3, 3
    height, width = (rows - 1) * STRIDE[0] + PATCH[0], (cols - 1) * STRIDE[1] + PATCH[1]
    windows, corners = lattice(rows, cols)
    twice = windows + [(slice(part.start + 9, part.stop + 9), view) for part, view in windows]  # two layers

    def reference(color, alpha, canvas):
        full = color.expand(-1, -1, -1, *PATCH)
        return loop(spread(full, corners * 2, height, width), spread(alpha, corners * 2, height, width), canvas)

    assert_same(
        lambda *stack: over(*stack, twice),
        reference,
        rand(2, 18, 3, *place),
        rand(2, 18, 1, *PATCH),
        rand(2, 3, height, width),
        atol=2e-6,
    )


def test_later_strokes_lie_on_top():
    red, blue = torch.tensor([1.0, 0, 0]), torch.tensor([0, 0, 1.0])
    color = torch.stack([red, blue])[None, :, :, None, None]
    painted = over(color, torch.ones(1, 2, 1, 2, 2), torch.ones(1, 3, 2, 2))
    torch.testing.assert_close(painted, blue[None, :, None, None].expand(1, 3, 2, 2))


def test_without_strokes_the_canvas_comes_back(rand):
    canvas = rand(2, 3, 4, 5).requires_grad_()
    painted = over(torch.empty(2, 0, 3, 1, 1), torch.empty(2, 0, 1, 4, 5), canvas)
    assert torch.equal(painted, canvas)
    (gradient,) = torch.autograd.grad(painted.sum(), canvas)
    assert torch.equal(gradient, torch.ones_like(canvas))


def test_in_place_it_paints_the_same_onto_the_canvas_itself(rand):
    color, alpha, canvas = rand(2, 3, 3, 1, 1), rand(2, 3, 1, 6, 8), rand(2, 3, 6, 8)
    wanted = over(color, alpha, canvas)
    assert over_(color, alpha, canvas) is canvas
    assert torch.equal(canvas, wanted)
    with pytest.raises(ValueError, match="name windows"):
        over_(color, alpha, rand(2, 3, 9, 9))


def test_leaves_what_it_was_given_alone(rand):
    inputs = rand(1, 4, 3, 1, 1), rand(1, 4, 1, 5, 6), rand(1, 3, 5, 6)
    kept = [value.clone() for value in inputs]
    painted = over(*(value.requires_grad_() for value in inputs))
    painted.sum().backward()
    assert all(torch.equal(value, copy) for value, copy in zip(inputs, kept, strict=True))


def test_leaves_the_gradient_that_it_was_given_alone(rand):
    painted = over(rand(1, 4, 3, 1, 1).requires_grad_(), rand(1, 4, 1, 5, 6), rand(1, 3, 5, 6))
    gradient = rand(1, 3, 5, 6)
    kept = gradient.clone()
    painted.backward(gradient)
    assert torch.equal(gradient, kept)


def test_does_not_change_the_gradient_of_what_is_added_to_the_canvas(rand):
    added = rand(1, 3, 5, 6).requires_grad_()
    doubled = 2 * added
    painted = over(rand(1, 4, 3, 1, 1).requires_grad_(), rand(1, 4, 1, 5, 6), rand(1, 3, 5, 6))
    weight = rand(1, 3, 5, 6)
    ((painted + doubled) * weight).sum().backward()
    torch.testing.assert_close(added.grad, 2 * weight)


@pytest.mark.parametrize(
    ("wrong", "shape"),
    [
        ("alpha", (1, 2, 4, 5)),
        ("alpha", (1, 2, 3, 4, 5)),
        ("color", (1, 3, 3, 1, 1)),
        ("color", (1, 2, 1, 1, 1)),
        ("color", (1, 2, 3, 4, 1)),
        ("color", (1, 2, 3)),
        ("canvas", (3, 4, 5)),
        ("canvas", (2, 3, 4, 5)),
        ("canvas", (1, 1, 4, 5)),
    ],
)
def test_wrong_shapes_are_explained(wrong, shape):
    shapes = {"color": (1, 2, 3, 1, 1), "alpha": (1, 2, 1, 4, 5), "canvas": (1, 3, 4, 5), wrong: shape}
    with pytest.raises(ValueError, match=wrong) as error:
        over(**{name: torch.zeros(size) for name, size in shapes.items()})
    assert str(shape) in str(error.value)


def test_strokes_smaller_than_the_canvas_need_windows():
    with pytest.raises(ValueError, match="windows") as error:
        over(torch.zeros(1, 2, 3, 1, 1), torch.zeros(1, 2, 1, 4, 5), torch.zeros(1, 3, 4, 6))
    assert "(4, 5)" in str(error.value)
    assert "(4, 6)" in str(error.value)


def peak_bytes(function, folder):
    """The most memory that was allocated at once, as torch's profiler counts it."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
        function()
    watched.export_chrome_trace(str(folder / "trace.json"))
    events = json.loads((folder / "trace.json").read_text())["traceEvents"]
    events = sorted((event for event in events if event["name"] == "[memory]"), key=lambda event: event["ts"])
    held = peak = 0
    for event in events:
        held += event["args"]["Bytes"]
        peak = max(peak, held)
    return peak


def forward_and_backward(composite, strokes, side):
    color = torch.full((1, strokes, 3, 1, 1), 0.5, requires_grad=True)
    alpha = torch.full((1, strokes, 1, side, side), 0.5, requires_grad=True)
    composite(color, alpha, torch.ones(1, 3, side, side)).square().mean().backward()


def test_memory_is_at_most_three_times_the_alpha_stack(tmp_path):
    strokes, side = 100, 256
    stack = 4 * strokes * side * side
    peak = peak_bytes(lambda: forward_and_backward(over, strokes, side), tmp_path)
    assert 2 * stack < peak < 3 * stack


def test_the_plain_loop_needs_more_memory(tmp_path):
    strokes, side = 40, 64  # shows that the measure above can see the difference
    stack = 4 * strokes * side * side
    assert peak_bytes(lambda: forward_and_backward(loop, strokes, side), tmp_path) > 5 * stack
    assert peak_bytes(lambda: forward_and_backward(over, strokes, side), tmp_path) < 3 * stack
