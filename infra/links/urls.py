"""Links as they are asked for, and as people may see them."""

from yarl import URL

from infra.errors import Poison


def parsed(link: str, base: URL | None = None) -> URL:
    """A link as it may be asked for, relative to `base` when it redirected there. Raises `Poison`."""
    try:
        # Exactly as it was signed where that is possible: `URL` would write some escapes anew.
        target = URL(link, encoded=link.isascii() and link.isprintable() and " " not in link)
        if base is not None:
            target = base.join(target)
        host, _ = target.host, target.port  # both are looked at only when they are asked for
    except ValueError:
        said = "The link" if base is None else f"{shown(base)}: the link it redirects to"
        raise Poison(f"{said} is not a URL.") from None  # the parser's text quotes it
    if target.scheme not in ("http", "https") or not host:
        raise Poison(f"{shown(target)}: only http and https links are followed.")
    if target.user is not None or target.password is not None:
        raise Poison(f"{shown(target)}: a link with a user name or a password in it is not followed.")
    return target


def redirected(target: URL, location: str) -> URL:
    """Where a redirect leads. Raises `Poison`."""
    if not location:
        raise Poison(f"{shown(target)}: redirected to nowhere.")
    return parsed(location, target)


def shown(target: URL) -> str:
    """The link without what may be a credential in it, at most 200 characters."""
    port = f":{target.explicit_port}" if target.explicit_port else ""
    return f"{target.scheme}://{target.host or ''}{port}{target.raw_path}"[:200]
