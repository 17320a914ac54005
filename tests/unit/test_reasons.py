"""Why there is no figure, as the end of a sentence."""

from __future__ import annotations

import pytest

from connector.model.result import Motif
from connector.model.wording import MOTIFS, why_none
from tests.lib import editions


@pytest.mark.parametrize("motif", list(Motif))
def test_a_reason_is_words_and_no_code(motif: Motif) -> None:
    """A person reads `check`, `status` and the attestation: no code of ours shows there."""
    (one, *_) = editions.edition().resultats
    said = why_none(one._replace(indicateur="mssante", motif=motif))
    expected = {
        Motif.SOURCE_ABSENTE: "il faut les usagers et leurs séjours, les messages MSSanté",
        Motif.DENOMINATEUR_NUL: "aucune personne pouvant bénéficier d'un projet pendant la période",
        Motif.BOITE_INCONNUE: "aucune boîte MSSanté n'est rattachée à ce seul établissement",
    }
    assert said == expected.get(motif, MOTIFS[motif][0].lower() + MOTIFS[motif][1:-1])
    assert "_" not in said
