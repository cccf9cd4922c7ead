"""Who has a submission: the committee of a commune, or the province's standing agency."""

from content.catalog import Catalog


def named(catalog: Catalog, office: int | None, language: str) -> str:
    """The office's name; None: the province."""
    say = catalog.speaker(language)
    if office is None:
        return catalog.local.office or say("office.province")
    return say("office.commune", unit=catalog.named(office, province=False))
