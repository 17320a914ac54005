"""What the tests of the HL7 v2 adapter share: messages as the profile CISIS_CDA_HL7_V2 writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from connector.adapters.base import Batch, Notice, Problem, SourceFile
from connector.adapters.mssante.hl7v2 import Hl7v2Adapter
from connector.config import Limits, SourceSettings

INS = "279035121518989"
NIR, NIR_TEST = "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.10"
FINESS = "300017985"
TABLES = ("messages_mssante", "depots_dmp")
PROFILE = "2.1^CISIS_CDA_HL7_V2"
PID = f"PID|||{INS}^^^ASIP-SANTE-INS-NIR&{NIR}&ISO^INS~U42^^^DUI&1.2.3&ISO^PI||DEMO^USAGER"
OBX = "OBX|1|ED|11490-0^CR d'hospitalisation^LN||^TEXT^XML^Base64^RE9D||||||{status}|"
SB = f"PRT||UC||SB^^participation|8992^DEMO|||ESSMS^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^{FINESS}"


def msh(
    kind: str,
    control: str,
    *,
    mode: str = "P",
    charset: str = "UNICODE UTF-8",
    stamp: str = "20250301103000",
    ends: str = "DUI|ESSMS|PFI|GRADES",
    profile: str = PROFILE,
) -> str:
    return f"MSH|^~\\&|{ends}|{stamp}||{kind}|{control}|{mode}|2.6|||||FRA|{charset}|||{profile}"


def flag(code: str, value: str, rank: int = 2) -> str:
    return f"OBX|{rank}|CWE|{code}^Libellé accentué^MetaDMPMSS||{value}^^expandedYes-NoIndicator||||||F|"


def document(
    control: str = "1",
    *,
    kind: str = "ORU^R01^ORU_R01",
    dmp: str = "N",
    ps: str = "N",
    pat: str = "N",
    asked: str = "N",
    status: str = "F",
    pid: str = PID,
    parties: tuple[str, ...] = (SB,),
    txa: str = "",
    **head: str,
) -> list[str]:
    """A document message, by default for nobody: `dmp`, `ps`, `pat` and `asked` are its flags."""
    flags = {"DESTDMP": dmp, "DESTMSSANTEPS": ps, "DESTMSSANTEPAT": pat, "ACK_RECEPTION": asked}
    lines = [msh(kind, control, **head), pid, "PV1|1|I", "ORC|NW|", "OBR|1|||11490-0^CR d'hospitalisation^LN"]
    lines += [txa] if txa else []
    lines += [OBX.format(status=status), *parties]
    return [*lines, *(flag(code, value, rank) for rank, (code, value) in enumerate(flags.items(), start=2))]


def zam(event: str, answered: str, answer: str, error: str = "", ends: str = "PFI|GRADES|DUI|ESSMS") -> list[str]:
    codes = {"Z01": "ACK_RECEPTION_DMP", "Z02": "ACK_RECEPTION_MSS", "Z03": "ACK_LECTURE_MSS"}
    lines = [
        msh(f"ZAM^{event}^ZAM_Z01", f"Z{answered}", ends=ends),
        "EVN||20250301110000",
        f"OBX|1|CWE|{codes[event]}^Accusé^AckMetierZAM|{answered}|{answer}^^expandedYes-NoIndicator||||||F|",
    ]
    return lines + (
        [f"ERR|||207^Application error^messageErrorCondition|E|{error}^libellé^DMPERRORCODE"] if error else []
    )


def ack(answered: str, code: str, event: str = "R01", error: str = "") -> list[str]:
    lines = [msh(f"ACK^{event}^ACK", f"A{answered}", ends="PFI|GRADES|DUI|ESSMS"), f"MSA|{code}|{answered}"]
    return lines + ([f"ERR||MSH^1^12|{error}^Unsupported version^messageErrorCondition|E"] if error else [])


def raw(*messages: list[str], end: str = "\r", encoding: str = "utf-8") -> bytes:
    return "".join(end.join(message) + end for message in messages).encode(encoding)


@dataclass
class Found:
    """What an adapter yielded."""

    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    barred: list[frozenset[str]] = field(default_factory=list)
    notices: list[tuple[str, int, str | None, str]] = field(default_factory=list)

    def column(self, table: str, name: str) -> list[str]:
        return [row[name] for row in self.tables.get(table, [])]


def read_files(
    folder: Path,
    files: dict[str, bytes],
    tables: tuple[str, ...] = TABLES,
    finess_et: str | None = None,
    ligne_max: int = 16 * 1024 * 1024,
) -> Found:
    """Everything that the adapter yields for these files, in this order."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    settings = SourceSettings(finess_et=finess_et, limites=Limits(ligne_max=ligne_max))
    return collect(Hl7v2Adapter([SourceFile(folder / name, name) for name in files], settings), tables)


def collect(adapter: Hl7v2Adapter, tables: tuple[str, ...] = TABLES) -> Found:
    found = Found()
    for item in adapter.read(tables):
        if isinstance(item, Batch):
            found.tables.setdefault(item.table, []).extend(item.rows.to_pylist())
            places = item.locate(range(item.rows.num_rows))
            found.places.setdefault(item.table, []).extend(", ".join(filter(None, (item.file, p))) for p in places)
        elif isinstance(item, Problem):
            found.problems.append(item.text())
            found.barred.append(item.tables)
        elif isinstance(item, Notice):
            found.notices.append((item.code, item.count, item.finess, item.detail))
    return found
