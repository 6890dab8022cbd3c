"""The parts of the suite, in the order in which they run; one more module with a part is one more line here."""

from parts import counts, drafts, optimizers, peers, pictures, sizes, step, techniques, textbook
from parts.part import Part

PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        techniques.PART,
        counts.REGIONS,
        counts.MASKS,
        counts.PATCHES,
        sizes.PART,
        step.PART,
        textbook.PART,
        optimizers.PART,
        pictures.PART,
        drafts.PART,
        peers.PART,
    )
}
