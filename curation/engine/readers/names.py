"""Names of columns as a header gives them, made usable."""

from curation.engine.readers.profile import SourceProfile, fit_to_show


def name_columns(header: list[str], profile: SourceProfile, *, say: bool = True) -> list[str]:
    """Return usable column names: trimmed, none empty, none twice, none that the version needs for itself.

    Args:
        header: Names as they stand in the file.
        profile: Takes a warning for each name that was changed.
        say: Whether to warn.
    """
    names: list[str] = []
    taken: set[str] = {"item_id"}
    for place, cell in enumerate(header, 1):
        given = fit_to_show(cell.strip())
        name = wanted = given or f"column_{place}"
        number = 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        if name != given and say:
            profile.warn(f"Column {place} ({given or 'without a name'}) is called {name} here.")
        names.append(name)
        taken.add(name)
    return names
