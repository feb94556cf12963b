"""A champion's way to devices: packaged, signed, made a component or a job, and sent out."""

from tagline.edge.recipe_rules import WrongRecipe, check_recipe, read_recipe
from tagline.edge.recipes import recipe

__all__ = ["WrongRecipe", "check_recipe", "read_recipe", "recipe"]
