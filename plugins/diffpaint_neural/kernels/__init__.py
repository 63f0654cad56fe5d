"""Strokes of ``neural-splat`` drawn and taken back by compiled code: what ``splat.py`` says in torch, for the CPU.

A stroke is some hundred Gaussians, most of which reach few of its pixels. So densities are added up in *tiles*, four
rows of 32 pixels, four Gaussians at a time and only where these reach; and the network that makes alpha of them sees
one tile after another, so that nothing leaves the processor's nearest cache. Backward does it again and then the same
the other way round.

The compiler does many pixels at once where a loop has a length that is known and no two arrays that might be one: so
tiles are flat, and all weights are single numbers.
"""
