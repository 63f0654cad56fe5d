"""Sphinx configuration: pip install '.[docs]', then sphinx-build -W --keep-going docs docs/_build."""

project = "diffpaint"
author = "The diffpaint authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = "diffpaint"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_use_ivar = True  # attributes are described once, in the docstring of their class
