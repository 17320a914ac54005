"""A kind of finding: its severity and its French sentences, in the singular and the plural.

`{nombre}` is the count of rows of the kind named; `{detail}` is public text (a column, an error
code), never an identifier; of `[singulier|pluriel]` the count chooses one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_AGREEMENT = re.compile(r"\[([^][|]*)\|([^][|]*)\]")


class Severity(Enum):
    """What a finding does: hold a submission, ask for a look, or inform."""

    BLOCKING = "bloquant"
    ATTENTION = "attention"
    INFO = "info"


@dataclass(frozen=True)
class FindingKind:
    """One kind of finding: its code, its severity, its sentence and what to do."""

    code: str
    severity: Severity
    text: str
    advice: str = ""

    def words(self, count: int, detail: str, *, shown: str | None = None) -> tuple[str, str]:
        """The sentence and the advice in French for this count, written as `shown` when it is given.

        In French, 0 and 1 are singular.
        """
        form = 1 if count < 2 else 2
        sentence, advice = (_AGREEMENT.sub(lambda match: match[form], text) for text in (self.text, self.advice))
        return sentence.format(nombre=shown or count, detail=detail), advice.format(detail=detail)
