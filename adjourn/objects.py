"""The object store by itself, for commands that need no more."""

from adjourn.settings import Settings
from infra.errors import Halt
from infra.objects.base import ObjectStore
from infra.objects.open import open_objects


def objects_of(settings: Settings) -> ObjectStore:
    """As configured; nothing is touched yet. Raises `Halt` for one that cannot be."""
    try:
        return open_objects(
            settings.objects_url,
            encryption=settings.objects_encryption,
            parts_folder=settings.parts_folder,
        )
    except ValueError as error:
        raise Halt(str(error)) from error
