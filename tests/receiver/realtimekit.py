"""RealtimeKit as it posts, with a key that is made here."""

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Final

from infra.providers.realtimekit import own_key
from infra.providers.realtimekit.public_key import PublicKey
from receiver import realtimekit
from receiver.admission import Scheme

WEBHOOK_ID: Final = "webhook-1"
ORGANIZATION_ID: Final = "org-1"


def signed(
    channel: realtimekit.Channel, key: bytes, body: bytes, *, webhook_id: str = WEBHOOK_ID
) -> dict[str, str]:
    """The headers that RealtimeKit would send, if this private key were its own."""
    return realtimekit.sign(channel, own_key.signature(key, body), id="delivery-1", webhook_id=webhook_id)


def scheme(key: bytes) -> Scheme:
    """With the public half of the key, which is a file."""
    folder = Path(tempfile.mkdtemp(prefix="adjourn-key-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "key.pem").write_text(own_key.public_half(key))
    published = PublicKey((folder / "key.pem").as_uri(), folder / "kept.json")
    made = realtimekit.scheme(published, webhook_ids=[WEBHOOK_ID], organization_ids=[])
    assert made is not None
    return made
