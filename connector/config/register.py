"""Where the FINESS register of a site is: `[site] registre`, else that of its state folder, if it has one."""

from __future__ import annotations

from pathlib import Path

from connector.config.audit import Site
from connector.disk import present
from connector.errors import SettingsError

REGISTER_FILE = "registre-finess.parquet"


def named(site: Site, folder: Path, base: Path | None) -> Path:
    """Where the register is, or will be. `folder` is the state folder, `base` that of the settings."""
    return folder / REGISTER_FILE if site.registre is None else (base or Path()) / site.registre


def located(site: Site, folder: Path, base: Path | None) -> Site:
    """The site with the path of its register, which exists. `folder` is its state folder.

    Raises:
        SettingsError: the settings name a register that is not there.
    """
    if site.registre is None:
        found = named(site, folder, base)
        return site.model_copy(update={"registre": found}) if present(found) else site
    path = named(site, folder, base)
    if not (present(path) and path.is_file()):
        raise SettingsError(
            f"{path} : registre FINESS introuvable ; lancez dui-connector finess import, ou corrigez [site] registre."
        )
    return site.model_copy(update={"registre": path})
