# SPDX-License-Identifier: GPL-2.0-or-later
"""Sphinx: sphinx-build doc FOLDER.

FRR's user guide has a directive for commands and a lexer for configurations;
here is as much of both as it takes to read these pages without FRR's.
"""

from pygments.lexers.special import TextLexer
from sphinx import addnodes

project = "frr-mrkm"
master_doc = "index"
html_theme = "alabaster"
highlight_language = "none"


def parse_command(env, signature, node):
    """One command; "group NAME" is there twice, under two nodes."""
    node += addnodes.desc_name(signature, signature)
    return f"{signature} ({env.new_serialno('clicmd')})"


def setup(app):
    app.add_object_type(
        "clicmd", "clicmd", indextemplate="", parse_node=parse_command
    )
    app.add_lexer("frr", TextLexer)
    return {"parallel_read_safe": True}
