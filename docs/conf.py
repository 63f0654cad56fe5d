"""Sphinx configuration: pip install -e '.[docs]' && sphinx-build -W docs docs/_build."""

import diffpaint

project = "diffpaint"
author = "The diffpaint authors"
copyright = author
version = release = diffpaint.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
html_theme = "furo"
html_title = "diffpaint"
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
myst_heading_anchors = 3
autosummary_context = {"top": diffpaint.__all__}
autosummary_ignore_module_all = False
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_use_ivar = True  # attributes are described once, in the docstring of their class
