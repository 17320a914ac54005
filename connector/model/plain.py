"""Text that no terminal, spreadsheet or page can take for a command, and that names nobody."""

from __future__ import annotations

import re

from connector.model.ins import WRITTEN_INS

# Control characters, lone surrogates, non-characters and marks that reorder what is read.
_BLANKS = re.compile(r"[\t\n\r\x0b\x0c\x85\u2028\u2029]+")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
# A spreadsheet reads a cell that starts so as a formula; the last four are their full-width twins.
_FORMULA_STARTS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")

# A mail address, of which a name is most of the first part; a whole domain (« @domaine ») names nobody.
ADDRESS = re.compile(r"[^\s@«»<>()\[\]\"'/\\;,:]+@[\w-]+(?:\.[\w-]+)+")


def hide_identifiers(text: str) -> str:
    """A text without anything shaped like an INS or a mail address: whoever named a file or a source typed it."""
    return WRITTEN_INS.sub("(INS)", ADDRESS.sub("(adresse)", text))


def clean(text: str) -> str:
    """One line of text that no terminal, spreadsheet or page can take for a command."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub("\ufffd", _BLANKS.sub(" ", text))


def csv_cell(text: str) -> str:
    """Text that a spreadsheet will not run: an apostrophe comes before what looks like a formula."""
    text = clean(text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) else text
