"""The recipes by the names of their painters."""

from __future__ import annotations

from .dabs import DabsRecipe
from .gan import GANRecipe
from .run import Recipe
from .splat import SplatRecipe
from .vae import VAERecipe

RECIPES: dict[str, type[Recipe]] = {
    recipe.painter: recipe for recipe in (SplatRecipe, DabsRecipe, VAERecipe, GANRecipe)
}
