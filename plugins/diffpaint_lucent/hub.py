"""Whether the hub that weights are downloaded from answers."""

from __future__ import annotations

from pathlib import Path

from diffpaint.io.brief import brief


def reach(repository: str) -> None:
    """Ask the hub for a repository, once, if nothing of it is here.

    The hub's own client would try six times for each file, for most of a minute, and report each.

    Args:
        repository: Such as ``timm/vit_small_patch16_224.dino``.

    Raises:
        OSError: It does not answer.
    """
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    repository = repository.strip("/")
    here = Path(constants.HF_HUB_CACHE, f"models--{repository.replace('/', '--')}", "snapshots")
    if any(here.glob("*/*")):
        return
    try:
        get_hf_file_metadata(hf_hub_url(repository, "config.json"))
    except HfHubHTTPError:
        return  # whatever it says, it answers
    except Exception as error:  # of its HTTP client, which differs by version
        raise OSError(f"{constants.ENDPOINT} does not answer: {brief(error, 100)}") from error
