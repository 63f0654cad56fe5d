"""Sphinx configuration: pip install sphinx furo myst-parser, then sphinx-build docs docs/_build."""

project = "diffpaint"
author = "The diffpaint authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = "diffpaint"
exclude_patterns = ["_build"]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
