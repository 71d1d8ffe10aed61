"""What a claim refers to where it stands alone: its sentence with a gloss in brackets.

data/claims.csv has the claims as the post's argument runs, where "this" and "he" are clear. A claim
that stands as a title, or in a list of claims of several subjects, is shown by `standalone`.
"""

from __future__ import annotations

from aifactory import data

# Claim -> the words that point to something, and what that is.
GLOSSES = {
    "interruptions-crash": ("At this scale", "hundreds of thousands of GPUs"),
    "pace-build-first": ("He", "Elon Musk"),
    "pace-world-models": ("The aim", "of Colossus 2"),
    "power-not-land": ("such a site", "of 1.2 GW"),
    "power-plant-grade": ("At this scale", "1.2 GW"),
    "robots-capital": ("this", "that robots work and pay back"),
    "supply-bypass": ("these links", "in Taiwan"),
    "water-bottleneck": ("The design", "of the water system"),
    "water-plant": ("it", "Colossus 2"),
}


def standalone(claim: data.Claim) -> str:
    """A claim's sentence, with what it points to where that stands elsewhere in the post."""
    words, meant = GLOSSES.get(claim.id, ("", ""))
    if not words:
        return claim.claim
    before, found, after = claim.claim.rpartition(words)
    return f"{before}{found} [{meant}]{after}" if found else claim.claim
