"""What the makers of data sets ask of whoever uses them, and what learned from them."""

from __future__ import annotations

#: By how the name of a data set begins, in small letters.
TERMS = {
    "celeba": "not for commercial use (CelebA is for research that is not commercial)",
    "kmnist": "data CC BY-SA 4.0 (KMNIST, by CODH)",
    "mnist": "data CC BY-SA 3.0 (MNIST, by LeCun, Cortes and Burges)",
    "omniglot": "data MIT (Omniglot, by Lake)",
    "quickdraw": "data CC BY 4.0 (Quick, Draw!, by Google)",
}
UNKNOWN = "ask whoever made the data"


def terms_of(source: str) -> str:
    """The terms of a data set, in a few words.

    >>> terms_of("celeba-10000.zip")
    'not for commercial use (CelebA is for research that is not commercial)'
    >>> terms_of("downloads/mnist")
    'data CC BY-SA 3.0 (MNIST, by LeCun, Cortes and Burges)'
    >>> terms_of("my-drawings")
    'ask whoever made the data'
    """
    name = source.replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
    return next((terms for known, terms in TERMS.items() if name.startswith(known)), UNKNOWN)
