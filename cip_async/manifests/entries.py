"""The images of a sound images file as they stand in its text."""

from collections.abc import Iterator

import attrs

from cip_async.manifests.spans import Group, Part, Word


@attrs.frozen
class Entry:
    """One image of a file: its fields, and its digests with their keys and lists of tags."""

    fields: Group
    name_key: Word
    name_word: Word
    dmap_key: Word | None
    dmap: Part | None
    digests: dict[str, tuple[Word, Group]]

    @property
    def name(self) -> str:
        """The image name."""
        return self.name_word.text


def entries(root: Part | None) -> list[Entry]:
    """The images of a list, in its order."""
    return list(_each(root)) if isinstance(root, Group) else []


def words(group: Group) -> list[Word]:
    """The scalars in a list of nothing else."""
    return [part for part in group.parts if isinstance(part, Word)]


def _each(root: Group) -> Iterator[Entry]:
    for fields in root.parts:
        name = fields.field("name") if isinstance(fields, Group) else None
        if isinstance(fields, Group) and name is not None and isinstance(name[1], Word):
            key, dmap = fields.field("dmap") or (None, None)
            yield Entry(fields, name[0], name[1], key, dmap, _digests(dmap))


def _digests(dmap: Part | None) -> dict[str, tuple[Word, Group]]:
    if not isinstance(dmap, Group):
        return {}
    return {key.text: (key, tags) for key, tags in dmap.pairs() if isinstance(tags, Group)}
