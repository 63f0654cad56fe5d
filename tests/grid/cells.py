"""Grids to test: shapes, and where their strokes have to be."""

import math

import torch

import diffpaint

SHAPES = [  # (rows, cols), (H, W)
    ((3, 2), (17, 31)),
    ((1, 1), (9, 7)),
    ((1, 5), (8, 40)),
    ((4, 1), (33, 5)),
    ((3, 3), (3, 3)),
    ((2, 3), (1, 50)),
    ((7, 7), (10, 10)),
]
SETTINGS = [(0.5, 0.2), (0.0, 0.0), (0.0, 0.3), (0.8, 0.1)]  # overlap, margin


def make(cells, size, overlap=0.5, margin=0.2, **options):
    return diffpaint.load_renderer(
        "grid", rows=cells[0], cols=cells[1], size=size, overlap=overlap, margin=margin, **options
    )


def drawn(renderer, layers, dtype=torch.float32):
    return renderer.initial(2, layers, torch.Generator().manual_seed(3)).to(dtype)


def documented_order(cells, spacing, layers):
    """(row, column) of every stroke: layers of phases, whose order turns about, and cells in raster order in each."""
    phases = [(i, j) for i in range(spacing[0]) for j in range(spacing[1])]
    order = []
    for layer in range(layers):
        for i, j in phases if layer % 2 == 0 else phases[::-1]:
            order += [
                (row, col)
                for row in range(cells[0])
                for col in range(cells[1])
                if row % spacing[0] == i and col % spacing[1] == j
            ]
    return order


def corners(grid, layers):
    """The top left corner of every stroke's patch, worked out anew from the sizes alone."""
    lattice = grid.lattice
    spacing = [math.ceil(patch / stride) for patch, stride in zip(lattice.patch, lattice.stride, strict=True)]
    order = documented_order(lattice.cells, spacing, layers)
    first = [
        -((patch - stride) // 2) - (count * stride - side) // 2  # centred on the canvas
        for patch, stride, count, side in zip(lattice.patch, lattice.stride, lattice.cells, lattice.size, strict=True)
    ]
    return [(first[0] + row * lattice.stride[0], first[1] + col * lattice.stride[1]) for row, col in order]
