"""The site: `python -m sphinx -W --keep-going -b html docs build/site` (extra `docs`)."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from darkmc import __version__

project = "darkmc"
author = "The darkmc developers"
copyright = author  # noqa: A001
release = version = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinxarg.ext",
    "generated",
]
exclude_patterns = ["_ext", "data"]
smartquotes = False  # the two dashes of options are two
html_theme = "furo"
html_title = f"darkmc {release}"

myst_enable_extensions = ["amsmath", "dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

# tutorials are executed where the site is built, unless their outputs are not wanted
nb_execution_mode = os.environ.get("DARKMC_NOTEBOOKS", "cache")
nb_execution_raise_on_error = True
nb_execution_timeout = 240
nb_execution_in_temp = True  # tutorials write files
nb_execution_show_tb = True
nb_merge_streams = True

autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_numpy_docstring = True
napoleon_use_rtype = False
napoleon_use_ivar = True
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
# attributes of several classes have one name: which is meant is of no matter to a reader
suppress_warnings = ["mystnb.unknown_mime_type", "config.cache", "ref.python"]
linkcheck_ignore = [r"https://arxiv\.org/.*", r"https://doi\.org/.*"]
